"""Sessions and events, merged newest first, in pages: flat memory, and no transaction between two pages."""

from __future__ import annotations

import heapq
import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from contenant.core.ages import from_text
from contenant.store.encoding import from_column
from contenant.store.rows import HistoryRow
from contenant.store.session_filter import Part, SessionFilter, among

PAGE = 500
FEW = 500  # ids of sessions
Execute = Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]]

_SESSION = (
    *("id", "container_id", "kind", "image", "policy", "credential", "argv", "tty", "detachable"),
    *("started", "ended", "exit_code", "how"),
)
_EVENT = ("seq", "at", "kind", "subject", "project_id", "data", "previous", "hash")
_COLUMNS = {"session": _SESSION, "event": _EVENT}
_ORDER = {"session": ("started", "id"), "event": ("at", "seq")}
_ALL = Part([], {})
_LOWEST: dict[str, Any] = {"session": "", "event": 0}
_JOIN = {
    "session": "LEFT JOIN container c ON c.id = t.container_id",
    # What a session left behind, or was lent, concerns the session's container.
    "event": "LEFT JOIN session s ON t.kind IN ('session.left', 'session.ssh') AND s.id = t.subject"
    " LEFT JOIN container c ON c.id = coalesce(s.container_id, t.subject)",
}
_OF_CREDENTIAL = {
    "session": "t.credential = :credential",
    "event": "t.topic = 'credential' AND t.subject = :credential",
}


class Filter:
    """Which rows are wanted; empty means all. `kinds` holds "session", topics and event kinds."""

    def __init__(
        self,
        project_ids: Sequence[str] | None,
        since: str,
        until: str,
        kinds: Sequence[str],
        credential: str = "",
        sessions: SessionFilter | None = None,
    ) -> None:
        self.project_ids = project_ids
        self.parts = (sessions or SessionFilter()).parts()
        self.credential = credential  # a fingerprint
        self.since, self.until = since, until or "9999"
        self.sessions = not kinds or "session" in kinds
        self.kinds = [kind for kind in kinds if "." in kind]
        self.topics = [kind for kind in kinds if "." not in kind and kind != "session"]
        self.events = not kinds or bool(self.kinds or self.topics)


