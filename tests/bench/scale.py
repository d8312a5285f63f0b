"""A database of ten thousand projects, a hundred thousand sessions and a million events, made in bulk.

The rows are those that contenant would have written, the chain holds, the triggers are back afterwards:
`contenant db check` finds nothing. By itself: `python -m tests.bench.scale DATABASE HOST`.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from contenant.core import chain, changes
from contenant.core.ages import to_text
from contenant.core.changes import Change
from contenant.core.names import container_name
from contenant.core.records import ContainerRecord, EgressRecord, ProjectRecord, SessionRecord
from contenant.store.columns import insertion
from contenant.store.dialect import append_only
from contenant.store.store import open_store

START = datetime(2024, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=1000)
IMAGE, POLICY, IDENTITY = "contenant:2.1.330-0123456789ab", "e" * 64, "store"


class Size(NamedTuple):
    """How much of everything."""

    projects: int = 10_000
    sessions: int = 100_000
    events: int = 1_000_000
    there: int = 25  # containers that are not gone, spread over all projects


class Made(NamedTuple):
    """Rows of the tables, to be inserted."""

    projects: list[dict[str, Any]]
    containers: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    egress: list[dict[str, Any]]


def key(kind: str, number: int) -> str:
    """An id as long as a real one, in order."""
    return f"0{kind}{number:024d}"


def path_of(number: int) -> str:
    """Where the project of that number is."""
    return f"/work/group-{number % 50:02d}/project-{number:05d}"


def fill(path: Path, host: str, size: Size = Size()) -> None:  # noqa: B008 - a constant
    """Make the database at `path`, which must be absent, and fill it. For one host."""
    open_store(f"sqlite:///{path}", now=lambda: START, host_id=host).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for setting in ("synchronous = OFF", "cache_size = -400000", "foreign_keys = OFF"):
            database.execute(f"PRAGMA {setting}")
        database.execute("BEGIN IMMEDIATE")
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            if name.startswith("event_"):
                database.execute(f"DROP TRIGGER {name}")
        database.execute("INSERT INTO host VALUES (?, 'bench', ?)", (host, to_text(START)))
        engine = ("podman", IDENTITY, "4.3.1", to_text(START))
        database.execute("INSERT INTO engine VALUES (?, ?, ?, ?, ?)", (host, *engine))
        rows = Made([], [], [], [])
        database.executemany(_INSERT_EVENT, _chained(host, _lives(size, rows), size.events))
        for table, content in zip(("project", "container", "session", "egress"), rows, strict=True):
            if content:
                given = [{"host": host, **row} for row in content]
                database.executemany(insertion(table, given[0]), given)
        for statement in append_only("sqlite"):
            database.execute(statement)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


_INSERT_EVENT = (
    "INSERT INTO event (host, seq, at, topic, kind, subject, project_id, data, previous, hash)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def _chained(host: str, found: Iterable[Change], count: int) -> Iterator[tuple[Any, ...]]:
    """The rows of `count` events, each following from the one before it."""
    previous, step = chain.GENESIS, SPAN / count
    for seq, change in enumerate(found, 1):
        at, data = to_text(START + step * seq), chain.canonical(change.data)
        own = chain.link(
            previous,
            host=host,
            seq=seq,
            at=at,
            kind=change.kind,
            subject=change.subject,
            project_id=change.project_id,
            data=data,
        )
        topic = change.kind.partition(".")[0]
        yield host, seq, at, topic, change.kind, change.subject, change.project_id, data, previous, own
        previous = own
        if seq == count:
            return
    raise ValueError(f"there were not {count} events")


def _lives(size: Size, rows: Made) -> Iterator[Change]:
    """What happened, project by project: one is made, worked in, and most are removed in the end."""
    each = size.sessions // size.projects
    every = max(1, size.projects // size.there) if size.there else 0
    spread = size.events // size.projects - 4 - 2 * each  # events beside those of the life itself
    for number in range(size.projects):
        yield from _life(number, each, spread, every > 0 and number % every == 0, size, rows)
    project = key("p", 0)
    while True:  # what is missing for a round number
        yield Change("container.state", key("c", 0), project, {"from": "stopped", "to": "running", "why": ""})


def _life(number: int, sessions: int, more: int, stays: bool, size: Size, rows: Made) -> Iterator[Change]:
    began = START + SPAN * number / size.projects
    moment = to_text(began)
    path = path_of(number)
    project = ProjectRecord(key("p", number), path, container_name(path), moment, moment)
    container = ContainerRecord(
        id=key("c", number), project_id=project.id, engine="podman", engine_identity=IDENTITY,
        name=project.name, engine_id=f"{number:064x}", image=IMAGE, policy=POLICY, spec_hash="5" * 64,
        state="stopped", created=moment, last_seen=moment, last_used=moment,
        gone="" if stays else moment, gone_why="" if stays else "unused for 41d",
    )  # fmt: skip
    rows.projects.append(project._asdict())
    rows.containers.append(container._asdict())
    yield changes.project_added(project)
    yield changes.container_creating(container)
    yield changes.container_created(container, container.engine_id)
    for turn in range(sessions):
        session = _session(number * sessions + turn, container, to_text(began + timedelta(minutes=turn)))
        rows.sessions.append({**_columns(session), "project_id": project.id})
        yield changes.session_starting(session, project.id)
        yield from _events_beside(container, turn, more // sessions, session.started, rows)
        yield changes.session_ended(session.id, project.id, "exited", 0)
    if not stays:
        yield changes.container_gone(container, "unused for 41d")


def _session(number: int, container: ContainerRecord, started: str) -> SessionRecord:
    return SessionRecord(
        id=key("s", number), container_id=container.id, image=IMAGE, policy=POLICY, argv=("claude",),
        tty=True, detachable=True, pid=4711, pid_start="99", boot_id="boot", started=started, ended=started,
        exit_code=0, how="exited", kind="agent",
    )  # fmt: skip


def _columns(session: SessionRecord) -> dict[str, Any]:
    return {**session._asdict(), "argv": json.dumps(session.argv)}


def _events_beside(
    container: ContainerRecord, turn: int, count: int, at: str, rows: Made
) -> Iterator[Change]:
    """Starts, stops and what the firewall saw."""
    for number in range(count):
        if number % 3:
            yield changes.container_state(container, "running" if number % 2 else "stopped", "started")
            continue
        seen = EgressRecord(
            container.id, "", POLICY, "dns", "deny", f"host-{turn}-{number}.example.com", "", 443, "tcp", -1,
            at, at, 1, 0, 0,
        )  # fmt: skip
        row = key("e", len(rows.egress))
        rows.egress.append({"id": row, **seen._asdict()})
        yield changes.egress_collected(container, "a", "b", [(row, seen)])


if __name__ == "__main__":
    fill(Path(sys.argv[1]), sys.argv[2])
