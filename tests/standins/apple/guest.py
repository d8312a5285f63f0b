"""Looking into a container's file system from the host: users, executables, directories.

Absolute symlinks are followed inside the container's root, never the host's. Needs root, as the stand-in
does.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .errors import AppleError

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MOST_LINKS = 40


class User(NamedTuple):
    """Who a process runs as."""

    uid: int
    gid: int
    home: str


def inside(root: str, path: str) -> str:
    """The host path of `path` in `root`, symlinks followed within; what does not exist is left as it is."""
    todo = [part for part in path.split("/") if part not in ("", ".")]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop(0)
        if part == "..":
            done = done[:-1]
            continue
        here = os.path.join(root, *done, part)
        if os.path.islink(here) and links < MOST_LINKS:
            links += 1
            target = os.readlink(here)
            done = [] if target.startswith("/") else done
            todo = [piece for piece in target.split("/") if piece not in ("", ".")] + todo
        else:
            done.append(part)
    return os.path.join(root, *done)


def rows(root: str, path: str) -> list[list[str]]:
    """The colon-separated rows of a file in the container; none when it is missing."""
    try:
        text = Path(inside(root, path)).read_text(errors="replace")
    except OSError:
        return []
    return [line.split(":") for line in text.splitlines() if line.count(":") >= 3]


def find_user(root: str, text: str) -> User:
    """`name|uid[:group|gid]` by the container's own passwd and group. Raises AppleError."""
    name, _, group = text.partition(":")
    passwd = [row for row in rows(root, "/etc/passwd") if len(row) >= 6]
    row = next((row for row in passwd if name in (row[0], row[2])), None)
    if row is not None:
        found = User(int(row[2]), int(row[3]), row[5])
    elif name.isdigit():
        found = User(int(name), 0, "/")
    else:
        raise AppleError(f"unable to find user {name}", "notFound")
    if not group:
        return found
    gid = next((int(row[2]) for row in rows(root, "/etc/group") if row[0] == group), None)
    if gid is None and not group.isdigit():
        raise AppleError(f"unable to find group {group}", "notFound")
    return found._replace(gid=int(group) if gid is None else gid)


def may_execute(path: str, user: User) -> bool:
    """Whether the file can be executed by the user."""
    if not os.path.isfile(path):
        return False
    info = os.stat(path)
    if user.uid == 0:
        return bool(info.st_mode & 0o111)
    if info.st_uid == user.uid:
        return bool(info.st_mode & stat.S_IXUSR)
    return bool(info.st_mode & (stat.S_IXGRP if info.st_gid == user.gid else stat.S_IXOTH))


def find_executable(root: str, name: str, environment: Sequence[str], cwd: str, user: User) -> bool:
    """Whether the guest would find the executable: as a path, or on the PATH of the process."""
    if "/" in name:
        return may_execute(inside(root, os.path.join(cwd, name)), user)
    path = next((entry[5:] for entry in environment if entry.startswith("PATH=")), DEFAULT_PATH)
    return any(
        may_execute(inside(root, os.path.join(place, name)), user) for place in path.split(":") if place
    )


def make_directory(root: str, path: str) -> None:
    """The working directory is created when it is missing. Raises AppleError."""
    try:
        os.makedirs(inside(root, path), exist_ok=True)
    except OSError as error:
        raise AppleError(
            f"failed to create working directory {path}: {error.strerror}", "internalError"
        ) from error
