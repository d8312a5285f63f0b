"""Files beside a database: made for their owner only, brought to the disk, opened without being written."""

from __future__ import annotations

import os
from pathlib import Path


def private_file(path: Path) -> None:
    """Make an empty file only its owner can read, before SQLite makes a more open one. Raises OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def sync(path: Path) -> None:
    """Bring a file, or the names in a directory, to the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def uri(path: Path, how: str) -> str:
    """What sqlite3 takes for a file with a parameter such as `mode=ro`."""
    name = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{name}?{how}"
