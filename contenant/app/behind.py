"""The image each project's new container would get: a project may pin another version than the user did, or
have a layer of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from contenant import config
from contenant.app.ledger import Ledger
from contenant.core.versions import is_unpinned, tagged_version
from contenant.errors import ContenantError

if TYPE_CHECKING:
    from contenant.core.settings import Settings

T = TypeVar("T")


def wanted_image(ledger: Ledger, path: str, current: str) -> str:
    """The image of the project at a canonical path, where `current` is that of the user's settings."""
    return _by_its_own(ledger, path, _image) or current


def wanted_images(ledger: Ledger, settings: Settings) -> frozenset[str]:
    """Every image that a container of any project on record would be made from now, and those below it."""
    view = ledger.snapshot()
    found = set(_chain(settings))
    for project in view.projects() if view else ():
        found.update(_by_its_own(ledger, project.path, _chain) or ())
    return frozenset(found)


def _by_its_own(ledger: Ledger, path: str, meaning: Callable[[Settings], T]) -> T | None:
    """What the settings of the project at `path` mean; None where it asks for nothing of its own.

    Few projects have a file or a layer of their own, and only those cost more than a look whether there is
    one. One that cannot be read decides nothing: whoever runs there is told.
    """
    if not config.asks_for_something(path):
        return None
    from contenant.app import configuration

    try:
        return meaning(configuration.load(ledger, path, {}))
    except ContenantError:
        return None


def _image(settings: Settings) -> str:
    from contenant.app import desired  # few projects ask for anything

    return desired.kept_image(settings)


def _chain(settings: Settings) -> tuple[str, ...]:
    from contenant.core.layer import tags

    return tags(_image(settings._replace(layers=())), settings.layers)


def is_behind(image: str, wanted: str) -> bool:
    """Whether --recreate would use another image. One that is not pinned yet differs by its version alone."""
    if is_unpinned(wanted):
        return tagged_version(image) != tagged_version(wanted)
    return image != wanted
