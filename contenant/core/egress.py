"""What a container's firewall recorded, as the host keeps it: read, joined to sessions, bounded. Pure.

The container's `collect` prints a JSON object a line, each decision of a minute once with a count, then one
with the new cursor (docs/firewall.md). The agent chose the names in it: only their shape is trusted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from contenant.core.ages import from_text, to_text
from contenant.core.policy_names import command_to_allow, parse_name
from contenant.core.records import EgressRecord, SessionSpan
from contenant.errors import UsageError

MAX_ROWS = 300  # of one collection; the rest is only counted
MAX_OF_CONTAINER = 20_000  # after so many, everything of a container is only counted
TIMES = "\N{MULTIPLICATION SIGN}"
MANY = "…"  # the destination of what was only counted
VERDICTS = ("allow", "deny", "would-deny", "steered")
LAYERS = ("dns", "tls", "http", "tcp", "l3")
REFUSED = ("deny", "would-deny")


class Collected(NamedTuple):
    """One answer of a container. `since` is the cursor that was asked with."""

    since: str
    cursor: str
    rows: tuple[EgressRecord, ...]
    suppressed: Mapping[str, int]  # what a flood added beyond the container's own bounds, since it was made


def read(text: str, container_id: str, since: str) -> Collected | None:
    """What `collect` printed; None where its last line, with the cursor, is not there or not whole.

    Rows up to the cursor `since` are left out: a copy that the container left behind holds them still.
    """
    rows, tail = [], None
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and "cursor" in found:
            tail = found
        elif isinstance(found, dict) and (row := _row(found, container_id)) is not None:
            rows.append((found.get("seq"), row))
    if tail is None or not isinstance(tail["cursor"], str) or len(tail["cursor"]) > 100:
        return None
    known = _position(since, tail["cursor"])
    fresh = tuple(row for seq, row in rows if not (isinstance(seq, int) and seq <= known))
    cursor = tail["cursor"] if _position(tail["cursor"], since) >= known else since
    return Collected(since, cursor, fresh, _counts(tail.get("suppressed")))


def _position(cursor: str, other: str) -> int:
    """How far a cursor reaches in the record that `other` is of as well; 0 where they are of two."""
    name, _, number = cursor.partition(":")
    same = name == other.partition(":")[0]
    return int(number) if same and number.isascii() and number.isdigit() else 0


def _row(raw: Mapping[str, Any], container_id: str) -> EgressRecord | None:
    """One line; None where it is none of ours."""
    try:
        at = to_text(datetime.fromtimestamp(float(raw["ts"]), UTC))
        row = EgressRecord(
            container_id=container_id,
            session_id="",
            policy=str(raw["policy"])[:64],
            layer=str(raw["layer"]),
            verdict=str(raw["verdict"]),
            destination=str(raw["name"])[:253].lower(),
            address=str(raw["dst"])[:45],
            port=int(raw["port"]),
            protocol=str(raw["proto"])[:8],
            uid=int(raw["uid"]),
            first_seen=at,
            last_seen=at,
            attempts=int(raw["count"]),
            sent=int(raw["sent"]),
            received=int(raw["received"]),
        )
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return None
    known = row.layer in LAYERS and row.verdict in VERDICTS and 0 <= row.port < 65536
    return row if known and min(row.attempts, row.sent, row.received) >= 0 else None


def _counts(raw: object) -> dict[str, int]:
    if not isinstance(raw, dict):
        return {}
    return {str(key)[:40]: value for key, value in raw.items() if isinstance(value, int)}


def attribute(rows: Iterable[EgressRecord], spans: Sequence[SessionSpan]) -> list[EgressRecord]:
    """Each row with the session it came from, where only one can be meant.

    Moments of names are whole seconds. A session that lives goes before one that has ended: what is read now
    came after what was read at that one's end. A span that ends just now is given without its end.
    """
    return [row._replace(session_id=_session(row.last_seen, spans)) for row in rows]


def _session(at: str, spans: Sequence[SessionSpan]) -> str:
    fitting = [span for span in spans if span.started[:19] <= at[:19] and _reaches(span, at)]
    living = [span for span in fitting if not span.ended]
    chosen = living or fitting
    return chosen[0].session_id if len(chosen) == 1 else ""


def _reaches(span: SessionSpan, at: str) -> bool:
    # What the kernel counted bears the moment of the collection, a little after the session's end.
    return not span.ended or (from_text(at) - from_text(span.ended)).total_seconds() <= 5


def fold(rows: Iterable[EgressRecord], most: int) -> list[EgressRecord]:
    """Equal decisions as one row with the sum of their counts; beyond `most` rows only counts are kept."""
    merged: dict[tuple[Any, ...], EgressRecord] = {}
    for row in rows:
        kept = row if _key(row) in merged or len(merged) < most else _nameless(row)
        key = _key(kept)
        merged[key] = _sum(merged[key], kept) if key in merged else kept
    return list(merged.values())


def _nameless(row: EgressRecord) -> EgressRecord:
    return row._replace(destination=MANY, address="", port=0, protocol="", uid=-1, policy="")


def _key(row: EgressRecord) -> tuple[Any, ...]:
    return (
        *(row.container_id, row.session_id, row.policy, row.layer, row.verdict),
        *(row.destination, row.address, row.port, row.uid),
    )


def _sum(row: EgressRecord, other: EgressRecord) -> EgressRecord:
    return row._replace(
        first_seen=min(row.first_seen, other.first_seen),
        last_seen=max(row.last_seen, other.last_seen),
        attempts=row.attempts + other.attempts,
        sent=row.sent + other.sent,
        received=row.received + other.received,
    )


class Refusal(NamedTuple):
    """A host that was refused, or would have been: what its user is told."""

    name: str  # host name, or an address that was dialled directly
    port: int  # 443 where only its name was asked for
    attempts: int
    sessions: int
    last_seen: str
    verdict: str  # deny or would-deny
    by_name: bool  # whether an entry of the policy could open it


def refusals(rows: Iterable[EgressRecord]) -> list[Refusal]:
    """What was refused, most often first. One attempt is seen by several layers: the highest count is taken.

    Left out is what nobody means to reach: names of one label, and of addresses (in-addr.arpa, ip6.arpa).
    """
    found: dict[tuple[str, int, str], dict[str, int]] = {}
    last: dict[tuple[str, int, str], str] = {}
    sessions: dict[tuple[str, int, str], set[str]] = {}
    for row in rows:
        if row.verdict not in REFUSED or not (key := _target(row)):
            continue
        layers = found.setdefault(key, {})
        layers[row.layer] = layers.get(row.layer, 0) + row.attempts
        last[key] = max(last.get(key, ""), row.last_seen)
        sessions.setdefault(key, set()).add(row.session_id)
    result = [
        Refusal(name, port, max(layers.values()), len(sessions[key]), last[key], verdict, is_name(name))
        for key, layers in found.items()
        for name, port, verdict in (key,)
    ]
    return sorted(result, key=lambda refusal: (not refusal.by_name, -refusal.attempts, refusal.name))


def _target(row: EgressRecord) -> tuple[str, int, str] | None:
    if not row.destination:
        return (row.address, row.port, row.verdict) if row.address else None
    if not is_name(row.destination) or row.destination.endswith((".in-addr.arpa", ".ip6.arpa")):
        return None
    return row.destination, 443 if row.layer == "dns" or row.port == 80 else row.port, row.verdict


def is_name(text: str) -> bool:
    """Whether a text is a host name that an entry of the policy could have."""
    try:
        return parse_name(text) == text
    except UsageError:
        return False


def notice(found: Sequence[Refusal], shown: int = 3) -> str:
    """One line about what a session was refused, and the command that opens the first; "" for nothing."""
    denied = [refusal for refusal in found if refusal.verdict == "deny"]
    told = denied or list(found)
    if not told:
        return ""
    names = ", ".join(f"{_shown(refusal)} ({refusal.attempts}{TIMES})" for refusal in told[:shown])
    more = f" and {len(told) - shown} more" if len(told) > shown else ""
    verb = "blocked" if denied else "let through, though block would refuse:"
    first = next((refusal for refusal in told if refusal.by_name), None)
    command = command_to_allow(first.name, first.port) if first else "contenant firewall log --denied"
    return f"firewall: {verb} {names}{more}; {command}"


def _shown(refusal: Refusal) -> str:
    name = f"[{refusal.name}]" if ":" in refusal.name else refusal.name
    return name if refusal.by_name and refusal.port == 443 else f"{name}:{refusal.port}"
