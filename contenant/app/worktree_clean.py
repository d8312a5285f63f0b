"""Worktrees in `clean`: one that contenant made goes with its container, when nothing in it would be lost."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from contenant import config, git, gitdir, jjdir
from contenant.app.ledger import Ledger
from contenant.app.metadata import made
from contenant.app.project import Target, identify
from contenant.app.results import Outcome, Verdict
from contenant.app.worktree import LOCK_REASON, entries
from contenant.core import changes
from contenant.core.labels import encode
from contenant.core.records import ContainerRecord
from contenant.core.worktree import Metadata
from contenant.errors import ContenantError
from contenant.git import Repository

_UNFINISHED = (
    *("rebase-merge", "rebase-apply", "sequencer", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"),
    "BISECT_LOG",
)
_MADE = (
    "SELECT data FROM event WHERE host = :host AND topic = 'worktree' AND kind = 'worktree.made'"
    " AND subject = :subject ORDER BY seq DESC LIMIT 1"
)


class _KeptError(Exception):
    """The worktree stays; the message says why."""


class _State(NamedTuple):
    """A worktree that may go."""

    take_away: Callable[[], None]
    branch: str
    reason: str
    stays: str


def without_container(
    ledger: Ledger, targets: Sequence[Target], containers: Sequence[ContainerRecord]
) -> list[Target]:
    """The targets that are a worktree of ours and have no container any more."""
    projects = {container.project_id for container in containers}
    found = []
    for target in targets:
        path = identify(target.path)[0]
        record = ledger.project(path)
        if (record is None or record.id not in projects) and made(ledger, path):
            found.append(target)
    return found


def verdicts(
    ledger: Ledger,
    alone: Sequence[Target],
    containers: Sequence[ContainerRecord],
    going: Collection[str],
) -> list[Verdict]:
    """What becomes of the worktrees of ours whose containers go (`going`: their ids), or that are `alone`."""
    leaving = {container.project_id for container in containers if container.id in going}
    paths = {ledger.project_path(project_id) for project_id in leaving}
    paths |= {identify(target.path)[0] for target in alone}
    found = []
    for path in sorted(paths):
        if made(ledger, path):
            record = ledger.project(path)
            own = [c for c in containers if record and c.project_id == record.id and c.id not in going]
            found.append(_verdict(ledger, path, own[0].name if own else ""))
    return found


def _verdict(ledger: Ledger, path: str, staying: str) -> Verdict:
    action, reason = "keep", f"its container {staying} stays"
    if not staying:
        try:
            action, reason = "remove", _judge(ledger, path).reason
        except _KeptError as kept:
            reason = str(kept)
    return Verdict(
        kind="worktree",
        name=path,
        project=path,
        engine="",
        action="remove" if action == "remove" else "keep",
        reason=reason,
        last_used="",
        subject=path,
    )


def remove(ledger: Ledger, verdict: Verdict) -> Outcome:
    """Remove a worktree, judged again. The caller holds the lock of its first container."""
    path = verdict.subject
    record, store = ledger.project(path), ledger.store()
    if record is not None and store.containers(project_id=record.id):
        return Outcome(verdict, "kept", "its container stays")
    if not made(ledger, path):
        return Outcome(verdict, "kept", "it is gone already")
    try:
        state = _judge(ledger, path)
    except _KeptError as kept:
        return Outcome(verdict, "kept", str(kept))
    state.take_away()
    store.apply([changes.worktree_removed(path, state.branch, verdict.reason)])
    _sweep(ledger, path, state.branch)
    return Outcome(verdict, "removed", f"{state.reason}; {state.stays}")


def _take_away(repository: Repository, path: str) -> None:
    repository.ask("worktree", "unlock", path)
    try:
        repository.do("worktree", "remove", path)
    except git.GitError:
        repository.ask("worktree", "lock", "--reason", LOCK_REASON, path)
        raise


def _sweep(ledger: Ledger, path: str, branch: str) -> None:
    """The directories that were made for it, where they are empty now."""
    branch = _recorded_branch(ledger, path) or branch
    parents = list(Path(path).parents)[: branch.count("/") + 1]
    with suppress(OSError):
        for parent in parents:
            parent.rmdir()


def _recorded_branch(ledger: Ledger, path: str) -> str:
    rows = ledger.store().ask(_MADE, subject=encode(path))
    return str(json.loads(rows[0][0])["branch"]) if rows else ""


def _judge(ledger: Ledger, path: str) -> _State:
    """What the worktree at a canonical path holds. Raises _KeptError where something in it would be lost."""
    if jjdir.is_link(path) and not os.path.lexists(f"{path}/.git"):
        return _judge_workspace(ledger, path)
    try:
        status = Path(path).stat()
        found = gitdir.linked(path, status.st_uid, config.forbidden_sources(os.environ))
        repository = git.opened(found.common)
        here = repository._replace(place=path)
        branch = next((entry.branch for entry in entries(repository) if entry.path == path), "")
        reason = next(_losses(found, repository, here, branch), "")
        ignored = _ignored(here)
    except (ContenantError, OSError) as error:
        why = error.message if isinstance(error, ContenantError) else error.strerror
        raise _KeptError(f"what it holds is not known: {why}") from error
    if reason:
        raise _KeptError(reason)
    gone = f"; {ignored} ignored {'entry goes' if ignored == 1 else 'entries go'} with it" if ignored else ""
    return _State(
        partial(_take_away, repository, path), branch,
        f"nothing in it is uncommitted or unpushed{gone}", f"the branch {branch} stays",
    )  # fmt: skip


def _judge_workspace(ledger: Ledger, path: str) -> _State:
    from contenant.app import workspace  # few have any

    try:
        found = workspace.judge(ledger, path)
    except workspace.NotToGoError as error:
        raise _KeptError(str(error)) from error
    except (ContenantError, OSError) as error:
        why = error.message if isinstance(error, ContenantError) else error.strerror
        raise _KeptError(f"what it holds is not known: {why}") from error
    name = _recorded_branch(ledger, path)
    return _State(
        partial(workspace.take_away, found, name, path), name,
        "nothing in it is uncommitted or unpushed; what jj ignores goes with it",
        "its changes stay in the repository",
    )  # fmt: skip


def _losses(found: Metadata, repository: Repository, here: Repository, branch: str) -> Iterator[str]:
    """Why it must stay, as far as there are reasons."""
    unfinished = [name for name in _UNFINISHED if os.path.lexists(f"{found.own}/{name}")]
    if unfinished:
        yield f"something is unfinished in it: {unfinished[0]}"
    if os.path.lexists(f"{here.place}/.gitmodules") or os.path.lexists(f"{found.own}/modules"):
        yield "it has submodules"
    changed = here.do("status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=all")
    if changed:
        count = len(changed.rstrip("\0").split("\0"))
        yield f"{count} {'file is' if count == 1 else 'files are'} uncommitted"
    if any(line[:1].islower() or line[:1] == "S" for line in here.do("ls-files", "-v", "-z").split("\0")):
        yield "git is told to overlook files in it"
    commit = here.do("rev-parse", "--verify", "HEAD^{commit}").strip()
    if not _is_kept_elsewhere(repository, commit, branch):
        yield f"{branch or 'its detached HEAD'} has commits that are in no remote and no other branch"


def _is_kept_elsewhere(repository: Repository, commit: str, branch: str) -> bool:
    refs = repository.do(
        *("for-each-ref", "--format=%(refname)", "--contains", commit, "refs/remotes", "refs/heads")
    )
    others = {line for line in refs.splitlines() if line and line != f"refs/heads/{branch}"}
    return bool(others) or repository.ask("merge-base", "--is-ancestor", commit, "HEAD").code == 0


def _ignored(here: Repository) -> int:
    listing = here.do(
        *("status", "--porcelain", "-z", "--ignored=matching", "--untracked-files=normal"),
        "--ignore-submodules=all",
    )
    return sum(1 for line in listing.split("\0") if line.startswith("!! "))
