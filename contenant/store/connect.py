"""SQLAlchemy engines as the store wants them: real transactions, durable commits, foreign keys."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import QueuePool

from contenant.errors import BusyError, StateError
from contenant.store import trouble
from contenant.store.location import Location

# SQLite's names, PostgreSQL's SQLSTATE
_TAKEN = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505")
_MISSING = ("SQLITE_CONSTRAINT_FOREIGNKEY", "23503")


def connect(location: Location, wait: float) -> Engine:
    """An engine for everyday use. `wait`: seconds for a lock. Raises StateError without a driver."""
    if location.path is None:
        return _server(location)
    # synchronous=FULL: a commit outlives a power failure, as an intent must outlive what it announces.
    settings = ("journal_mode = WAL", "foreign_keys = ON", "synchronous = FULL", "trusted_schema = OFF")
    return _file(location.path, wait, settings)


def connect_to_migrate(location: Location, wait: float) -> Engine:
    """An engine without foreign keys: a batch migration drops and remakes tables, and with foreign keys on,
    dropping a parent deletes or blocks its children. The switch does nothing inside a transaction, so it is
    set when connecting."""
    if location.path is None:
        return _server(location)
    return _file(location.path, wait, ("foreign_keys = OFF", "synchronous = FULL"))


def _file(path: Path, wait: float, settings: tuple[str, ...]) -> Engine:
    """Connections are kept. SQLAlchemy's `begin` is made to send BEGIN, which the driver would delay."""

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


def _server(location: Location) -> Engine:
    try:
        return create_engine(location.url)
    except ModuleNotFoundError as error:
        raise StateError(
            f"cannot use the database {location.shown}: the driver psycopg is not installed",
            hint="pip install 'contenant[postgresql]'",
        ) from error


def private_file(path: Path) -> None:
    """Make an empty file only its owner can read, before SQLite makes a more open one."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


@contextmanager
def explained(location: Location) -> Iterator[None]:
    """Turn what the driver raises into StateError, and a key that is taken into BusyError."""
    try:
        yield
    except IntegrityError as error:
        raise _conflict(error) from error
    except DBAPIError as error:
        raise trouble.explain(error.orig or error, location) from error
    except (sqlite3.Error, OSError) as error:
        raise trouble.explain(error, location) from error


def _conflict(error: IntegrityError) -> Exception:
    """A broken rule of the schema: somebody was first, or the database is not the one it was, or a bug."""
    code = getattr(error.orig, "sqlite_errorname", "") or getattr(error.orig, "sqlstate", "")
    if code in _TAKEN:
        what = str(error.orig).partition("\n")[0]
        return BusyError(f"another contenant recorded the same first ({what})", hint="try again")
    return trouble.unknown("not what this refers to") if code in _MISSING else error
