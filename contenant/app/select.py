"""Paths on the command line -> recorded containers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from contenant.app.project import identify
from contenant.core.plan_run import not_found
from contenant.core.records import ContainerRecord, ProjectRecord


def by_paths(
    containers: Iterable[ContainerRecord], paths: Sequence[Path], projects: Iterable[ProjectRecord] = ()
) -> list[ContainerRecord]:
    """The containers of these projects, on whatever engine. Raises NotFoundError for a path without any.

    A path need not exist any more: the name follows from the path alone. `projects` tell whose a renamed
    container is.
    """
    ids = {project.path: project.id for project in projects}
    known = list(containers)
    found: list[ContainerRecord] = []
    for path in paths:
        canonical, name = identify(path)
        matching = [c for c in known if c.name in (name, str(path)) or c.project_id == ids.get(canonical)]
        if not matching:
            raise not_found(canonical, [*ids, *(container.name for container in known)])
        found += [container for container in matching if container not in found]
    return found
