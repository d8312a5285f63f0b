"""Which version of the agent was chosen on this machine: a small file that a list can look at in one call.

The record of choices is in the database; this is the last word of it. Beside it lie the locks of versions
that contenant was not shipped with.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from contenant import files
from contenant.errors import StateError
from contenant.paths import ensure_private, state_dir

_MAX_BYTES = 4096


class Choice(NamedTuple):
    """Versions, "" where nothing was chosen."""

    chosen: str = ""  # by `image upgrade` or `image rollback`
    latest: str = ""  # what "latest" was last found to mean


def folder() -> Path:
    """Where choice and locks are."""
    return state_dir() / "claude"


def lock_file(version: str) -> Path:
    """Where the lock of a version is, whether or not there is one."""
    return folder() / f"{version}.lock"


def watched(setting: str) -> str:
    """The one file on which the meaning of `claude.version` depends."""
    return str(folder() / "choice" if setting in ("", "latest") else lock_file(setting))


def read() -> Choice:
    """The choice in force. Raises StateError where it cannot be read."""
    place = folder() / "choice"
    try:
        text = (files.read(place, _MAX_BYTES) or b"").decode("ascii", "replace")
    except OSError as error:
        raise StateError(
            f"cannot read {place}: {error.strerror}", hint="make it readable, or remove it"
        ) from error
    known = dict(line.split(" ", 1) for line in text.splitlines() if line.count(" ") == 1)
    return Choice(known.get("chosen", ""), known.get("latest", ""))


def write(choice: Choice) -> None:
    """Put a choice in force. Raises StateError."""
    lines = [f"{name} {version}\n" for name, version in choice._asdict().items() if version]
    keep(folder() / "choice", "".join(lines))


def keep(place: Path, text: str) -> None:
    """Write a file of this folder as a whole. Raises StateError."""
    try:
        files.replace(ensure_private(place.parent) / place.name, text.encode("ascii"))
    except OSError as error:
        raise StateError(
            f"cannot write {place}: {error.strerror}", hint="make room in the state directory"
        ) from error
