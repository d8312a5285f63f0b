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
        canonical = identify(target.path)[0]
        matching = meant(known, target, ids.get(canonical, ""))
        if not matching:
            known_names = [*ids, *(container.name for container in known)]
            raise not_found(canonical, known_names, variant=target.variant or "")
        found += [container for container in matching if container not in found]
    return found


def meant(containers: Iterable[ContainerRecord], target: Target, project_id: str) -> list[ContainerRecord]:
    """Those of the containers that one target stands for; `project_id`: of the project there, "" for none."""
    name = identify(target.path, target.variant or "")[1]
    word = str(target.path) if target.variant is None else name  # a container's own name
    return [
        container
        for container in containers
        if (container.project_id == project_id and target.variant in (None, container.variant))
        or container.name in (name, word)
    ]


def one(containers: Iterable[ContainerRecord], variant: str | None) -> ContainerRecord | None:
    """Of a project's containers the one that is meant: the named one; else its first, on the engine used
    last, or, where there is no first, the one used last."""
    newest = sorted(containers, key=lambda container: container.last_used, reverse=True)
    wanted = (c for c in newest if c.variant == (variant or ""))
    return next(wanted, newest[0] if newest and variant is None else None)
