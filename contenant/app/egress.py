"""The firewalls' records, taken over from the containers: after each session and on demand.

A container keeps what it recorded until it is asked again with the cursor it gave with it, so a failure here
loses nothing but time.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contenant import config, files, host
from contenant.app import firewall_place
from contenant.app.ledger import Ledger
from contenant.app.project import container_dir, identify
from contenant.app.results import Ui
from contenant.core import changes
from contenant.core.ages import from_text, to_text
from contenant.core.egress import (
    MAX_OF_CONTAINER,
    MAX_ROWS,
    REFUSED,
    Collected,
    Refusal,
    attribute,
    fold,
    notice,
    read,
    refusals,
)
from contenant.core.policy_names import is_open
from contenant.core.records import ContainerRecord, EgressRecord, SessionSpan
from contenant.core.values import ExecSpec
from contenant.errors import ContenantError, FirewallError
from contenant.process import Pending, start

if TYPE_CHECKING:
    from contenant.engines.base import Engine

COLLECT = "/usr/local/lib/contenant/firewall/collect"
LEFT_BEHIND = "egress.jsonl"  # among the sessions' files: what `collect` would have said at the stop
MAX_LEFT = 4 << 20  # bytes; a container's ledger is a quarter of that at most
AT_END = 5.0  # seconds after a session, at most
ON_DEMAND = 20.0
ROUND = 2.0  # seconds between looks of `log --follow`


class Asked(NamedTuple):
    """A container that is on its way to tell what it recorded."""

    container: ContainerRecord
    since: str  # cursor
    pending: Pending


def ask(ledger: Ledger, engine: Engine, container: ContainerRecord) -> Asked:
    """Ask a running container. Raises FirewallError; `take` has the answer."""
    view = ledger.snapshot()
    since = view.egress_cursor(container.id) if view else ""
    spec = ExecSpec(argv=(COLLECT, *(("--since", since) if since else ())))
    try:
        return Asked(container, since, start(engine.exec_argv(container.name, spec)))
    except OSError as error:
        raise FirewallError(f"{container.name} could not be asked for its record: {error}") from error


def take(ledger: Ledger, asked: Asked, seconds: float, ending: str = "") -> list[EgressRecord]:
    """Wait for the answer, `seconds` from the question, and record it. Returns what is new.

    `ending`: a session that has just ended. Raises FirewallError, StateError.
    """
    container = asked.container
    try:
        done = asked.pending.result(seconds)
    except TimeoutError as error:
        raise FirewallError(f"{container.name} did not give its record within {seconds:g} s") from error
    found = read(done.stdout, container.id, asked.since) if done.code == 0 else None
    if found is None:
        raise FirewallError(f"{container.name} did not give its record: {done.stderr.strip()}")
    return _keep(ledger, container, found, ending)


def _keep(ledger: Ledger, container: ContainerRecord, found: Collected, ending: str) -> list[EgressRecord]:
    if not found.rows:
        return []
    store = ledger.store()
    room = max(0, MAX_OF_CONTAINER - store.egress_rows(container.id))
    spans = _spans(ledger, container, found.rows, ending)
    rows = fold(attribute(found.rows, spans), min(MAX_ROWS, room))
    named = [(store.new_id(), row) for row in rows]
    store.apply([changes.egress_collected(container, found.since, found.cursor, named)])
    return rows


def take_left(ledger: Ledger, container: ContainerRecord, ending: str = "") -> list[EgressRecord]:
    """Record what a container left behind when it stopped, and what it had not told yet. Returns what is new.

    `ending`: a session that has just ended. Nothing where the file is not there or not whole. Raises
    StateError.
    """
    path = container_dir(container.name) / "sessions" / LEFT_BEHIND
    try:
        data = files.read(path, MAX_LEFT)
    except OSError:
        return []
    view = ledger.snapshot()
    since = view.egress_cursor(container.id) if view else ""
    found = read((data or b"").decode("utf-8", "replace"), container.id, since)
    rows = _keep(ledger, container, found, ending) if found else []
    path.unlink(missing_ok=True)
    return rows


def _spans(
    ledger: Ledger, container: ContainerRecord, rows: Sequence[EgressRecord], ending: str
) -> list[SessionSpan]:
    first = from_text(min(row.first_seen for row in rows)) - timedelta(seconds=10)
    spans = ledger.store().spans(container.id, to_text(first))
    return [span._replace(ended="") if span.session_id == ending else span for span in spans]


def begin_at_end(ledger: Ledger, engine: Engine, container: ContainerRecord) -> Asked | None:
    """Ask after a session; None where that is not possible, which is no failure of the session."""
    try:
        return ask(ledger, engine, container)
    except ContenantError:
        return None


def finish_at_end(ledger: Ledger, asked: Asked | None, session_id: str, ui: Ui) -> None:
    """Record what a session tried, and say in one line what it was refused. Never raises for it."""
    if asked is None:
        return
    with suppress(ContenantError):  # the container keeps it, and is asked again
        _tell(ledger, asked.container, session_id, take(ledger, asked, AT_END, session_id), ui)


def after_stop(ledger: Ledger, container: ContainerRecord, session_id: str, ui: Ui, *, quiet: bool) -> None:
    """Record what the container left behind when it stopped with this session, and unless `quiet` say what
    the session was refused. Never raises for it.
    """
    with suppress(ContenantError):
        fresh = take_left(ledger, container, session_id)
        if not quiet:
            _tell(ledger, container, session_id, fresh, ui)


def _tell(
    ledger: Ledger, container: ContainerRecord, session_id: str, fresh: Sequence[EgressRecord], ui: Ui
) -> None:
    store = ledger.store()
    rows = [*store.refused_in(session_id), *(row for row in fresh if not row.session_id)]
    current = store.container(container.id) or container
    if told := notice(_still_closed(ledger, refusals(rows), current.policy)):
        ui.note(told)


def _still_closed(ledger: Ledger, found: Sequence[Refusal], policy_hash: str) -> list[Refusal]:
    """What a command has opened since is no news."""
    policy = ledger.store().policy(policy_hash)
    body = json.loads(policy.rules) if policy else {}
    return [refusal for refusal in found if not is_open(body, refusal.name, refusal.port)]


def last_words(ledger: Ledger, engine: Engine, container: ContainerRecord) -> None:
    """Take over what a container recorded before it is stopped or removed; best effort."""
    with suppress(ContenantError):
        if container.state == "running" and (asked := begin_at_end(ledger, engine, container)):
            take(ledger, asked, AT_END)
    with suppress(ContenantError):
        take_left(ledger, container)


def catch_up(ledger: Ledger, path: Path, ui: Ui) -> bool:
    """Take over what the project's containers recorded up to now; say where one does not tell.

    Returns whether every engine of the project's containers answered.
    """
    targets = firewall_place.look(ledger, path).targets
    for target in targets:
        if target.trouble:
            ui.warn(f"the record may be behind: {target.trouble}")
        if target.engine is None:
            continue
        if not target.running:
            take_left(ledger, target.container)
            continue
        try:
            take(ledger, ask(ledger, target.engine, target.container), ON_DEMAND)
        except FirewallError as error:
            ui.warn(f"the record may be behind: {error.message}")
    return not any(target.trouble for target in targets)


class LogQuery(NamedTuple):
    """Filters of `contenant firewall log`."""

    path: Path
    refused: bool = False
    since: str = ""  # ISO-8601 UTC
    destination: str = ""
    limit: int = 0  # 0: no limit
    variant: str | None = None  # which container `follow` follows; None: the one used last


class Log(NamedTuple):
    """Rows, newest first; `current` is False where an engine did not answer, and they may be behind."""

    rows: list[EgressRecord]
    current: bool


def log(query: LogQuery, ui: Ui) -> Log:
    """What the firewalls of a project recorded up to this moment."""
    with Ledger(config.database_url(os.environ)) as ledger:
        current = catch_up(ledger, query.path, ui)
        view = ledger.snapshot()
        project = view.project_by_path(identify(query.path)[0]) if view else None
        if view is None or project is None:
            return Log([], current)
        rows = view.egress(
            project.id,
            refused=query.refused,
            since=query.since,
            destination=query.destination,
            limit=query.limit,
        )
    return Log(rows, current)


def follow(query: LogQuery, ui: Ui) -> Iterator[list[EgressRecord]]:
    """What the firewall decides from now on, as it becomes known: a list every `ROUND` seconds.

    Ends when the container stops. Raises NotFoundError where it does not run.
    """
    with Ledger(config.database_url(os.environ)) as ledger:
        target = firewall_place.running(ledger, query.path, query.variant)
        assert target.engine is not None  # it runs
        view = ledger.store()
        seen = view.last_event()
        while True:
            try:
                take(ledger, ask(ledger, target.engine, target.container), ON_DEMAND)
            except FirewallError as error:
                state = firewall_place.look(ledger, query.path)
                if not any(f.running for f in state.targets if f.container.id == target.container.id):
                    ui.note(f"{target.container.name} has stopped")
                    return
                ui.warn(error.message)
            rows, seen = _since(ledger, target.container.id, seen)
            yield [row for row in rows if _matches(row, query)]
            time.sleep(ROUND)


def _since(ledger: Ledger, container_id: str, seen: int) -> tuple[list[EgressRecord], int]:
    """What anybody has taken over from the container since event number `seen`, and the last number now."""
    rows: list[EgressRecord] = []
    for event in ledger.store().events(after=seen):
        seen = event.seq
        if event.kind == "egress.collected" and event.subject == container_id:
            kept = [{k: v for k, v in row.items() if k != "id"} for row in json.loads(event.data)["rows"]]
            rows += [EgressRecord(**row) for row in kept]
    return sorted(rows, key=lambda row: row.last_seen), seen


def _matches(row: EgressRecord, query: LogQuery) -> bool:
    wanted = not query.refused or row.verdict in REFUSED
    return wanted and query.destination in ("", row.destination)


def days_ago(days: int) -> str:
    """A moment that many days before now."""
    return to_text(host.now() - timedelta(days=days))
