"""Whether a project's container is given the repository that the project is a worktree or workspace of."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from contenant import config, gitdir, jjdir
from contenant.core.labels import encode

if TYPE_CHECKING:
    from contenant.app.ledger import Ledger
    from contenant.app.project import Project
    from contenant.core.settings import Settings

_LAST = (
    "SELECT kind, data FROM event WHERE host = :host AND topic = 'worktree' AND subject = :subject"
    " ORDER BY seq DESC LIMIT 1"
)


def attach(ledger: Ledger, project: Project, settings: Settings) -> Project:
    """The project with its repository's metadata where it is a worktree or workspace that is to have it.

    That is one that contenant made, or any where the setting `worktree_metadata` says so. Raises ConfigError
    where it is to be given and cannot be.
    """
    path, owner = project.path, project.owner[0]
    of_git, of_jj = gitdir.is_link(path), jjdir.is_link(path)
    recorded = repository(ledger, path) if of_git or of_jj else ""
    if not recorded and not (settings.worktree_metadata and (of_git or of_jj)):
        return project
    forbidden = config.forbidden_sources(os.environ)
    if of_git:
        project = project._replace(metadata=gitdir.linked(path, owner, forbidden))
    if of_jj:
        project = project._replace(jj=jjdir.linked(path, owner, forbidden, recorded))
    return project


def hint(project: Project) -> tuple[str, ...]:
    """What is to be said when a container is made: what it was given, or why git will not work in it."""
    if project.metadata is not None or project.jj is not None:
        given = project.jj.repo if project.jj else project.metadata.common if project.metadata else ""
        return (f"the repository {given} is in the container, writable (docs/worktrees.md)",)
    for name, what, is_link in (("git", "worktree", gitdir.is_link), ("jj", "workspace", jjdir.is_link)):
        if is_link(project.path):
            told = f"{name} does not work in this container: the repository of this {what} is elsewhere"
            return (f"{told}; --worktree-metadata --recreate gives it to the container",)
    return ()


def made(ledger: Ledger, path: str) -> bool:
    """Whether the worktree at a canonical path was made by contenant, and not removed by it since."""
    return bool(repository(ledger, path))


def repository(ledger: Ledger, path: str) -> str:
    """The repository that contenant made the worktree at a canonical path of, "" where it is not its own."""
    view = ledger.snapshot()
    rows = view.ask(_LAST, subject=encode(path)) if view else []
    return str(json.loads(rows[0][1])["repository"]) if rows and rows[0][0] == "worktree.made" else ""
