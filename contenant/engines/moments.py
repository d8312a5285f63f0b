"""Moments as engines write them -> ISO-8601 UTC text (core.ages); "" for what stands for "never"."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from contenant.core.ages import to_text

_TEXT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)? ?(Z|[+-]\d\d:?\d\d)?")
_EPOCH_2001 = 978307200  # Foundation's reference date, in seconds since 1970


def from_engine_text(text: str) -> str:
    """`2026-11-23T12:43:47.762296355Z` or `2026-11-23 13:14:26 +0000 UTC`. Raises ValueError on no date."""
    if not text:
        return ""
    match = _TEXT.match(text)
    if match is None:
        raise ValueError(f"not a moment: {text!r}")
    if text.startswith(("0001-", "1970-01-01")):  # Go's zero time; Apple's where it was not kept
        return ""
    fraction = (match[3] or "")[:7]  # microseconds are the most Python reads
    return to_text(datetime.fromisoformat(f"{match[1]}T{match[2]}{fraction}{match[4] or 'Z'}"))


def from_unix(seconds: float) -> str:
    """Seconds since 1970."""
    return to_text(datetime.fromtimestamp(seconds, UTC)) if seconds > 0 else ""


def from_foundation(value: str | float | None) -> str:
    """Apple's: ISO-8601 text since 1.0, before it seconds since 2001-01-01."""
    if value is None:
        return ""
    return from_engine_text(value) if isinstance(value, str) else from_unix(value + _EPOCH_2001)
