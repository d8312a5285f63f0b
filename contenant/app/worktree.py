"""`contenant --worktree BRANCH`: a git worktree or jj workspace beside the project, made or used again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contenant import config, git, gitdir, jjdir, locks
from contenant.app.ledger import Ledger
from contenant.app.metadata import made
from contenant.app.project import resolve
from contenant.core import changes
from contenant.core.names import path_hash
from contenant.core.worktree import Listed, parse_list
from contenant.errors import UsageError

if TYPE_CHECKING:
    from contenant.app.results import RunRequest, Ui
    from contenant.git import Repository

BESIDE = ".worktrees"  # `shop.worktrees/BRANCH` beside `shop`
LOCK_REASON = "made by contenant; `contenant clean` there removes it"


class Main(NamedTuple):
    """A repository, and the directory beside which its worktrees are put."""

    top: str
    common: str  # of git's, or `.jj/repo` where jj alone works in it
    of_jj: bool = False


def enter(request: RunRequest, branch: str, ui: Ui) -> RunRequest:
    """The request, in the worktree of `branch`, which is made where it is missing.

    Raises UsageError where there is no repository, the branch is checked out elsewhere or cannot be one, or
    something else is in the place; GitError or JjError where one of them fails.
    """
    project = resolve(request.path, force=request.force)
    main = find(project.path, project.owner[0])
    place = f"{main.top}{BESIDE}/{branch}"
    with (
        Ledger(config.database_url(os.environ)) as ledger,
        locks.held(f"worktrees-{path_hash(main.common)}", lambda: ui.note("waiting for another worktree")),
    ):
        if main.of_jj:
            from contenant.app import workspace

            made_now = workspace.have(ledger, main.top, main.common, branch, place, ui)
        else:
            made_now = _have(ledger, main.common, branch, place, ui)
        if made_now:
            ledger.store().apply([changes.worktree_made(place, branch, main.common)])
    return request._replace(path=Path(place), worktree_metadata=True)


def _have(ledger: Ledger, common: str, branch: str, place: str, ui: Ui) -> bool:
    """Whether the branch's worktree had to be made."""
    repository = git.opened(common)
    _check_branch(repository, branch)
    if _there(ledger, repository, branch, place):
        ui.note(f"the worktree {place}")
        return False
    _make(repository, branch, place, ui)
    return True


def find(path: str, owner: int) -> Main:
    """The repository at a canonical path: a work tree's top, a worktree or workspace of it, or bare.

    git's where there is one: it is what works in the container. Raises UsageError where there is none,
    ConfigError for a worktree that is not what it says.
    """
    if os.path.isdir(f"{path}/.git"):  # noqa: PTH112 - a text is at hand
        return _proven(Main(path, f"{path}/.git"), owner)
    if gitdir.is_link(path):
        common = gitdir.linked(path, owner, config.forbidden_sources(os.environ)).common
        return Main(common.removesuffix("/.git"), common)
    if all(os.path.lexists(f"{path}/{name}") for name in ("HEAD", "objects", "refs")):
        return _proven(Main(path.removesuffix(".git"), path), owner)
    if os.path.lexists(f"{path}/.jj"):
        return _of_jj(path, owner)
    raise UsageError(f"no git repository at {path}", hint="go to the top of one; `git init` makes one")


def _of_jj(path: str, owner: int) -> Main:
    forbidden = config.forbidden_sources(os.environ)
    found = (
        jjdir.linked(path, owner, forbidden)
        if jjdir.is_link(path)
        else jjdir.proven(f"{path}/.jj/repo", owner, forbidden)
    )
    return Main(found.main, found.git) if found.colocated else Main(found.main, found.repo, of_jj=True)


def _proven(main: Main, owner: int) -> Main:
    gitdir.prove_common(main.common, owner, config.forbidden_sources(os.environ))
    return main


def entries(repository: Repository) -> list[Listed]:
    """All worktrees of a repository, the main one first. Raises GitError."""
    return list(parse_list(repository.do("worktree", "list", "--porcelain", "-z")))


def _check_branch(repository: Repository, branch: str) -> None:
    valid = (
        not branch.startswith("-") and repository.ask("check-ref-format", f"refs/heads/{branch}").code == 0
    )
    if not valid:
        raise UsageError(f"not a name for a branch: {branch!r}", hint="see git check-ref-format")


def _there(ledger: Ledger, repository: Repository, branch: str, place: str) -> bool:
    """Whether the branch's worktree is in its place. One of ours whose directory was taken away is forgotten
    first."""
    holder = next((entry for entry in entries(repository) if entry.branch == branch), None)
    if holder is not None and holder.path != place:
        raise UsageError(
            f"{branch} is checked out at {holder.path}", hint=f"`contenant run {holder.path}` runs there"
        )
    if holder is not None and os.path.isdir(place):  # noqa: PTH112 - a text is at hand
        return True
    if os.path.lexists(place):
        raise UsageError(f"{place} is there, and no worktree of {branch}", hint="move it away")
    if holder is not None:
        if not made(ledger, place):
            raise UsageError(f"the worktree {place} is gone", hint="`git worktree prune` forgets it")
        repository.ask("worktree", "unlock", place)
        repository.do("worktree", "remove", place)
        ledger.store().apply([changes.worktree_removed(place, branch, "its directory was gone")])
    return False


def _make(repository: Repository, branch: str, place: str, ui: Ui) -> None:
    """Locked, so that no `git worktree prune` in a container, where its path is another, forgets it."""
    known = repository.ask("show-ref", "--verify", "--quiet", f"refs/heads/{branch}").code == 0
    if not known and repository.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}").code:
        raise UsageError(f"{repository.place} has no commit yet", hint="commit something first")
    new = () if known else ("--no-track", "-b", branch)
    lock = ("--lock", "--reason", LOCK_REASON)
    repository.do("worktree", "add", "--quiet", *lock, *new, place, branch if known else "HEAD")
    ui.note(f"made the worktree {place} ({'branch' if known else 'new branch'} {branch})")
    if repository.switched_off:
        ui.warn(
            "not run while it was checked out, since the repository's own configuration names them: "
            + ", ".join(repository.switched_off)
        )
