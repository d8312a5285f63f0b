"""Durations and moments: what users write, what tables show. Moments are ISO-8601 UTC text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from contenant.errors import UsageError

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
_DURATION = r"([1-9][0-9]{0,5})([mhdwy])"  # compiled where there is one
_LONGEST = timedelta(days=100 * 365)


def parse_duration(text: str) -> timedelta:
    """`90m 12h 30d 6w 1y` -> timedelta, a century at most; anything else raises UsageError."""
    match = re.fullmatch(_DURATION, text.strip())
    found = timedelta(seconds=int(match[1]) * _UNITS[match[2]]) if match else None
    if found is None or found > _LONGEST:
        raise UsageError(
            f"not a duration: {text!r}", hint="write a number and a unit, such as 90m, 12h, 30d, 6w or 1y"
        )
    return found


def to_text(moment: datetime) -> str:
    """A moment as fixed-width ISO-8601 UTC with milliseconds, so that text order is time order."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def from_text(text: str) -> datetime:
    """Undo `to_text`; also reads other ISO-8601 forms. Raises ValueError on anything else."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def age(since: str, now: datetime) -> str:
    """How long ago, for people: `now`, `5m`, `3h`, `12d`, `7w`, `2y`; "-" where it is not known."""
    if not since:
        return "-"
    seconds = (now - from_text(since)).total_seconds()
    if seconds < 60:
        return "now"
    for limit, unit in ((3600, "m"), (2 * 86400, "h"), (60 * 86400, "d"), (2 * 365 * 86400, "w")):
        if seconds < limit:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{int(seconds // _UNITS['y'])}y"


def ago(since: str, now: datetime) -> str:
    """The same in a sentence: `just now`, `3h ago`."""
    text = age(since, now)
    return "just now" if text == "now" else f"{text} ago"
