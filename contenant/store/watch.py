"""A look through a database file for damage, in bounded time: what is done once a day without being asked."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from contenant.core.records import EventRecord
from contenant.store.durable import uri
from contenant.store.file import File
from contenant.store.location import Location
from contenant.store.reads import Reads
from contenant.store.trouble import explained
from contenant.store.verify import verify

WAIT = 1.0  # seconds for a lock
_STEPS = 10_000  # of SQLite's machine between two looks at the clock; a fraction of a millisecond


def damage(path: Path, host: str, seconds: float) -> str | None:
    """Where the file is damaged and how, "" where nothing is; None where that could not be found out in time.

    Every page of every table and index is read (`PRAGMA quick_check`), then the host's audit log is walked as
    far as the time allows. What an intact row says is proven for events only. Raises StateError where the
    file cannot be opened or is locked.
    """
    deadline = time.monotonic() + seconds
    with (
        explained(Location(path, "")),
        closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=WAIT)) as connection,
    ):
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        try:
            if _fault(connection, ""):
                return _where(connection)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_INTERRUPT":
                raise
            return None
        connection.set_progress_handler(None, 0)
        reads = Reads(File(connection, Location(path, "")), host)
        fault = verify(_until(deadline, reads.events())).fault
    return f"table event: {fault}" if fault else ""


def _fault(connection: sqlite3.Connection, table: str) -> str:
    """What is wrong with one table, or with all of the file."""
    try:
        told = connection.execute(f"PRAGMA quick_check{table and f'({table!r})'}").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname.startswith("SQLITE_CORRUPT"):
            return str(error)
        raise
    return "" if told == "ok" else str(told).strip().rpartition("\n")[2]


def _where(connection: sqlite3.Connection) -> str:
    """The damaged tables by name, with what is wrong with the first."""
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    names = [str(row[0]) for row in connection.execute(tables).fetchall()]
    faults = {name: fault for name in names if (fault := _fault(connection, name))}
    if not faults:
        return f"outside its tables: {_fault(connection, '')}"
    return f"table {', '.join(faults)}: {next(iter(faults.values()))}"


def _until(deadline: float, events: Iterable[EventRecord]) -> Iterator[EventRecord]:
    for event in events:
        yield event
        if time.monotonic() > deadline:
            return
