"""The image each project's new container would get: a project may pin another version than the user did."""

from __future__ import annotations

from contenant import config
from contenant.app import desired
from contenant.app.ledger import Ledger
from contenant.core.versions import is_unpinned, tagged_version
from contenant.errors import ContenantError


def wanted_image(ledger: Ledger, path: str, current: str) -> str:
    """The image of the project at a canonical path, where `current` is that of the user's settings.

    Few projects have a file or a layer of their own, and only those cost more than a look whether there is
    one. One that cannot be read decides nothing: whoever runs there is told.
    """
    if not config.asks_for_something(path):
        return current
    from contenant.app import configuration

    try:
        return desired.kept_image(configuration.load(ledger, path, {}))
    except ContenantError:
        return current


def is_behind(image: str, wanted: str) -> bool:
    """Whether --recreate would use another image. One that is not pinned yet differs by its version alone."""
    if is_unpinned(wanted):
        return tagged_version(image) != tagged_version(wanted)
    return image != wanted
