"""The drop folder: how files reach the agent and come back, without being mounted.

The agent can write there at any moment. So on the host each step goes through an open directory, by name,
without links; a copy is made beside the folder, where nobody else comes, and moved into place once whole.
"""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from contenant.core.settings_values import show_memory
from contenant.errors import BusyError, ContenantError, NotFoundError
from contenant.home.layout import DROP_TARGET

DEEPEST = 64  # directories below each other
MOST_FILES = 20_000
_CHUNK = 1 << 20  # bytes
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class DropError(ContenantError):
    """A file cannot be copied in or out."""

    slug = "drop"


class Entry(NamedTuple):
    """Something in the folder."""

    name: str
    kind: str  # file, directory, link or other
    size: int  # bytes of a file, 0 for anything else
    modified: float  # seconds since the epoch


class Source(NamedTuple):
    """What is to be copied: a name in an open directory, and what it is called in messages."""

    parent: int
    name: str
    shown: str
    missing: str = ""  # what to do where it is not there


class Target(NamedTuple):
    """Where a copy is to be: a name in an open directory, and one on the same disk to make it in."""

    parent: int
    name: str
    workshop: int
    shown: str
    force: bool  # replace what is there
    owner: tuple[int, int] | None = None  # uid and gid, for root to give the copy away


class Copied(NamedTuple):
    """What a copy took along, and what it did not: links, devices, names that no terminal should see."""

    size: int  # bytes
    files: int
    left_out: tuple[str, ...]  # paths below the source, with why


def prepare(home: Path, owner: tuple[int, int]) -> Path:
    """Make the folder of a home, the agent's to write; returns it. Raises OSError."""
    folder = home / "drop"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o755)
    with opened(folder) as handle:
        os.fchmod(handle, 0o755)  # both parents, here and in the container, are closed to others
        if os.getuid() == 0:
            os.fchown(handle, *owner)
    return folder


@contextmanager
def opened(path: Path | str, parent: int | None = None) -> Iterator[int]:
    """An open directory, which is no link. Raises OSError."""
    handle = os.open(path, _DIRECTORY, dir_fd=parent)
    try:
        yield handle
    finally:
        os.close(handle)


def entries(folder: Path) -> list[Entry]:
    """What is in the folder, by name; nothing where there is none. Raises OSError."""
    try:
        with opened(folder) as handle:
            names = os.listdir(handle)  # noqa: PTH208 - of an open directory
            found = [_entry(handle, name) for name in sorted(names)]
    except FileNotFoundError:
        return []
    return [entry for entry in found if entry is not None]


def _entry(parent: int, name: str) -> Entry | None:
    status = _look(parent, name)
    if status is None:
        return None
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(status.st_mode), "other")
    return Entry(name, kind, status.st_size if kind == "file" else 0, status.st_mtime)


def safe_name(text: str) -> str:
    """A file's name as it can be pasted anywhere: letters, digits and `._-+@,=`; at most 120 characters."""
    kept = "".join(char if char.isalnum() or char in "._-+@,=" else "_" for char in text)
    kept = f"_{kept[1:]}" if kept.startswith("-") else kept
    stem, dot, suffix = kept.rpartition(".")
    if len(kept) > 120:
        kept = f"{stem[: 119 - len(suffix)]}.{suffix}" if dot and len(suffix) < 20 else kept[:120]
    return kept if kept.strip(".") else "file"


def inside(name: str) -> str:
    """The path of an entry in the container."""
    return f"{DROP_TARGET}/{name}"


