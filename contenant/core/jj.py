"""A workspace of jj: where its repository lies, and how a container is given it. Pure.

A workspace's file `.jj/repo` names the directory `<main>/.jj/repo` of the workspace that has the repository,
and `store/git_target` there the git repository in which jj keeps the commits: `git`, beside it, or
`../../../.git`, which jj shares with git. Which workspace lies where stands in `workspace_store/index`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from contenant.core.engine_names import EngineName
from contenant.core.values import Mount

TAIL = "/.jj/repo"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")


class Shared(NamedTuple):
    """A repository that a workspace is of; paths are absolute, canonical, and the same in the container."""

    repo: str  # `<main>/.jj/repo`
    git: str  # the git repository: in it, or `<main>/.git`

    @property
    def main(self) -> str:
        """The workspace that has it."""
        return self.repo.removesuffix(TAIL)

    @property
    def colocated(self) -> bool:
        """Whether git on the host works in the main workspace, too."""
        return self.git == f"{self.main}/.git"


def is_name(text: str) -> bool:
    """Whether a workspace may be called so, and its directory."""
    return bool(_NAME.fullmatch(text)) and len(text) <= 200


def parse_link(text: str) -> str:
    """The directory that a workspace's `.jj/repo` names. Raises ValueError where it cannot be meant."""
    path = text.removesuffix("\n")
    if not path.isprintable() or not path:
        raise ValueError("it is not a file of jj's")
    if not path.startswith("/"):
        raise ValueError("it names its repository by a relative path, which leads elsewhere in a container")
    if posixpath.normpath(path) != path or not path.endswith(TAIL):
        raise ValueError("it names no repository of jj's")
    return path


def shared(repo: str, target: str) -> Shared:
    """A repository by its directory and what its `store/git_target` says. Raises ValueError."""
    git = posixpath.normpath(posixpath.join(repo, "store", target.removesuffix("\n")))
    found = Shared(repo, git)
    if git != f"{repo}/store/git" and not found.colocated:
        raise ValueError(f"its commits are in {git}, which is not the main workspace's own")
    return found


def workspaces(index: bytes, repo: str) -> dict[str, str]:
    """Name -> path of what `workspace_store/index` lists. Raises ValueError for what is none.

    A message of Protocol Buffers: field 1, repeated, with the name (1) and the path (2) from `repo`.
    """
    found = {}
    for number, entry in _fields(index):
        if number == 1:
            parts = {key: value.decode("utf-8", "surrogateescape") for key, value in _fields(entry)}
            found[parts.get(1, "")] = posixpath.normpath(posixpath.join(repo, parts.get(2, "")))
    return found


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        tag, at = _number(data, at)
        size, at = _number(data, at)
        if tag & 7 != 2 or at + size > len(data):
            raise ValueError("it is not a list of jj's")
        yield tag >> 3, data[at : at + size]
        at += size


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer, and where it ends."""
    value = shift = 0
    while at < len(data) and shift < 35:
        byte = data[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at
    raise ValueError("it is not a list of jj's")


def candidates(found: Shared) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The directories and files that jj and git on the host run or obey: absolute, where they are there."""
    directories = (
        f"{found.repo}/workspace_store",
        *(f"{found.git}/{n}" for n in ("hooks", "info", "modules")),
    )
    if found.colocated:
        directories = (*directories, f"{found.git}/worktrees")
    own = (f"{found.repo}/{name}" for name in ("config.toml", "store/git_target", "store/type"))
    return directories, (*own, *(f"{found.git}/{n}" for n in ("config", "config.worktree", "commondir")))


def repo_in(mounted: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """jj's repository among a container's recorded mounts, and the git repository beside it; "" for none."""
    targets = {str(mount["target"]) for mount in mounted}
    repo = next(
        (target for target in sorted(targets) if target.endswith(TAIL) and target != f"/project{TAIL}"), ""
    )
    git = f"{repo.removesuffix(TAIL)}/.git"
    return repo, git if repo and git in targets else ""


def shields(
    sources: Mapping[str, str], directories: Sequence[str], files: Sequence[str], engine: EngineName
) -> tuple[Mount, ...]:
    """Read-only mounts over what is there; `sources`: mounted directory -> where it is on the host.

    Apple's engine mounts no single files.
    """
    return tuple(
        Mount(f"{source}{path.removeprefix(place)}", path, read_only=True)
        for path in (*directories, *(() if engine == "container" else files))
        for place, source in sources.items()
        if path.startswith(f"{place}/")
    )
