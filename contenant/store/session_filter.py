"""What an auditor asks of sessions, as SQL over `session t` that SQLite and PostgreSQL both speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ALWAYS = "9999"  # later than any moment
_SPAN = (
    "SELECT f.id FROM egress e JOIN session f ON f.container_id = e.container_id"
    " AND e.last_seen >= f.started AND (f.ended = '' OR e.first_seen <= f.ended)"
    " WHERE e.session_id = '' AND {attempt}"
)
_OWN = "SELECT e.session_id FROM egress e WHERE e.session_id <> '' AND {attempt}"
_TO_HOST = "e.host = :host AND {there} AND e.verdict IN ({verdicts}){more}"
# A connection, not only a question for its address; what audit let through was reached too.
_CONTACTED = ("'allow', 'would-deny'", " AND e.layer <> 'dns'")
_DENIED = ("'deny', 'would-deny'", "")

# Sessions to which one of these policies was given while they ran.
_GIVEN = (
    "SELECT f.id FROM event v JOIN session f ON f.container_id = v.subject"
    " AND v.at >= f.started AND (f.ended = '' OR v.at <= f.ended)"
    " WHERE v.host = :host AND v.kind = 'container.policy' AND ({which})"
)
_GIVEN_HASH = "substr(v.data, length(v.data) - 65, 64)"  # "to" is the last key of canonical JSON
_STARTED_HASH = "(t.policy || '')"  # joined, so that no index is taken whose rows had to be sorted
MANY = 64  # policies that are read along the index one by one; more are looked for in all sessions


class Part(NamedTuple):
    """Conditions that are all to hold, and the values of their parameters."""

    conditions: list[str]
    values: dict[str, Any]
    within: list[str] = []  # noqa: RUF012 - never changed; queries of ids, of which a session must be in each


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

    def parts(self) -> list[Part]:
        """The wanted sessions, as parts without a session in common, each in order along an index."""
        common, values = self._conditions()
        within = self._within(values)
        for number, policies in enumerate(self.under[1:], 1):
            started, given = _under(f"under{number}_", policies, values)
            common.append(f"({started} OR t.id IN ({given}))")
        if not self.under:
            return [Part(common, values, within)]
        found, own = self.under[0], dict(values)
        started, given = _under("under0_", found, own)
        rest = Part([*common, f"NOT {started}"], own, [*within, given])
        if len(found) > MANY:
            return [Part([*common, started], own, within), rest]
        only = [*common, "t.policy = :only", "t.started < :only_end"]
        each = [Part(only, values | {"only": key, "only_end": end}, within) for key, end in found.items()]
        return [*each, rest]

    def _conditions(self) -> tuple[list[str], dict[str, Any]]:
        found: list[str] = []
        values: dict[str, Any] = {}
        if self.images is not None:
            found.append(among("t.image", "image", self.images, values))
        if self.exit_code is not None:
            # Said twice, so that the index of failures can be taken.
            found.append("t.exit_code = :exit_code" + (" AND t.exit_code <> 0" if self.exit_code else ""))
            values["exit_code"] = self.exit_code
        return found, values

    def _within(self, values: dict[str, Any]) -> list[str]:
        found = []
        for name, verdicts in (("contacted", _CONTACTED), ("denied", _DENIED)):
            if wanted := getattr(self, name):
                found.append(_reached(name, to_host(wanted, f":{name}"), *verdicts))
                values[name] = wanted
        return found


def to_host(text: str, slot: str) -> str:
    """The condition over `egress e` that a host name or an address was meant; `slot` is its parameter."""
    is_address = ":" in text or text.replace(".", "").isdigit()
    return f"e.destination = '' AND e.address = {slot}" if is_address else f"e.destination = {slot}"


def _reached(name: str, there: str, verdicts: str, more: str) -> str:
    """By the sessions' own record; where that names none, those that lived in the container then."""
    attempt = _TO_HOST.format(there=there, verdicts=verdicts, more=more)
    return f"{_OWN.format(attempt=attempt)} UNION {_SPAN.format(attempt=attempt)}"


def _under(name: str, policies: Mapping[str, str], values: dict[str, Any]) -> tuple[str, str]:
    """The condition that it started under one of the policies, and the query of those that were given one
    while they ran; each before that one's end."""
    ends: dict[str, list[str]] = {}
    for policy, end in policies.items():
        ends.setdefault(end, []).append(policy)
    started, given = ["1 = 0"], ["1 = 0"]
    for number, (end, hashes) in enumerate(ends.items()):
        own = f"{name}{number}_"
        values[f"{own}end"] = end
        started.append(f"{among(_STARTED_HASH, own, hashes, values)} AND t.started < :{own}end")
        given.append(f"{among(_GIVEN_HASH, own, hashes, values)} AND v.at < :{own}end")
    return f"({' OR '.join(started)})", _GIVEN.format(which=" OR ".join(given))


def among(column: str, name: str, wanted: Sequence[str], values: dict[str, Any]) -> str:
    """A condition that a column holds one of these; the values are added under names that begin so."""
    values |= {f"{name}{number}": value for number, value in enumerate(wanted)}
    if len(wanted) == 1:  # an equality, so that the index gives the order too
        return f"{column} = :{name}0"
    slots = ", ".join(f":{name}{number}" for number in range(len(wanted)))
    return f"{column} IN ({slots})" if wanted else "1 = 0"