def read(execute: Execute, host: str, wanted: Filter, limit: int) -> Iterator[HistoryRow]:
    """Rows newest first; `limit` 0: all. `execute` runs one portable statement and returns all its rows."""
    page = min(PAGE, limit) if limit else PAGE
    streams: list[Iterator[HistoryRow]] = []
    if wanted.sessions:
        share = min(page, max(10, page // len(wanted.parts) + 1))
        pages = (_pages(execute, "session", host, wanted, share, part) for part in wanted.parts)
        streams += [map(_session_row, rows) for rows in pages]
    if wanted.events:
        streams.append(map(_event_row, _pages(execute, "event", host, wanted, page)))
    merged = heapq.merge(*streams, key=lambda row: row.at, reverse=True)
    return islice(merged, limit) if limit else merged


def _pages(
    execute: Execute, table: str, host: str, wanted: Filter, size: int, part: Part = _ALL
) -> Iterator[Sequence[Any]]:
    """All rows of a table that are wanted, each page read from where the last one ended."""
    part = _narrowed(execute, host, part)
    sql, values = _statement(table, wanted, part)
    values |= {"host": host, "since": wanted.since, "size": size}
    at, tie = wanted.until, _LOWEST[table]  # rows before this point: `until` itself is not among them
    while True:
        rows = execute(sql, values | {"at": at, "tie": tie})
        yield from rows
        if len(rows) < size:
            return
        at, tie = rows[-1][-2:]


def _narrowed(execute: Execute, host: str, part: Part) -> Part:
    """Few ids are looked up and written out: no planner knows that a query of ids finds few."""
    conditions, values = list(part.conditions), dict(part.values)
    for number, query in enumerate(part.within):
        ids = [row[0] for row in execute(f"{query} LIMIT {FEW + 1}", values | {"host": host})]
        few = len(ids) <= FEW
        conditions.append(among("t.id", f"id{number}_", ids, values) if few else f"t.id IN ({query})")
    return Part(conditions, values)


def _statement(table: str, wanted: Filter, part: Part = _ALL) -> tuple[str, dict[str, Any]]:
    at, tie = _ORDER[table]
    columns = ", ".join(f"t.{column}" for column in _COLUMNS[table])
    conditions = ["t.host = :host", f"t.{at} >= :since", f"(t.{at}, t.{tie}) < (:at, :tie)"]
    values: dict[str, Any] = {}
    if wanted.project_ids is not None:
        conditions.append(among("t.project_id", "project", wanted.project_ids, values))
    if table == "event":
        conditions.append(_events_wanted(wanted, values))
    if wanted.credential:
        conditions.append(_OF_CREDENTIAL[table])
        values["credential"] = wanted.credential
    conditions += part.conditions
    values |= part.values
    sql = (
        f"SELECT {columns}, coalesce(p.path, ''), coalesce(c.name, ''), t.{at}, t.{tie} FROM {table} t"  # noqa: S608 - constants only
        f" LEFT JOIN project p ON p.id = t.project_id {_JOIN[table]}"
        f" WHERE {' AND '.join(conditions)} ORDER BY t.{at} DESC, t.{tie} DESC LIMIT :size"
    )
    return sql, values


def _events_wanted(wanted: Filter, values: dict[str, Any]) -> str:
    """Sessions, egress and usage have rows of their own: unasked, their events would only say the same.

    But for what one left in the project, and whether it had the SSH agent, which no row tells.
    """
    if not wanted.kinds and not wanted.topics:
        shown = "(t.topic NOT IN ('session', 'egress') OR t.kind IN ('session.left', 'session.ssh'))"
        return f"{shown} AND t.topic <> 'usage'"
    topics = {*wanted.topics, *(kind.partition(".")[0] for kind in wanted.kinds)}
    # Joined with "", so that the index of a project's own few events is taken rather than the topic's.
    column = "t.topic" if wanted.project_ids is None else "(t.topic || '')"
    within = among(column, "topic", sorted(topics), values)
    exact = among("t.kind", "kind", wanted.kinds, values)
    whole = among("(t.topic || '')", "whole", wanted.topics, values)
    return f"{within} AND ({exact} OR {whole})"


def _session_row(row: Sequence[Any]) -> HistoryRow:
    data = dict(zip(_SESSION, row, strict=False))
    data |= {
        "argv": json.loads(data["argv"]),
        "tty": bool(data["tty"]),
        "detachable": bool(data["detachable"]),
    }
    path, container = from_column(row[len(_SESSION)]), row[len(_SESSION) + 1]
    return HistoryRow(data["started"], "session", path, container, data["id"], _session_summary(data), data)


def _event_row(row: Sequence[Any]) -> HistoryRow:
    data = dict(zip(_EVENT, row, strict=False))
    data["data"] = json.loads(data["data"])
    path, container = from_column(row[len(_EVENT)]), row[len(_EVENT) + 1]
    summary = _event_summary(data["kind"], data["subject"], data["data"])
    return HistoryRow(data["at"], data["kind"], path, container, data["subject"], summary, data)


def _session_summary(data: Mapping[str, Any]) -> str:
    command = shlex.join(data["argv"])
    if not data["ended"]:
        return f"{command} → still open"
    seconds = max(0, round((from_text(data["ended"]) - from_text(data["started"])).total_seconds()))
    result = data["how"] if data["exit_code"] is None else str(data["exit_code"])
    return f"{command} → {result} after {_duration(seconds)}"


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def _event_summary(kind: str, subject: str, data: Mapping[str, Any]) -> str:
    """The few words of an event that matter to people."""
    if "from" in data and "to" in data:
        why = f" ({data['why']})" if data.get("why") else ""
        return f"{data['from']} → {data['to']}{why}"
    if kind == "egress.collected":
        refused = sum(row["attempts"] for row in data["rows"] if row["verdict"] == "deny")
        return f"{len(data['rows'])} destinations, refused {refused} times"
    if kind in ("rule.added", "rule.removed"):
        return f"{data['kind']} {data['text']}: {data.get('why') or data.get('reason') or '-'}"
    if kind.startswith("drift."):
        told = f"{data['expected']} → {data['found']}" if "found" in data else data["how"]
        return f"{data['aspect']} {data['what']}: {told}"
    if kind in ("session.left", "session.ssh") or kind.startswith("service."):
        return _beyond_its_row(kind, data)
    if kind.startswith("credential."):
        return ", ".join([subject, *(data[key] for key in ("kind", "source", "place") if key in data)])
    for key in ("why", "path", "reference", "image", "version", "recipe", "mode", "log"):
        if data.get(key):
            return f"{data[key]}"
    if kind == "engine.remembered":
        return f"{data.get('key')} = {data.get('value')}"
    return ""


def _beyond_its_row(kind: str, data: Mapping[str, Any]) -> str:
    """What an event tells of a session beyond its own row."""
    if kind == "session.left":
        return _left_summary(data.get("findings", []))
    if kind.startswith("service."):
        return _service_summary(data)
    return f"SSH agent: {', '.join(data['keys']) or 'no keys'}"


def _service_summary(data: Mapping[str, Any]) -> str:
    """Which services of the host a session was shown, or what went through one."""
    if "ports" in data:
        return f"services of this machine: {', '.join(f'127.0.0.1:{port}' for port in data['ports'])}"
    sizes = f"{data['sent']} bytes to it, {data['received']} back"
    return f"127.0.0.1:{data['port']}: {data['connections']} connections, {sizes}"


def _left_summary(findings: Sequence[Sequence[str]]) -> str:
    """What a session left in the project, dangers first, as they were recorded."""
    shown = [f"{path} {happened}" for path, happened, *_ in findings[:3]]
    more = [f"{len(findings) - 3} more"] if len(findings) > 3 else []
    return f"left behind: {', '.join(shown + more)}"
