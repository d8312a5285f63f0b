"""A SQLite file through the standard library: durable commits, real transactions, foreign keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from contenant.store import revision
from contenant.store.database import Rows
from contenant.store.location import Location
from contenant.store.trouble import explained

# synchronous=FULL: a commit outlives a power failure, as an intent must outlive what it announces.
_TO_WRITE = ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL", "trusted_schema = OFF")


class File:
    """One connection to a database file, to be used by one thread."""

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, location: Location) -> None:
        self._connection = connection
        self._location = location

    @classmethod
    def open(cls, location: Location, path: Path, wait: float) -> Self:
        """Open a file to read and to write. `wait`: seconds for another writer's lock. Raises StateError."""
        with explained(location):
            connection = sqlite3.connect(path, timeout=wait, isolation_level=None)
            try:
                for setting in _TO_WRITE:
                    connection.execute(f"PRAGMA {setting}")
            except BaseException:
                connection.close()
                raise
        return cls(connection, location)

    def close(self) -> None:
        self._connection.close()

    def rows(self, sql: str, values: Mapping[str, Any]) -> Rows:
        with explained(self._location):
            return self._connection.execute(sql, values).fetchall()

    def execute(self, sql: str, values: Mapping[str, Any]) -> int:
        return self._connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """Takes the write lock at once: a reader that turns writer half-way could only fail."""
        with explained(self._location):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself undoes it when a disk is full
                    self._connection.execute("ROLLBACK")
                raise

    def revision(self) -> str | None:
        with explained(self._location):
            return revision_of(self._connection)


def revision_of(connection: sqlite3.Connection) -> str | None:
    """The schema revision; None where the database has none. Raises what SQLite raises."""
    tables = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
    if not connection.execute(tables).fetchone()[0]:
        return None
    row = connection.execute(revision.SELECT).fetchone()
    return row[0] if row else None
