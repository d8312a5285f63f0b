"""How a container is given the repository that its project is a jj workspace of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from contenant.app.desired import needs_idmap, project_source
from contenant.app.project import container_dir
from contenant.core import jj
from contenant.core.jj import TAIL, Shared
from contenant.core.values import Mount
from contenant.jjdir import existing

if TYPE_CHECKING:
    from contenant.app.project import Project
    from contenant.core.engine_names import EngineName

MAPPED = ("jj", "jj-git")  # below the container's directory: id-mapped mounts of what is root's


def sources(project: Project) -> dict[str, str]:
    """Directory in the container -> the host's directory that is mounted there.

    The git repository is left out where it lies in jj's own, or is mounted as that of a git worktree.
    """
    found = _of(project)
    places = [found.repo]
    if found.colocated and not (project.metadata and project.metadata.common == found.git):
        places.append(found.git)
    if not needs_idmap(project):
        return {place: place for place in places}
    return {
        place: str(container_dir(project.name) / name) for place, name in zip(places, MAPPED, strict=False)
    }


def mounts(project: Project) -> tuple[Mount, ...]:
    """The repository, writable, at its own path."""
    return tuple(Mount(source, place) for place, source in sources(project).items())


def shields(project: Project, mode: str, engine: EngineName) -> tuple[Mount, ...]:
    """Read-only mounts over what jj and git on the host run or obey, and over `.jj/repo`, unless `off`."""
    if mode == "off":
        return ()
    over = jj.shields(sources(project), *existing(_of(project)), engine)
    link = (Mount(f"{project_source(project)}{TAIL}", f"/project{TAIL}", read_only=True),)
    return (*over, *(() if engine == "container" else link))


def unmapped(project: Project) -> list[tuple[Path, Path]]:
    """Each directory that has to be mounted id-mapped, and where."""
    return [(Path(place), Path(source)) for place, source in sources(project).items() if place != source]


def _of(project: Project) -> Shared:
    assert project.jj is not None, "the caller looked"
    return project.jj
