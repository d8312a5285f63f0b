"""Readers for audits beside the history: egress and policies of all projects, one session, all policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from contenant.core.records import EgressRecord
from contenant.store.encoding import from_column
from contenant.store.history import PAGE
from contenant.store.session_filter import among, to_host

if TYPE_CHECKING:
    from contenant.store.reads import Reads

_EGRESS = ", ".join(f"e.{field}" for field in EgressRecord._fields)
_POLICIES = (
    "SELECT y.hash, y.mode, y.author, y.reason, y.parent, y.created, y.expires, y.rules,"
    " count(s.id), coalesce(min(s.started), ''), coalesce(max(s.started), '')"
    " FROM policy y LEFT JOIN session s ON s.host = y.host AND s.policy = y.hash{of_project}"
    " WHERE y.host = :host AND y.created >= :since AND y.created < :until"
    " GROUP BY y.hash, y.mode, y.author, y.reason, y.parent, y.created, y.expires, y.rules"
    " ORDER BY y.created DESC, y.hash"
)
_CHANGES = (
    "SELECT data FROM event WHERE host = :host AND topic = 'container' AND kind = 'container.policy'"
    " AND {of_project}"
)


class EgressFilter(NamedTuple):
    """Which decisions of firewalls are wanted; empty means all."""

    project_ids: Sequence[str] | None = None
    since: str = ""
    until: str = ""
    destination: str = ""  # host name or address
    verdicts: Sequence[str] = ()
    policy: str = ""  # beginning of a hash
    session: str = ""


class EgressRow(NamedTuple):
    """A decision, and where it was made."""

    project: str  # path
    container: str  # name
    record: EgressRecord


class PolicyUse(NamedTuple):
    """A policy, and the sessions that started under it."""

    hash: str
    mode: str
    author: str
    reason: str
    parent: str
    created: str
    expires: str
    rules: str  # canonical text
    sessions: int
    first_used: str
    last_used: str


def egress(view: Reads, wanted: EgressFilter, limit: int) -> Iterator[EgressRow]:
    """Decisions of firewalls, the last seen first; `limit` 0: all. Read page by page."""
    conditions, values = _egress_conditions(wanted)
    sql = (
        f"SELECT {_EGRESS}, p.path, c.name, e.last_seen, e.id"  # noqa: S608 - constants only
        " FROM egress e JOIN container c ON c.id = e.container_id JOIN project p ON p.id = c.project_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY e.last_seen DESC, e.id DESC LIMIT :size"
    )
    found = _pages(view, sql, values | {"size": min(PAGE, limit or PAGE)}, wanted.until or "9999")
    rows = (EgressRow(from_column(row[-4]), row[-3], EgressRecord(*row[:-4])) for row in found)
    return islice(rows, limit) if limit else rows


def _pages(view: Reads, sql: str, values: Mapping[str, Any], until: str) -> Iterator[Sequence[Any]]:
    at, tie = until, ""
    while True:
        rows = view.ask(sql, **values, at=at, tie=tie)
        yield from rows
        if len(rows) < values["size"]:
            return
        at, tie = rows[-1][-2:]


def _egress_conditions(wanted: EgressFilter) -> tuple[list[str], dict[str, Any]]:
    found = ["e.host = :host", "e.last_seen >= :since", "(e.last_seen, e.id) < (:at, :tie)"]
    values: dict[str, Any] = {"since": wanted.since}
    if wanted.project_ids is not None:
        found.append(among("c.project_id", "project", wanted.project_ids, values))
    if wanted.destination:
        found.append(to_host(wanted.destination, ":to"))
        values["to"] = wanted.destination
    if wanted.verdicts:
        found.append(among("e.verdict", "verdict", wanted.verdicts, values))
    if wanted.policy:
        found.append("e.policy >= :policy AND e.policy < :policy_end")
        values |= {"policy": wanted.policy, "policy_end": wanted.policy + "g"}
    if wanted.session:
        found.append("e.session_id = :session")
        values["session"] = wanted.session
    return found, values


def policies(
    view: Reads, project_ids: Sequence[str] | None = None, since: str = "", until: str = ""
) -> list[PolicyUse]:
    """Policies, the newest first; with `project_ids` those that were ever in force there."""
    values: dict[str, Any] = {"since": since, "until": until or "9999"}
    of_project = "" if project_ids is None else f" AND {among('s.project_id', 'p', project_ids, values)}"
    rows = view.ask(_POLICIES.format(of_project=of_project), **values)
    found = [PolicyUse(*row) for row in rows]
    if project_ids is None:
        return found
    given = _given_in(view, project_ids)
    return [use for use in found if use.sessions or use.hash in given]


def _given_in(view: Reads, project_ids: Sequence[str]) -> set[str]:
    """Hashes of policies that containers of these projects were given, sessions or not."""
    values: dict[str, Any] = {}
    sql = _CHANGES.format(of_project=among("project_id", "p", project_ids, values))
    changes = [json.loads(row[0]) for row in view.ask(sql, **values)]
    return {change[key] for change in changes for key in ("from", "to")}
