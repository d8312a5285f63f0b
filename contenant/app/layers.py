"""Which image each project's container would be made from now: projects differ where they have a layer."""

from __future__ import annotations

from contenant import config
from contenant.app import desired
from contenant.app.ledger import Ledger
from contenant.core.layer import layer_tag
from contenant.core.settings import Settings
from contenant.errors import ContenantError


def chain(settings: Settings) -> tuple[str, ...]:
    """The references of the base and of each layer on it, the lowest first. Raises ConfigError."""
    found = [desired.kept_image(settings._replace(layers=()))]
    for layer in settings.layers:
        found.append(layer_tag(found[-1], layer))
    return tuple(found)


def wanted(ledger: Ledger, settings: Settings) -> frozenset[str]:
    """Every image that a container of any project on record would be made from now, and those below it."""
    view = ledger.snapshot()
    found = set(chain(settings))
    for project in view.projects() if view else ():
        if config.asks_for_something(project.path):
            found.update(_chain_of(ledger, project.path))
    return frozenset(found)


def _chain_of(ledger: Ledger, project: str) -> tuple[str, ...]:
    from contenant.app import configuration

    try:
        return chain(configuration.load(ledger, project, {}))
    except ContenantError:
        return ()
