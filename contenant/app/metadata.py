"""Whether a project's container is given the repository that the project is a worktree of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from contenant import config, gitdir
from contenant.core.labels import encode

if TYPE_CHECKING:
    from contenant.app.ledger import Ledger
    from contenant.app.project import Project
    from contenant.core.settings import Settings

_LAST = (
    "SELECT kind FROM event WHERE host = :host AND topic = 'worktree' AND subject = :subject"
    " ORDER BY seq DESC LIMIT 1"
)


def attach(ledger: Ledger, project: Project, settings: Settings) -> Project:
    """The project with its repository's metadata where it is a worktree that is to have it.

    That is one that contenant made, or any where the setting `worktree_metadata` says so. Raises ConfigError
    where it is to be given and cannot be.
    """
    if not gitdir.is_link(project.path):
        return project
    if not settings.worktree_metadata and not made(ledger, project.path):
        return project
    forbidden = config.forbidden_sources(os.environ)
    return project._replace(metadata=gitdir.linked(project.path, project.owner[0], forbidden))


def hint(project: Project) -> tuple[str, ...]:
    """What is to be said when a container is made: what it was given, or why git will not work in it."""
    if project.metadata is not None:
        common = project.metadata.common
        return (f"the repository {common} is in the container, writable (docs/worktrees.md)",)
    if gitdir.is_link(project.path):
        told = "git does not work in this container: the repository of this worktree is elsewhere"
        return (f"{told}; --worktree-metadata --recreate gives it to the container",)
    return ()


def made(ledger: Ledger, path: str) -> bool:
    """Whether the worktree at a canonical path was made by contenant, and not removed by it since."""
    view = ledger.snapshot()
    rows = view.ask(_LAST, subject=encode(path)) if view else []
    return bool(rows) and rows[0][0] == "worktree.made"