def copy(source: Source, target: Target, most: int) -> Copied:
    """Copy a file or a directory of `most` bytes at most. No owner, no link and no special mode goes along.

    Raises NotFoundError, BusyError where something is there and `force` was not said, DropError.
    """
    status = _look(source.parent, source.name)
    if status is None:
        raise NotFoundError(f"no such file: {source.shown}", hint=source.missing)
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise DropError(f"{source.shown} is neither a file nor a directory", hint="links are not followed")
    if not target.force and _look(target.parent, target.name) is not None:
        raise BusyError(f"{target.shown} is there already", hint="--force replaces it, --to names another")
    bench = f".{target.name[:40]}.{secrets.token_hex(4)}"
    os.mkdir(bench, 0o700, dir_fd=target.workshop)
    try:
        with opened(bench, target.workshop) as work:
            job = _Job(source.shown, most, target.owner)
            job.copy(source.parent, source.name, work, "new", ())
            _put_in_place(work, target)
        return Copied(job.size, job.files, tuple(job.left_out))
    except OSError as error:
        raise DropError(f"cannot copy {source.shown}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(bench, ignore_errors=True, dir_fd=target.workshop)


def _put_in_place(work: int, target: Target) -> None:
    if target.force:
        with suppress(FileNotFoundError):
            os.rename(target.name, "old", src_dir_fd=target.parent, dst_dir_fd=work)
    os.rename("new", target.name, src_dir_fd=work, dst_dir_fd=target.parent)


class _Job:
    """One copy: what it may still take, and what it took."""

    def __init__(self, shown: str, most: int, owner: tuple[int, int] | None) -> None:
        self.size = self.files = 0
        self.left_out: list[str] = []
        self._shown, self._most, self._owner = shown, most, owner

    def copy(self, source: int, name: str, target: int, new: str, path: tuple[str, ...]) -> None:
        """Copy one entry; `path` is where it is below the source."""
        if why := self._refusal(source, name, path):
            self.left_out.append(f"{'/'.join(path)}: {why}")
            return
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(name, flags, dir_fd=source)
        try:
            mode = os.fstat(handle).st_mode
            if stat.S_ISDIR(mode):
                self._directory(handle, target, new, path)
            elif stat.S_ISREG(mode):  # it was one: somebody else is at work there
                self._file(handle, target, new, mode)
        finally:
            os.close(handle)

    def _refusal(self, source: int, name: str, path: tuple[str, ...]) -> str:
        status = _look(source, name)
        if status is None:
            return "gone"
        if not name.isprintable():
            return "its name holds control characters"
        if stat.S_ISLNK(status.st_mode):
            return "a link"
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            return "neither a file nor a directory"
        return f"more than {DEEPEST} directories deep" if len(path) > DEEPEST else ""

    def _directory(self, handle: int, target: int, new: str, path: tuple[str, ...]) -> None:
        self._count()
        os.mkdir(new, 0o700, dir_fd=target)
        with opened(new, target) as made:
            for name in sorted(os.listdir(handle)):
                self.copy(handle, name, made, name, (*path, name))
            self._finish(made, 0o755)

    def _file(self, handle: int, target: int, new: str, mode: int) -> None:
        self._count()
        self._take(os.fstat(handle).st_size, told_only=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        made = os.open(new, flags, 0o600, dir_fd=target)
        try:
            while part := os.read(handle, _CHUNK):
                self._take(len(part))
                rest = memoryview(part)
                while rest:
                    rest = rest[os.write(made, rest) :]
            self._finish(made, 0o755 if mode & 0o100 else 0o644)
        finally:
            os.close(made)

    def _finish(self, handle: int, mode: int) -> None:
        os.fchmod(handle, mode)
        if self._owner is not None:
            os.fchown(handle, *self._owner)

    def _count(self) -> None:
        self.files += 1
        if self.files > MOST_FILES:
            raise DropError(
                f"{self._shown} holds more than {MOST_FILES} files", hint="pack it, or --mount it instead"
            )

    def _take(self, size: int, *, told_only: bool = False) -> None:
        """Count bytes, or with `told_only` only see whether that many may still come."""
        if self.size + size > self._most:
            raise DropError(
                f"{self._shown} holds more than {show_memory(self._most)}",
                hint="--max-size SIZE allows more; a large tree is better mounted (--mount)",
            )
        self.size += 0 if told_only else size


def _look(parent: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None
