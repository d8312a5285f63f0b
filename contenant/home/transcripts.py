"""The agent's transcripts on the host: which there are, and their lines from where they were left off.

Claude Code writes `projects/<directory>/<session>.jsonl` below its home, those of its sub-agents in
`<session>/subagents/` (seen with 2.1.330). The agent can put anything there: no link is followed, only plain
files are read, and names, depth, lines and bytes have an end.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

ENTRIES = 20_000  # names that are looked at in one directory, and transcripts in one home
DEPTH = 5  # directories below `projects`
BLOCK = 1024**2  # bytes that are read at once
LONGEST_LINE = 16 * 1024**2  # bytes; what is longer is passed over
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Transcript(NamedTuple):
    """A file as it was found."""

    path: str  # below `projects`
    inode: int
    size: int  # bytes


class Piece(NamedTuple):
    """Whole lines, and how many bytes of the file are done with them."""

    lines: tuple[bytes, ...]
    position: int


def find(home: Path) -> list[Transcript]:
    """Every transcript in a home, by path; none where there is no home. Raises OSError."""
    try:
        with _projects(home) as root:
            return sorted(islice(_below(root, "", DEPTH), ENTRIES))
    except (FileNotFoundError, NotADirectoryError):
        return []


@contextmanager
def _projects(home: Path) -> Iterator[int]:
    """The open directory `projects`, reached without a link."""
    agent = os.open(home / "agent", _DIRECTORY)
    try:
        root = os.open("projects", _DIRECTORY, dir_fd=agent)
    finally:
        os.close(agent)
    try:
        yield root
    finally:
        os.close(root)


def _below(directory: int, prefix: str, depth: int) -> Iterator[Transcript]:
    with os.scandir(directory) as entries:
        names = [(each.name, each.is_dir(follow_symlinks=False)) for each in islice(entries, ENTRIES)]
    for name, is_directory in names:
        if is_directory and depth > 1:
            yield from _inside(directory, name, f"{prefix}{name}/", depth - 1)
        elif name.endswith(".jsonl") and not is_directory:
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                yield Transcript(prefix + name, found.st_ino, found.st_size)


def _inside(directory: int, name: str, prefix: str, depth: int) -> Iterator[Transcript]:
    try:
        inner = os.open(name, _DIRECTORY, dir_fd=directory)
    except OSError:  # it went, or became something else, meanwhile
        return
    try:
        yield from _below(inner, prefix, depth)
    finally:
        os.close(inner)


def read(home: Path, transcript: Transcript, start: int, limit: int) -> Iterator[Piece]:
    """The lines of a transcript from byte `start` on, piece by piece, `limit` bytes at most.

    A last line without its end is left for the next time. Nothing where the file is another one by now.
    Raises OSError.
    """
    with _projects(home) as root:
        descriptor = _open(root, transcript.path)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_ino != transcript.inode:
            return
        os.lseek(descriptor, start, os.SEEK_SET)
        yield from _pieces(descriptor, start, min(limit, max(0, status.st_size - start)))
    finally:
        os.close(descriptor)


def _open(root: int, path: str) -> int:
    """A file below an open directory, step by step."""
    *above, name = path.split("/")
    here = os.dup(root)
    try:
        for each in above:
            inner = os.open(each, _DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
        return os.open(name, _FILE, dir_fd=here)
    finally:
        os.close(here)


def _pieces(descriptor: int, position: int, left: int) -> Iterator[Piece]:
    rest = b""
    while left > 0 and (block := os.read(descriptor, min(BLOCK, left))):
        left -= len(block)
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            position += len(whole) + 1
            yield Piece(tuple(whole.split(b"\n")), position)
        if len(rest) > LONGEST_LINE:
            position += len(rest)
            rest = b""
            yield Piece((), position)
