"""What an auditor asks of sessions, as SQL over `session t` that SQLite and PostgreSQL both speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ALWAYS = "9999"  # later than any moment
_SPAN = (
    "(SELECT f.id FROM egress e JOIN session f ON f.host = e.host AND f.container_id = e.container_id"
    " AND e.last_seen >= f.started AND (f.ended = '' OR e.first_seen <= f.ended)"
    " WHERE e.session_id = '' AND {attempt})"
)
_OWN = "(SELECT e.session_id FROM egress e WHERE e.session_id <> '' AND {attempt})"
_TO_HOST = (
    "e.host = :host AND (e.destination = :{name} OR (e.destination = '' AND e.address = :{name}))"
    " AND e.verdict IN ({verdicts}){more}"
)
# A connection, not only a question for its address; what audit let through was reached too.
_CONTACTED = ("'allow', 'would-deny'", " AND e.layer <> 'dns'")
_DENIED = ("'deny', 'would-deny'", "")

_GIVEN = (
    "EXISTS (SELECT 1 FROM event v WHERE v.host = :host AND v.kind = 'container.policy'"
    " AND v.subject = t.container_id AND v.at >= t.started AND (t.ended = '' OR v.at <= t.ended)"
    " AND v.at < :{end} AND {given})"
)


class SessionFilter(NamedTuple):
    """Which sessions are wanted; empty means all."""

    images: Sequence[str] | None = None  # references
    # Policies a session ran under, hash -> moment from which that one counts no more (`ALWAYS`: never).
    # Each mapping must be met by one of its policies.
    under: Sequence[Mapping[str, str]] = ()
    credential: str = ""  # fingerprint
    contacted: str = ""  # host name or address
    denied: str = ""
    exit_code: int | None = None

    def conditions(self) -> tuple[list[str], dict[str, Any]]:
        """SQL over `session t` with named parameters, and their values; `:host` is the reader's."""
        found: list[str] = []
        values: dict[str, Any] = {}
        if self.images is not None:
            found.append(among("t.image", "image", self.images, values))
        for number, policies in enumerate(self.under):
            found.append(_under(f"under{number}_", policies, values))
        for name, verdicts in (("contacted", _CONTACTED), ("denied", _DENIED)):
            if wanted := getattr(self, name):
                found.append(_reached(name, *verdicts))
                values[name] = wanted
        if self.exit_code is not None:
            found.append("t.exit_code = :exit_code")
            values["exit_code"] = self.exit_code
        return found, values


def _reached(name: str, verdicts: str, more: str) -> str:
    """By the sessions' own record; where that names none, by those that lived in the container then."""
    attempt = _TO_HOST.format(name=name, verdicts=verdicts, more=more)
    return f"(t.id IN {_OWN.format(attempt=attempt)} OR t.id IN {_SPAN.format(attempt=attempt)})"


def _under(name: str, policies: Mapping[str, str], values: dict[str, Any]) -> str:
    """Started under one of the policies, or was given one while it ran, before that one's end."""
    ends: dict[str, list[str]] = {}
    for policy, end in policies.items():
        ends.setdefault(end, []).append(policy)
    either = []
    for number, (end, hashes) in enumerate(ends.items()):
        own = f"{name}{number}_"
        values[f"{own}end"] = end
        started = among("t.policy", own, hashes, values)
        either.append(f"({started} AND t.started < :{own}end)")
        given = among("substr(v.data, length(v.data) - 65, 64)", own, hashes, values)
        values[f"{own}end"] = end
        either.append(_GIVEN.format(end=f"{own}end", given=given))
    return f"({' OR '.join(either)})" if either else "1 = 0"


def among(column: str, name: str, wanted: Sequence[str], values: dict[str, Any]) -> str:
    """A condition that a column holds one of these; the values are added under names that begin so."""
    values |= {f"{name}{number}": value for number, value in enumerate(wanted)}
    if len(wanted) == 1:  # an equality, so that the index gives the order too
        return f"{column} = :{name}0"
    slots = ", ".join(f":{name}{number}" for number in range(len(wanted)))
    return f"{column} IN ({slots})" if wanted else "1 = 0"
