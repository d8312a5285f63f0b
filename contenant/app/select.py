"""Words on the command line -> recorded containers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from contenant.app.project import identify
from contenant.core.plan_run import not_found
from contenant.core.records import ContainerRecord, ProjectRecord

if TYPE_CHECKING:
    from contenant.app.project import Target


def by_targets(
    containers: Iterable[ContainerRecord], targets: Sequence[Target], projects: Iterable[ProjectRecord] = ()
) -> list[ContainerRecord]:
    """The containers that are meant, on whatever engine: of a project, all where none is named.

    A path need not exist any more: the name follows from the path alone. `projects` tell whose a renamed
    container is. Raises NotFoundError for a target without any.
    """
    ids = {project.path: project.id for project in projects}
    known = list(containers)
    found: list[ContainerRecord] = []
    for target in targets:
        canonical, name = identify(target.path, target.variant or "")
        own = ids.get(canonical)
        matching = [
            container
            for container in known
            if (container.project_id == own and target.variant in (None, container.variant))
            or container.name in (name, str(target.path))
        ]
        if not matching:
            raise not_found(canonical, target.variant or "")
        found += [container for container in matching if container not in found]
    return found


def one(containers: Iterable[ContainerRecord], variant: str | None) -> ContainerRecord | None:
    """Of a project's containers the one that is meant: the named one; else its first, on the engine used
    last, or, where there is no first, the one used last."""
    newest = sorted(containers, key=lambda container: container.last_used, reverse=True)
    wanted = (c for c in newest if c.variant == (variant or ""))
    return next(wanted, newest[0] if newest and variant is None else None)
