"""What a detached session said: read from the files that its recorder keeps, to their end or as they grow.

`<sessions>/SID.log`, and before it `SID.log.1`, 8 MiB each (image/recorder). The container wrote them: no
link is followed, only plain files are read, and no more than twice what they should hold.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

LIMIT = 16 * 1024**2  # bytes that are read of one file
BLOCK = 65536
PAUSE = 0.2  # seconds between two looks at a file that grows
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Place(NamedTuple):
    """The files of one session."""

    current: Path
    older: Path


def place(directory: Path, session_id: str) -> Place:
    """Where the output is, by the container's directory on the host."""
    log = directory / "sessions" / f"{session_id}.log"
    return Place(log, log.with_suffix(".log.1"))


def is_kept(files: Place) -> bool:
    """Whether there is any."""
    return os.path.lexists(files.current)


def read(files: Place, tail: int | None) -> Iterator[bytes]:
    """What is there, whole or the last `tail` lines, in pieces."""
    current = _open(files.current)
    try:
        yield from _beginning(files, current, tail)
    finally:
        _close(current)


def follow(files: Place, tail: int | None, is_over: Callable[[], bool]) -> Iterator[bytes]:
    """The same, and then what comes, until `is_over` says that nothing will.

    An empty piece is yielded before each pause, so that whoever shows the pieces can flush.
    """
    current = _open(files.current)
    try:
        yield from _beginning(files, current, tail)
        while True:
            over = is_over()  # asked first, so that what came before the end is read
            yield from _blocks(current)
            if (follower := _turned(files, current)) is not None:
                yield from _blocks(current)
                _close(current)
                current = follower
            elif over:
                return
            else:
                yield b""
                time.sleep(PAUSE)
    finally:
        _close(current)


def _beginning(files: Place, current: int | None, tail: int | None) -> Iterator[bytes]:
    older = None if tail == 0 else _open(files.older)
    try:
        if current is not None and older is not None and _same(current, older):
            _close(older)  # it turned between the two looks: what is older is gone
            older = None
        for each in (older, current):
            _skip(each)
        if tail is None:
            for each in (older, current):
                yield from _blocks(each)
        else:
            kept = b"".join(block for each in (older, current) for block in _blocks(each))
            yield _last_lines(kept, tail)
    finally:
        _close(older)


def _last_lines(text: bytes, count: int) -> bytes:
    if count == 0:
        return b""
    at = len(text) - 1 if text.endswith(b"\n") else len(text)
    for _ in range(count):
        at = text.rfind(b"\n", 0, max(at, 0))
        if at < 0:
            return text
    return text[at + 1 :]


def _open(path: Path) -> int | None:
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _skip(descriptor: int | None) -> None:
    """Of a file larger than it can be, only the end."""
    if descriptor is not None and (size := os.fstat(descriptor).st_size) > LIMIT:
        os.lseek(descriptor, size - LIMIT, os.SEEK_SET)


def _blocks(descriptor: int | None) -> Iterator[bytes]:
    while descriptor is not None and (block := os.read(descriptor, BLOCK)):
        yield block


def _same(one: int, other: int) -> bool:
    return os.path.samestat(os.fstat(one), os.fstat(other))


def _turned(files: Place, current: int | None) -> int | None:
    """The file that took the place of the current one, if any did."""
    found = _open(files.current)
    if found is None or current is None or not _same(found, current):
        return found
    os.close(found)
    return None
