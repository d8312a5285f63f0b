"""What a container needs on the host beside its project: directories to mount, an id-mapped mount."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from contenant import idmap
from contenant.app import policy
from contenant.app.desired import AGENT, metadata_source, needs_idmap, project_source
from contenant.app.project import Project, container_dir
from contenant.paths import ensure_private

if TYPE_CHECKING:
    from contenant.core.worktree import Metadata

YEAR = 365 * 86400.0  # seconds; longer than a container runs at a stretch


def prepare(project: Project, wanted: policy.Effective) -> None:
    """Have everything there that the engine mounts; lost in part at a reboot, so made at each start."""
    directory = ensure_private(container_dir(project.name))
    policy.place(project.name, wanted)
    sessions = directory / "sessions"
    sessions.mkdir(exist_ok=True)
    # The container's root may be any uid here. Both parents, here and in the container, are closed.
    sessions.chmod(0o777)
    if needs_idmap(project):
        idmap.mount(Path(project.path), Path(project_source(project)), AGENT)
    if project.metadata is not None:
        _prepare_metadata(project, project.metadata)
    if project.jj is not None and needs_idmap(project):
        from contenant.app.workspace_mounts import unmapped

        for source, target in unmapped(project):
            idmap.mount(source, target, AGENT)


def _prepare_metadata(project: Project, found: "Metadata") -> None:
    from contenant import gitdir

    gitdir.keep_back_pointer(found, time.time() + YEAR)
    if needs_idmap(project):
        idmap.mount(Path(found.common), Path(metadata_source(project)), AGENT)


def clear(name: str) -> None:
    """Take away what `prepare` made for a container that is gone. Nothing of the project is touched."""
    directory = container_dir(name)
    for mapped in ("project", "git", "jj", "jj-git"):
        if os.getuid() == 0 and os.path.lexists(directory / mapped):
            idmap.unmount(directory / mapped)
            (directory / mapped).rmdir()
    for folder in ("sessions", "policy"):
        for place in (directory / folder).glob("*"):
            place.unlink(missing_ok=True)
    if directory.is_symlink():
        directory.unlink()


def follow(old: str, new: str) -> None:
    """A container that somebody renamed goes on with what it was made with: its new name leads there, too.

    Nothing where the new name has a place of its own.
    """
    made, link = container_dir(old).resolve(), container_dir(new)
    if link.is_symlink():
        link.unlink()
    if made.is_dir() and not os.path.lexists(link):
        link.symlink_to(made.name)
