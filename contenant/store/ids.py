"""Ids: 26 lower-case characters whose text order is the order of their making."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from threading import Lock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base32: no i, l, o, u
_RANDOM_BITS = 80
_lock = Lock()
_last = 0


def new_id(now: datetime) -> str:
    """A new id: 48 bits of milliseconds, 80 random bits, in base32; above every id this process made before.

    Should the clock stand still or step back, the last id is counted up instead.
    """
    global _last
    moment = int(now.timestamp() * 1000)
    with _lock:
        _last = max(_last + 1, moment << _RANDOM_BITS | int.from_bytes(os.urandom(_RANDOM_BITS // 8)))
        number = _last
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def moment_of(key: str) -> datetime:
    """When an id was made. Raises ValueError where it is none."""
    number = 0
    for character in key[:10]:
        number = number << 5 | _ALPHABET.index(character)
    return datetime.fromtimestamp((number & (1 << 48) - 1) / 1000, UTC)


def _forget() -> None:
    """A forked child must not count up from where its parent does."""
    global _last
    _last = 0


os.register_at_fork(after_in_child=_forget)
