"""`contenant history diff`: what changed between two sessions."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from contenant.app.ledger import Ledger, database_url
from contenant.core.policy_diff import diff as compare_policies
from contenant.errors import NotFoundError, UsageError
from contenant.store import audit, lookups

if TYPE_CHECKING:
    from contenant.core.records import ContainerRecord, SessionRecord
    from contenant.store.reads import Reads

SHORTEST = 4  # characters of an id
# What happened in between, beside the sessions and their traffic.
EVENTS = (
    *("project", "container", "image", "claude", "policy", "rule", "engine", "credential", "config", "home"),
    *("drift", "clock"),
)
_LETS_THROUGH = ("allow", "would-deny")


class Difference(NamedTuple):
    """One line of the comparison."""

    what: str  # image, policy, setting cpus, contacted, event container.policy …
    before: str  # in the first session; "" where there is none
    after: str
    at: str = ""  # moment of an event, "" for everything else


class _Side(NamedTuple):
    """A session with what belongs to it."""

    session: SessionRecord
    container: ContainerRecord
    project: str  # path


def diff(first: str, second: str) -> list[Difference]:
    """Everything that differs, then every event that lies between their starts.

    Each is a session's id or its beginning, or `last` and `last-N` for the newest but N. Raises
    NotFoundError, UsageError where more than one session is meant.
    """
    with Ledger(database_url(os.environ)) as ledger:
        view = ledger.snapshot()
        if view is None:
            raise _unknown(first)
        one, other = _side(view, first), _side(view, second)
        found = [*_plain(view, one, other), *_settings(one, other), *_policies(view, one, other)]
        found += _traffic(view, one, other)
        return [*found, *_events(view, one, other)]


def _side(view: Reads, text: str) -> _Side:
    session = view.session(_session_id(view, text))
    assert session is not None, "it was just found"
    container = view.container(session.container_id)
    assert container is not None, "a session refers to its container"
    project = view.project(container.project_id)
    return _Side(session, container, project.path if project else "")


def _session_id(view: Reads, text: str) -> str:
    if text == "last" or text.startswith("last-"):
        return _newest(view, text)
    if len(text) < SHORTEST:
        raise UsageError(
            f"{text} is too short for a session", hint=f"write {SHORTEST} characters of its id or more"
        )
    found = lookups.sessions_beginning(view, text)
    if len(found) > 1 and text not in found:
        raise UsageError(f"more than one session begins with {text}", hint="write more of its id")
    if not found:
        raise _unknown(text)
    return text if text in found else found[0]


def _newest(view: Reads, text: str) -> str:
    back = text.removeprefix("last").removeprefix("-") or "0"
    if not back.isascii() or not back.isdigit() or len(back) > 9:
        raise UsageError(f"not a session: {text}", hint="write last, or last-1 for the one before")
    rows = list(view.history(kinds=("session",), limit=int(back) + 1))
    if len(rows) <= int(back):
        raise _unknown(text)
    return rows[-1].subject


def _unknown(text: str) -> NotFoundError:
    return NotFoundError(f"no session {text}", hint="`contenant history sessions` shows their ids")


def _plain(view: Reads, one: _Side, other: _Side) -> Iterator[Difference]:
    versions = dict(lookups.references(view))
    for what, read in _ASPECTS.items():
        before, after = (str(read(side, versions)) for side in (one, other))
        if before != after:
            yield Difference(what, before, after)


_ASPECTS: dict[str, Any] = {
    "project": lambda side, versions: side.project,
    "engine": lambda side, versions: f"{side.container.engine} {side.container.engine_version}".strip(),
    "container": lambda side, versions: side.container.id,
    "image": lambda side, versions: side.session.image,
    "claude": lambda side, versions: versions.get(side.session.image, ""),
    "command": lambda side, versions: shlex.join(side.session.argv),
    "credential": lambda side, versions: side.session.credential,
    "exit_code": lambda side, versions: "" if side.session.exit_code is None else side.session.exit_code,
    "how": lambda side, versions: side.session.how,
}


def _settings(one: _Side, other: _Side) -> Iterator[Difference]:
    """What was asked of the engine when each one's container was made."""
    before, after = (json.loads(side.container.spec) for side in (one, other))
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield Difference(f"setting {key}", _text(before.get(key)), _text(after.get(key)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, sort_keys=True)


def _policies(view: Reads, one: _Side, other: _Side) -> Iterator[Difference]:
    before, after = one.session.policy, other.session.policy
    if before == after:
        return
    yield Difference("policy", before, after)
    first, second = view.policy(before), view.policy(after)
    if first is None or second is None:
        return
    found = compare_policies(first.rules, second.rules)
    yield from (Difference("opened", "", line) for line in found.opened)
    yield from (Difference("closed", line, "") for line in found.closed)
    yield from (Difference("until changed", line, line) for line in found.changed)


def _traffic(view: Reads, one: _Side, other: _Side) -> Iterator[Difference]:
    """Hosts that only one of them reached, or was refused."""
    (reached, refused), (reached_too, refused_too) = (_hosts(view, side) for side in (one, other))
    for what, before, after in (("contacted", reached, reached_too), ("denied", refused, refused_too)):
        yield from (Difference(what, host, "") for host in sorted(before - after))
        yield from (Difference(what, "", host) for host in sorted(after - before))


def _hosts(view: Reads, side: _Side) -> tuple[set[str], set[str]]:
    rows = [row.record for row in audit.egress(view, audit.EgressFilter(session=side.session.id), 0)]
    named = [(f"{row.destination or row.address}:{row.port}", row) for row in rows]
    reached = {name for name, row in named if row.verdict in _LETS_THROUGH and row.layer != "dns"}
    return reached, {name for name, row in named if row.verdict == "deny"}


def _events(view: Reads, one: _Side, other: _Side) -> Iterator[Difference]:
    """In the order in which they happened; those of other projects are left out, those of none are not."""
    since, until = sorted((one.session.started, other.session.started))
    ours = {one.project, other.project, ""}
    rows = [row for row in view.history(since=since, until=until, kinds=EVENTS) if row.project in ours]
    yield from (Difference(f"event {row.kind}", "", row.summary, row.at) for row in reversed(rows))
