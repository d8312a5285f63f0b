"""The database, open for writing: changes in, records out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from contenant.core import chain
from contenant.core.ages import to_text
from contenant.core.changes import Change
from contenant.store import ids, revision, schema
from contenant.store.apply import Writing, write
from contenant.store.connect import connect, explained
from contenant.store.dialect import insert_if_absent, lock_host
from contenant.store.location import Location, locate
from contenant.store.reads import Reads

WAIT = 15.0  # seconds for another writer's lock; a transaction takes milliseconds
_NEW_EVENT = insert(schema.event)
_LAST_EVENT = (
    select(schema.event.c.seq, schema.event.c.hash)
    .where(schema.event.c.host == bindparam("own"))
    .order_by(schema.event.c.seq.desc())
    .limit(1)
)


class Store(Reads):
    """One database, on behalf of one host. Every call is a transaction of its own."""

    def __init__(self, engine: Engine, location: Location, now: Callable[[], datetime], host_id: str) -> None:
        self._engine = engine
        self._location = location
        self._now = now
        self.host_id = host_id

    def close(self) -> None:
        self._engine.dispose()

    def new_id(self) -> str:
        """An id for a new project, container, session or image."""
        return ids.new_id(self._now())

    def apply(self, changes: Sequence[Change]) -> None:
        """Write all changes, each with its event, or none of them.

        A change that no longer applies is left out (store.apply). Raises BusyError where a name or path was
        taken meanwhile - read again and decide anew -, StateError where the database cannot be written or
        has no row of that id (any more). An unknown kind is a bug: ValueError.
        """
        if not changes:
            return
        with self._transaction() as connection:
            writing = Writing(connection, self.host_id, to_text(self._now()))
            last = self._last_event(writing)
            done = [change for change in changes if write(writing, change)]
            if done:
                connection.execute(_NEW_EVENT, _events(writing, last, done))

    def _last_event(self, writing: Writing) -> tuple[int, str]:
        """Number and hash of the host's last event. From here on no other writer adds one for this host."""
        lock_host(writing.connection, writing.host)
        if found := writing.connection.execute(_LAST_EVENT, {"own": writing.host}).first():
            return found.seq, found.hash
        row = {"id": writing.host, "name": os.uname().nodename, "created": writing.at}
        insert_if_absent(writing.connection, schema.host, row)
        lock_host(writing.connection, writing.host)  # there was no row to lock before
        found = writing.connection.execute(_LAST_EVENT, {"own": writing.host}).first()
        return (found.seq, found.hash) if found else (0, chain.GENESIS)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with explained(self._location), self._engine.begin() as connection:
            yield connection

    def _rows(self, sql: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        with explained(self._location), self._engine.connect() as connection:
            reading = connection.execution_options(contenant_read=True)
            return [tuple(row) for row in reading.execute(text(sql), dict(values))]


def _events(writing: Writing, last: tuple[int, str], changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The rows that record `changes`, each chained to the one before it."""
    seq, previous = last
    rows = []
    for number, change in enumerate(changes, seq + 1):
        fields: dict[str, Any] = {
            "host": writing.host,
            "seq": number,
            "at": writing.at,
            "kind": change.kind,
            "subject": change.subject,
            "project_id": change.project_id,
            "data": chain.canonical(change.data),
        }
        own = chain.link(previous, **fields)
        rows.append({**fields, "topic": change.kind.partition(".")[0], "previous": previous, "hash": own})
        previous = own
    return rows


def open_store(
    url: str | None = None, *, now: Callable[[], datetime], host_id: str, wait: float = WAIT
) -> Store:
    """Open the database, made and migrated if need be.

    `url` as in `location.locate`; `wait`: seconds for a lock.

    Raises StateError: directory or disk unusable, file damaged or locked, schema of a newer program.
    """
    location = locate(url)
    if location.path is not None and not _has_content(location.path):
        _migrate(location, now, wait)
    engine = connect(location, wait)
    try:
        found = _revision(engine, location)
        if found != revision.HEAD:
            engine.dispose()
            _migrate(location, now, wait)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, location, now, host_id)


def _has_content(path: Path) -> bool:
    """Whether there is a file with something in it. SQLite would take an emptied one for a new database."""
    try:
        return path.stat().st_size > 0
    except OSError:  # not there, or not to be seen: making it will say why
        return False


def _migrate(location: Location, now: Callable[[], datetime], wait: float) -> None:
    from contenant.store.migrate import migrate  # loads alembic, which costs 90 ms

    migrate(location, now=now, wait=wait)


def _revision(engine: Engine, location: Location) -> str | None:
    """The schema revision; None where the database has none."""
    with explained(location), engine.connect() as connection:
        reading = connection.execution_options(contenant_read=True)
        try:
            return reading.execute(text(revision.SELECT)).scalar()
        except DBAPIError:
            reading.rollback()
            if inspect(reading).has_table("alembic_version"):
                raise
            return None
