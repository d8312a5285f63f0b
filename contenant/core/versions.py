"""Versions of the agent: which may be asked for, which is older, what an image's tag says. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from contenant.errors import UsageError

if TYPE_CHECKING:
    from contenant.core.settings_values import Place

LATEST = "latest"
OLDEST = "2.1.197"  # the managed settings and the way a credential travels were never tried with an older one
_EXACT = r"[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}"
_UNPINNED = "unpinned"


def parse_version(raw: Any, place: Place | None = None) -> str:
    """`latest`, or one exact version that the image can hold. Raises UsageError."""
    if raw == LATEST:
        return LATEST
    if not isinstance(raw, str) or not re.fullmatch(_EXACT, raw):
        raise UsageError(
            f"not a version of Claude Code: {str(raw)[:60]!r}",
            hint='write "latest", or one such as "2.1.330"',
        )
    if order(raw) < order(OLDEST):
        raise UsageError(
            f"Claude Code {raw} is older than {OLDEST}, the oldest that the image's settings and the way "
            "a credential reaches the agent were tried with",
            hint=f"choose {OLDEST} or a later one",
        )
    return raw


def order(version: str) -> tuple[int, ...]:
    """What versions sort by."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def tagged_version(reference: str) -> str:
    """The agent's version that an image of ours has in its tag, "" for any other."""
    name, _, tag = reference.rpartition(":")
    version, dash, _ = tag.partition("-")
    return version if dash and name.rpartition("/")[2] == "contenant" else ""


def unpinned(version: str) -> str:
    """What stands for the image of a version whose packages were not asked for yet: no image is called so."""
    return f"contenant:{version}-{_UNPINNED}"


def is_unpinned(reference: str) -> bool:
    """Whether a reference only stands for an image."""
    return reference.endswith(f"-{_UNPINNED}")
