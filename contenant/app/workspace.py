"""Workspaces of jj, where git is not beside it: made, used again, removed without a loss."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from contenant import config, files, jj, jjdir
from contenant.app.metadata import made, repository
from contenant.core import changes
from contenant.core.jj import TAIL, Shared, is_name
from contenant.errors import StateError, UsageError

if TYPE_CHECKING:
    from contenant.app.ledger import Ledger
    from contenant.app.results import Ui

_CLEAN = "The working copy has no changes."
# Whatever else is said, and in whichever words, is taken for something that would be lost.
_HERE = '@ ~ (empty() & description(exact:""))'
_ALONE = "::@- ~ ::(remote_bookmarks() | (working_copies() ~ @))"


def have(ledger: Ledger, top: str, repo: str, name: str, place: str, ui: Ui) -> bool:
    """Have the workspace `name` of the repository in its place; whether it had to be made.

    Its change begins on the bookmark of that name, or where the main workspace's does. Raises UsageError
    where it cannot be called so, is elsewhere, or something else is in its place; JjError where jj fails.
    """
    if not is_name(name):
        raise UsageError(
            f"not a name for a workspace: {name!r}", hint="letters, digits and . _ - + between /"
        )
    known = name in jj.do(top, repo, *_quiet("workspace", "list", "-T", 'name ++ "\\n"')).splitlines()
    if known and jjdir.leads_to(place, repo):
        _pin(place, repo)
        ui.note(f"the workspace {place}")
        return False
    if os.path.lexists(place):
        raise UsageError(f"{place} is there, and no workspace called {name}", hint="move it away")
    if known:
        _forget(ledger, top, repo, name, place)
    _make(top, repo, name, place, ui)
    return True


def _forget(ledger: Ledger, top: str, repo: str, name: str, place: str) -> None:
    """One of ours whose directory was taken away."""
    if not made(ledger, place):
        raise UsageError(
            f"the workspace {name} is not at {place}", hint=f"`jj workspace forget {name}`, or another name"
        )
    jj.do(top, repo, "workspace", "forget", name)
    ledger.store().apply([changes.worktree_removed(place, name, "its directory was gone")])


def _make(top: str, repo: str, name: str, place: str, ui: Ui) -> None:
    mark = f'bookmarks(exact:"{name}")'
    marked = jj.do(top, repo, *_quiet("log", "--no-graph", "-r", mark, "-T", 'commit_id ++ "\\n"'))
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    begin = ("-r", mark) if marked.strip() else ()
    jj.do(top, repo, "workspace", "add", "--name", name, *begin, place)
    _pin(place, repo)
    begun = f"on the bookmark {name}" if begin else "beside the main workspace's change"
    ui.note(f"made the workspace {place}, {begun}")


def _pin(place: str, repo: str) -> None:
    """jj writes down where the repository is from the workspace, which in the container is another place; it
    takes the absolute one as well.
    """
    files.replace(Path(f"{place}{TAIL}"), os.fsencode(repo), mode=0o644)


class NotToGoError(Exception):
    """The workspace stays; the message says why."""


def judge(ledger: Ledger, path: str) -> Shared:
    """The repository of a workspace that holds nothing. Raises NotToGoError with what would be lost.

    ContenantError and OSError where that cannot be known.
    """
    recorded = repository(ledger, path)
    found = jjdir.linked(path, Path(path).stat().st_uid, config.forbidden_sources(os.environ), recorded)
    reason = next(_losses(path, found.repo), "")
    if reason:
        raise NotToGoError(reason)
    return found


def _losses(path: str, repo: str) -> Iterator[str]:
    """Why it must stay, as far as there are reasons. The first look takes what was changed into a change."""
    told = jj.do(path, repo, "status").splitlines()
    here = jj.do(path, repo, *_quiet("log", "--no-graph", "-r", _HERE, "-T", 'commit_id ++ "\\n"'))
    if told[:1] != [_CLEAN] or "Untracked paths:" in told or here.strip():
        yield "its change is not empty, or files are untracked"
    if jj.do(path, repo, *_quiet("log", "--no-graph", "-r", _ALONE, "-T", 'commit_id ++ "\\n"')).strip():
        yield "it has changes that are in no remote and below no other workspace"


def take_away(found: Shared, name: str, path: str) -> None:
    """Remove a workspace that was judged. Its changes stay in the repository. Raises JjError, StateError."""
    jj.do(found.main, found.repo, "workspace", "forget", name)
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise StateError(f"{path} cannot be removed: {error.strerror}", hint="remove it by hand") from error


def _quiet(*words: str) -> tuple[str, ...]:
    """A look that takes nothing into a change."""
    return ("--ignore-working-copy", *words)
