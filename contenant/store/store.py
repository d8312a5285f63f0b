"""The database, open for writing: changes in, records out."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from contenant.core import chain
from contenant.core.ages import from_text, to_text
from contenant.core.changes import Change, clock_set_back
from contenant.store import ids, revision
from contenant.store.apart import apart
from contenant.store.apply import Writing, add, write
from contenant.store.database import Database
from contenant.store.dialect import lock_host
from contenant.store.file import File
from contenant.store.location import Location, locate
from contenant.store.reads import Reads

WAIT = 15.0  # seconds for another writer's lock; a transaction takes milliseconds
STEP = timedelta(seconds=1)  # smaller steps back are how clocks are kept right
_LAST_EVENT = "SELECT seq, hash, at FROM event WHERE host = :host ORDER BY seq DESC LIMIT 1"


class Store(Reads):
    """One database, on behalf of one host. Every call is a transaction of its own."""

    def __init__(self, database: Database, host_id: str, now: Callable[[], datetime]) -> None:
        super().__init__(database, host_id)
        self._now = now

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
        with self._database.transaction() as connection:
            writing = Writing(connection, self.host_id, to_text(self._now()))
            seq, head, before = _last_event(writing)
            done = [change for change in changes if write(writing, change)]
            if done and _set_back(before, writing.at):
                done.insert(0, clock_set_back(before))
            for event in _events(writing, (seq, head), done):
                add(writing, "event", event)


def _set_back(before: str, now: str) -> bool:
    return now < before and from_text(before) - from_text(now) >= STEP


def _last_event(writing: Writing) -> tuple[int, str, str]:
    """Number, hash and moment of the host's last event. From here on no other writer adds one for it."""
    own = {"host": writing.host}
    lock_host(writing.connection, writing.host)
    if not (found := writing.connection.rows(_LAST_EVENT, own)):
        row = {"id": writing.host, "name": os.uname().nodename, "created": writing.at}
        add(writing, "host", row, unless_there=True)
        lock_host(writing.connection, writing.host)  # there was no row to lock before
        found = writing.connection.rows(_LAST_EVENT, own)
    return (found[0][0], found[0][1], found[0][2]) if found else (0, chain.GENESIS, "")


def _events(
    writing: Writing, last: tuple[int, str], changes: Sequence[Change]
) -> Iterator[Mapping[str, Any]]:
    """The rows that record `changes`, each chained to the one before it."""
    seq, previous = last
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
        yield {**fields, "topic": change.kind.partition(".")[0], "previous": previous, "hash": own}
        previous = own


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
    database = _open(location, wait)
    try:
        if database.revision() != revision.HEAD:
            database.close()
            _migrate(location, now, wait)
            database = _open(location, wait)
    except BaseException:
        database.close()
        raise
    return Store(database, host_id, now)


def _has_content(path: Path) -> bool:
    """Whether there is a file with something in it. SQLite would take an emptied one for a new database."""
    try:
        return path.stat().st_size > 0
    except OSError:  # not there, or not to be seen: making it will say why
        return False


def _open(location: Location, wait: float) -> Database:
    if location.path is not None:
        return File.open(location, location.path, wait)
    from contenant.store.server import open_server  # loads SQLAlchemy, which costs 150 ms

    return open_server(location, wait)


def _migrate(location: Location, now: Callable[[], datetime], wait: float) -> None:
    def work() -> None:
        from contenant.store.migrate import migrate  # loads alembic and SQLAlchemy: 240 ms, 35 MB

        migrate(location, now=now, wait=wait)

    if location.path is None:  # a server, which needs SQLAlchemy anyway
        work()
    else:
        apart(work)
