"""One lock per container name: whoever creates, changes, removes or repairs a container holds it.

The kernel drops an flock when its process dies, however it dies, so a lock is never stale.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from contenant.errors import BusyError, StateError
from contenant.paths import ensure_private, state_dir

PATIENCE = 600.0  # seconds; an image build may go on under the lock


@contextmanager
def held(name: str, on_wait: Callable[[], None], patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of a container name; `on_wait` is called once when another contenant has it.

    Raises BusyError after `patience` seconds, StateError when the state directory cannot be used.
    """
    handle = _open(name)
    try:
        _wait(handle, name, on_wait, patience)
        yield
    finally:
        os.close(handle)


def container(name: str, note: Callable[[str], None]) -> AbstractContextManager[None]:
    """`held` of a container, by its name; where somebody else works on it, `note` is told."""
    return held(name, lambda: note(f"waiting for another contenant at {name}"))


@contextmanager
def try_held(name: str) -> Iterator[bool]:
    """Take the lock if nobody has it; says whether it was taken."""
    handle = _open(name)
    try:
        yield _take(handle)
    finally:
        os.close(handle)


def _open(name: str) -> int:
    place = ensure_private(state_dir() / "locks") / f"{name}.lock"
    try:
        return os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(
            f"cannot open the lock {place}: {error.strerror}", hint="make the state directory writable"
        ) from error


def _take(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(handle: int, name: str, on_wait: Callable[[], None], patience: float) -> None:
    if _take(handle):
        return
    on_wait()
    deadline = time.monotonic() + patience
    while not _take(handle):
        if time.monotonic() > deadline:
            raise BusyError(
                f"another contenant has been working on {name} for {patience:.0f} s",
                hint="wait for it, or end it and try again",
            )
        time.sleep(0.02)
