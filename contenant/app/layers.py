"""Which image each project's container would be made from now: projects differ where they have a layer."""

from __future__ import annotations

from contenant import config
from contenant.app import desired
from contenant.app.ledger import Ledger
from contenant.core.layer import layer_tag
from contenant.core.settings import Settings
from contenant.errors import ContenantError


def image_of(ledger: Ledger, project: str, usual: str) -> str:
    """The reference for the project at a canonical path; `usual` where it asks for nothing of its own, or
    where what it asks for cannot be told.
    """
    if not config.asks_for_something(project):
        return usual
    from contenant.app import configuration  # few projects ask

    try:
        return desired.kept_image(configuration.load(ledger, project, {}))
    except ContenantError:
        return usual


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


def with_parents(ledger: Ledger, references: set[str]) -> set[str]:
    """The same, and the images that those of ours among them were built on."""
    view = ledger.snapshot()
    parents = {image.reference: image.parent for image in view.images()} if view else {}
    found = set(references)
    for reference in references:
        while (reference := parents.get(reference, "")) and reference not in found:
            found.add(reference)
    return found
