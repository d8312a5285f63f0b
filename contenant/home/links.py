"""Links in the agent's own directory that lead to the customisations.

The agent can write that directory, so on the host nothing in it is followed: each step goes through an open
directory, by name, without links. What the agent put in a link's place is moved aside, not deleted.
"""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from contenant.home.layout import HOST_TARGET

DISPLACED = "displaced"


def link(agent: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Make `agent` hold a link for each file at its top and each child of a directory, and no other of ours.

    `names` are paths of files, such as `CLAUDE.md` or `skills/review/SKILL.md`.

    Returns a word for each thing that was moved aside. Raises OSError.
    """
    tops: dict[str, set[str]] = {}
    for name in names:
        top, *below = name.split("/")
        tops.setdefault(top, set()).update(below[:1])
    with _opened(agent) as root:
        moved = [note for top, children in sorted(tops.items()) for note in _place(root, top, children)]
        for name in os.listdir(root):  # noqa: PTH208 - of an open directory
            _forget_stale(root, name, name in tops)
            _clean(root, name, tops.get(name, set()))
    return tuple(moved)


def make_directory(agent: Path, name: str) -> tuple[str, ...]:
    """A directory of mode 0700 in the agent's; what else stands there is moved aside. Raises OSError."""
    with _opened(agent) as root:
        return tuple(_directory(root, name))


def move_aside(agent: Path, name: str) -> tuple[str, ...]:
    """Take something out of the way: a link is removed, all else goes to `displaced/`. Raises OSError."""
    with _opened(agent) as root:
        return tuple(_move_aside(root, root, name, name))


def give(agent: Path, owner: tuple[int, int]) -> None:
    """As root, make the agent own its directory; only its upper two levels where it did already.

    Below those, whatever there is was made by the agent itself. Raises OSError.
    """
    with _opened(agent) as root:
        whole = os.fstat(root).st_uid != owner[0]
        for path, directories, names, here in os.fwalk(".", dir_fd=root, follow_symlinks=False):
            for name in (*directories, *names):
                if os.stat(name, dir_fd=here, follow_symlinks=False).st_uid != owner[0]:
                    os.chown(name, *owner, dir_fd=here, follow_symlinks=False)
            if not whole and "/" in path:
                directories.clear()
        if whole:
            os.fchown(root, *owner)


@contextlib.contextmanager
def _opened(path: Path | str, parent: int | None = None) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        yield handle
    finally:
        os.close(handle)


def _place(root: int, top: str, children: set[str]) -> Iterator[str]:
    if not children:
        yield from _put(root, root, top, f"{HOST_TARGET}/{top}", top)
        return
    yield from _directory(root, top)
    with _opened(top, root) as directory:
        for child in sorted(children):
            yield from _put(root, directory, child, f"{HOST_TARGET}/{top}/{child}", f"{top}/{child}")


def _directory(root: int, name: str) -> Iterator[str]:
    if not _is_real_directory(root, name):
        yield from _move_aside(root, root, name, name)
        os.mkdir(name, 0o700, dir_fd=root)


def _put(root: int, directory: int, name: str, target: str, shown: str) -> Iterator[str]:
    if _target(directory, name) == target:
        return
    yield from _move_aside(root, directory, name, shown)
    os.symlink(target, name, dir_fd=directory)


def _target(directory: int, name: str) -> str:
    """Where a link leads, "" for anything else."""
    try:
        return os.readlink(name, dir_fd=directory)
    except OSError:
        return ""


def _is_real_directory(directory: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _move_aside(root: int, directory: int, name: str, shown: str) -> Iterator[str]:
    """Links are removed; a file or a directory goes to `displaced/`."""
    try:
        mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        os.unlink(name, dir_fd=directory)
        return
    if not _is_real_directory(root, DISPLACED):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(DISPLACED, dir_fd=root)
        os.mkdir(DISPLACED, 0o700, dir_fd=root)
    with _opened(DISPLACED, root) as aside:
        taken = set(os.listdir(aside))  # noqa: PTH208 - of an open directory
        flat = shown.replace("/", "-")
        free = next(new for n in range(len(taken) + 1) if (new := f"{flat}.{n}") not in taken)
        os.rename(name, free, src_dir_fd=directory, dst_dir_fd=aside)
    yield f"{shown} of this project's agent gave way to yours and is in {DISPLACED}/{free}"


def _forget_stale(directory: int, name: str, wanted: bool) -> None:
    if not wanted and _target(directory, name).startswith(f"{HOST_TARGET}/"):
        os.unlink(name, dir_fd=directory)


def _clean(root: int, name: str, wanted: set[str]) -> None:
    """Links of ours in one directory that lead to what is not carried any more."""
    if not _is_real_directory(root, name):
        return
    with _opened(name, root) as directory:
        for child in os.listdir(directory):  # noqa: PTH208 - of an open directory
            _forget_stale(directory, child, child in wanted)
