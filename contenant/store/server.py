"""A database server, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import inspect, text

from contenant.store import revision
from contenant.store.connect import explained, server_engine
from contenant.store.database import Rows
from contenant.store.location import Location


class Server:
    """A pool of connections to one database."""

    def __init__(self, engine: sqlalchemy.Engine, location: Location) -> None:
        self._engine = engine
        self._location = location

    def close(self) -> None:
        self._engine.dispose()

    def rows(self, sql: str, values: Mapping[str, Any]) -> Rows:
        with explained(self._location), self._engine.connect() as connection:
            return Transaction(connection.execution_options(contenant_read=True)).rows(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with explained(self._location), self._engine.begin() as connection:
            yield Transaction(connection)

    def revision(self) -> str | None:
        with explained(self._location), self._engine.connect() as connection:
            reading = connection.execution_options(contenant_read=True)
            if not inspect(reading).has_table("alembic_version"):
                return None
            return reading.execute(text(revision.SELECT)).scalar()


class Transaction:
    """One connection of the pool, while a transaction lasts."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect.name

    def execute(self, sql: str, values: Mapping[str, Any]) -> int:
        # Not every driver still knows the count of an INSERT once its cursor is closed.
        statement = text(sql).execution_options(preserve_rowcount=True)
        return self._connection.execute(statement, dict(values)).rowcount

    def rows(self, sql: str, values: Mapping[str, Any]) -> Rows:
        return [tuple(row) for row in self._connection.execute(text(sql), dict(values))]


def open_server(location: Location, wait: float) -> Server:
    """`wait`: seconds for a lock. Raises StateError without a driver; whether the server answers shows with
    the first query."""
    return Server(server_engine(location, wait), location)
