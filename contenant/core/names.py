"""The identity of a project: canonical path -> container name."""

from __future__ import annotations

import re

from contenant.core.digest import sha256_hex

MAX_NAME = 40  # Apple allows 63; the guest's hostname and tables want less
PREFIX = "contenant-"


def path_hash(path: str) -> str:
    """First 8 hex digits of the SHA-256 of a canonical path (bytes as the file system has them)."""
    return sha256_hex(path.encode("utf-8", "surrogateescape"))[:8]


def slug(basename: str) -> str:
    """A basename cut down to `[a-z0-9-]`; "project" when nothing is left of it."""
    cleaned = re.sub(r"[^a-z0-9]+", "-", basename.lower()).strip("-")
    return cleaned or "project"


def is_session_start(word: str) -> bool:
    """Whether a word can be the beginning of a session's id (store.ids), of a length that tells any two."""
    return re.fullmatch("[0-9a-hjkmnp-tv-z]{6,26}", word) is not None


def container_name(path: str) -> str:
    """`contenant-{basename}-{short-hash}` for a canonical project path, 40 characters at most."""
    room = MAX_NAME - len(PREFIX) - 1 - 8
    base = slug(path.rstrip("/").rpartition("/")[2])[:room].strip("-")
    return f"{PREFIX}{base}-{path_hash(path)}"
