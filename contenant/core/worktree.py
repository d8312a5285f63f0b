"""A linked git worktree: where its repository's metadata lies, and how a container is given it. Pure.

The file `.git` of a worktree names `<common>/worktrees/<X>`, the worktree's own directory in the repository's
common one (gitrepository-layout(5)); both are recorded by absolute paths, and mounted at those very paths.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from contenant.core.engine_names import EngineName
from contenant.core.values import Mount

PLACE = "worktrees"
# What the host's git runs or obeys, in the common directory and in the worktree's own. Others' worktrees and
# the submodules of the main one are nothing for this container to write.
COMMON_DIRECTORIES = ("hooks", "info", "modules")
COMMON_FILES = ("config", "config.worktree", "commondir")
OWN_FILES = ("commondir", "gitdir", "config.worktree", "locked")


class Metadata(NamedTuple):
    """Both absolute, canonical, and the same in the container."""

    common: str  # the repository's directory
    own: str  # the worktree's own, below it


class Listed(NamedTuple):
    """One entry of `git worktree list --porcelain`."""

    path: str
    branch: str  # "" where none is checked out
    bare: bool
    locked: bool


def parse_link(text: str) -> str:
    """The directory that a `.git` file names. Raises ValueError with a reason where it cannot be meant."""
    line = text.removesuffix("\n").removesuffix("\r")
    if not line.startswith("gitdir: ") or not line.isprintable():
        raise ValueError("it is not a file of git's")
    path = line.removeprefix("gitdir: ")
    if not path.startswith("/"):
        raise ValueError("it names its repository by a relative path, which leads elsewhere in a container")
    if posixpath.normpath(path) != path:
        raise ValueError("its path is not a plain one")
    if posixpath.basename(posixpath.dirname(path)) != PLACE:
        raise ValueError("it names no worktree of a repository")
    return path


def metadata_of(own: str) -> Metadata:
    """The metadata of a worktree by its own directory."""
    return Metadata(posixpath.dirname(posixpath.dirname(own)), own)


def mounts(metadata: Metadata, source: str) -> tuple[Mount, ...]:
    """The repository writable, but for the other worktrees. `source`: the common directory on the host, which
    may be another mount of it."""
    below = metadata.own.removeprefix(metadata.common)
    return (
        Mount(source, metadata.common),
        Mount(f"{source}/{PLACE}", f"{metadata.common}/{PLACE}", read_only=True),
        Mount(f"{source}{below}", metadata.own),
    )


def shields(
    metadata: Metadata,
    source: str,
    directories: Sequence[str],
    files: Sequence[str],
    mode: str,
    engine: EngineName,
) -> tuple[Mount, ...]:
    """Read-only mounts over what the host's git runs or obeys, of what is there (paths below the common
    directory). It is the main repository's, so only `off` leaves them out; Apple's engine mounts no files.
    """
    if mode == "off":
        return ()
    paths = (*directories, *(() if engine == "container" else files))
    return tuple(Mount(f"{source}/{path}", f"{metadata.common}/{path}", read_only=True) for path in paths)


def candidates(metadata: Metadata) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The directories and the files that are to be shielded where they are there, below the common one."""
    own = metadata.own.removeprefix(f"{metadata.common}/")
    own_directories = (f"{own}/modules",)
    return (*COMMON_DIRECTORIES, *own_directories), (*COMMON_FILES, *(f"{own}/{name}" for name in OWN_FILES))


def common_in(mounted: Iterable[Mapping[str, Any]]) -> str:
    """The common directory among a container's recorded mounts, "" where it was given none."""
    targets = {str(mount["target"]): bool(mount["read_only"]) for mount in mounted}
    found = (target for target in targets if targets.get(f"{target}/{PLACE}") and target.startswith("/"))
    return next(found, "")


def parse_list(text: str) -> Iterator[Listed]:
    """The entries of `git worktree list --porcelain -z`: attributes end with NUL, entries with one more."""
    for entry in text.split("\0\0"):
        found = dict(line.partition(" ")[::2] for line in entry.split("\0") if line)
        if "worktree" in found:
            branch = found.get("branch", "").removeprefix("refs/heads/")
            yield Listed(found["worktree"], branch, "bare" in found, "locked" in found)
