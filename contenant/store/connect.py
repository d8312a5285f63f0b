"""SQLAlchemy's engines as the store wants them: for migrations, and for a server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from contenant.errors import StateError
from contenant.store import trouble
from contenant.store.location import Location

CONNECT = 10  # seconds for a server to answer


def connect_to_migrate(location: Location, wait: float) -> Engine:
    """An engine without foreign keys: a batch migration drops and remakes tables, and with foreign keys on,
    dropping a parent deletes or blocks its children. The switch does nothing inside a transaction, so it is
    set when connecting. `wait`: seconds for a lock. Raises StateError without a driver."""
    if location.path is None:
        return server_engine(location, wait)
    return file_engine(location.path, wait, ("foreign_keys = OFF", "synchronous = FULL"))


def file_engine(path: Path, wait: float, settings: Sequence[str]) -> Engine:
    """An engine whose connections are kept, each with these PRAGMAs. SQLAlchemy's `begin` is made to send
    BEGIN, which the driver would delay."""

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
        try:
            for setting in settings:
                connection.execute(f"PRAGMA {setting}")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(URL.create("sqlite"), creator=opened, poolclass=QueuePool)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns writer half-way could only fail."""
    if not connection.get_execution_options().get("contenant_read"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def server_engine(location: Location, wait: float) -> Engine:
    """An engine for a server; `wait`: seconds for a lock. Raises StateError without a driver."""

    def limited(connection: Any, _: object) -> None:
        """No lock is waited for endlessly, whatever the server's own setting is."""
        connection.execute(f"SET lock_timeout = {round(wait * 1000)}")
        connection.commit()

    try:
        url = make_url(location.url)
        arguments = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT}
        engine = create_engine(url, connect_args=arguments)
        event.listen(engine, "connect", limited)
        return engine
    except (ArgumentError, ValueError) as error:
        raise StateError(
            f"cannot use the database {location.shown}: not the address of a server",
            hint="write postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE",
        ) from error
    except ImportError as error:  # not there, or without the library it stands on
        raise StateError(
            f"cannot use the database {location.shown}: the driver psycopg cannot be loaded",
            hint="pip install 'contenant[postgresql]'",
        ) from error


@contextmanager
def explained(location: Location) -> Iterator[None]:
    """Turn what SQLAlchemy or a driver raises into what to tell (store.trouble)."""
    with trouble.explained(location):
        try:
            yield
        except DBAPIError as error:
            told = trouble.translate(error.orig or error, location)
            if told is error.orig:
                raise
            raise told from error
