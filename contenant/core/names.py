"""The identity of a project: canonical path -> container name."""

from __future__ import annotations

import re

from contenant.core.digest import sha256_hex
from contenant.errors import UsageError

MAX_NAME = 40  # Apple allows 63; the guest's hostname and tables want less
VARIANT = "[a-z0-9][a-z0-9-]{0,30}"  # what a further container of a project may be called
PREFIX = "contenant-"
_ROOM = MAX_NAME - len(PREFIX) - 1 - 8  # characters beside these and the hash
_LEAST = 6  # characters of the basename that stay beside however long a variant


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


def container_name(path: str, variant: str = "") -> str:
    """`contenant-{basename}-{short-hash}` for a canonical project path, 40 characters at most.

    A further container has its `variant` between the two, and in the hash: a path holds no NUL, so that no
    other project and no other variant has the same text hashed, however the names are cut.
    """
    base = _base(path)
    if not variant:
        return f"{PREFIX}{base[:_ROOM].strip('-')}-{path_hash(path)}"
    hashed = path_hash(f"{path}\0{variant}")
    own = variant[: _ROOM - _LEAST - 1]
    base = base[: _ROOM - 1 - len(own)].strip("-")
    return f"{PREFIX}{base}-{own.strip('-')}-{hashed}"


def common_start(path: str) -> str:
    """What the names of all containers of a project begin with; those of another's may, too."""
    return PREFIX + _base(path)[:_LEAST].strip("-")


def _base(path: str) -> str:
    return slug(path.rstrip("/").rpartition("/")[2])


def is_variant(name: str) -> bool:
    """Whether a further container may be called so."""
    return re.fullmatch(VARIANT, name) is not None


def check_variant(name: str) -> str:
    """The name of a further container, as given. Raises UsageError."""
    if not is_variant(name):
        raise UsageError(
            f"not a name for a container of the project: {name!r}",
            hint="1 to 31 lower-case letters, digits and dashes, such as review; no dash in front",
        )
    return name
