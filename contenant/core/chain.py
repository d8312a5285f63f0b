"""The audit chain: each event's hash covers the one before it, over canonical JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contenant.core.digest import sha256_hex

GENESIS = "0" * 64
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True
)  # made once: a walk is long


def canonical(data: Mapping[str, Any]) -> str:
    """JSON with sorted keys, no blanks, ASCII only: the same text for the same data everywhere."""
    return _ENCODER.encode(data)


def link(
    previous: str, *, host: str, seq: int, at: str, kind: str, subject: str, project_id: str, data: str
) -> str:
    """The hash of an event: SHA-256, 64 hex digits, over the previous hash and every field of the event.

    `data` is canonical JSON already, and hashed as the text that is stored.
    """
    head = {"at": at, "host": host, "kind": kind, "project": project_id, "seq": seq, "subject": subject}
    text = f"{previous}\n{canonical(head)}\n{data}"
    return sha256_hex(text.encode("ascii"))
