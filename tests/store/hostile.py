"""Unkind surroundings: a child without root's powers or without room, a small disk, a read-only one."""

from __future__ import annotations

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

NOBODY = 65534


def in_child(action: Callable[[], Any], *, room: int = 0) -> Any:
    """What `action` returns or raises in a forked child that is not root and, with `room`, can write no file
    beyond that many bytes. Raises here what was raised there."""
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
            os.setegid(NOBODY)
            os.seteuid(NOBODY)
        if room:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        told = pickle.dumps((True, action()))
    except BaseException as error:  # noqa: BLE001 - handed over to the parent
        error.__cause__ = error.__context__ = None
        told = pickle.dumps((False, error))
    os.write(writing, told)
    os._exit(0)


def give_away(path: Path) -> None:
    """Make all below a directory belong to whom `in_child` is."""
    if os.getuid() == 0:
        for each in (path, *path.rglob("*")):
            os.chown(each, NOBODY, NOBODY)


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
