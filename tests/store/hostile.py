"""Unkind surroundings: a child without root's powers or without room, a small disk, a read-only one."""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


def in_child(action: Callable[[], Any], *, room: int = 0) -> Any:
    """What `action` returns or raises in a forked child without root's powers and, with `room`, can write
    no file beyond that many bytes. Raises here what was raised there."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(action, room, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told = answer.read()
    os.waitpid(child, 0)
    good, value = pickle.loads(told)
    if not good:
        raise value
    return value


def _answer(action: Callable[[], Any], room: int, writing: int) -> None:
    try:
        if os.getuid() == 0:
            _give_up_powers()
        if room:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        told = pickle.dumps((True, action()))
    except BaseException as error:  # noqa: BLE001 - handed over to the parent
        error.__cause__ = error.__context__ = None
        told = pickle.dumps((False, error))
    os.write(writing, told)
    os._exit(0)


def _give_up_powers() -> None:
    """root without capabilities (capset(2)): the permissions of files hold for it as for any owner.

    Another user could not read a checkout in root's home.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


@contextmanager
def disk(place: Path, size: str) -> Iterator[Path]:
    """A file system of its own at `place`; skips the test where mounting is not allowed."""
    place.mkdir(exist_ok=True)
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("needs mount")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True)
    if made.returncode:
        pytest.skip("needs the right to mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def make_read_only(place: Path) -> None:
    """Turn a mounted `disk` read-only."""
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
