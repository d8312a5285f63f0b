"""Bringing a database to the schema of this program. The only importer of alembic.

One process migrates, the others wait. A new file appears whole, by a rename; an existing one is backed up and
migrated in a single transaction.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text

from contenant.errors import ContenantError, StateError
from contenant.paths import asset, ensure_private
from contenant.store import revision, views
from contenant.store.connect import connect_to_migrate, explained
from contenant.store.dialect import lock_migrations
from contenant.store.durable import private_file, sync
from contenant.store.location import Location, backups, ensure_parent
from contenant.store.trouble import corrupt, explain

KEPT_BACKUPS = 10
PATIENCE = 120.0  # seconds to wait for another process that migrates


class Plan(NamedTuple):
    """Where to: the revisions in order, and the directory of the scripts that lead there."""

    revisions: Sequence[str]
    scripts: Path


def migrate(
    location: Location, *, now: Callable[[], datetime], wait: float, plan: Plan | None = None
) -> Path | None:
    """Bring a database to the last revision of `plan` (default: this program's). Nothing happens at the head.

    Returns the backup that was made. Raises StateError; then the database is as it was.
    """
    plan = plan or Plan(revision.REVISIONS, asset("migrations"))
    path = location.path
    if path is None:
        _upgrade(location, PATIENCE, plan)
        return None
    ensure_parent(path)
    with locked(path), explained(location):
        if not path.exists():
            _create(path, wait, plan)
            return None
        if not path.stat().st_size:  # never so made by contenant: something emptied it
            raise corrupt(location, "it is empty")
        found = _revision_of(location, wait)
        if found == plan.revisions[-1]:
            return None
        refuse(location, found, plan)
        saved = _copy(path, found, now()) if found else None
        _upgrade(location, wait, plan)
        return saved


def refuse(location: Location, found: str | None, plan: Plan) -> None:
    """Raise StateError where the database is not one this program may migrate."""
    if found is not None and found not in plan.revisions:
        raise revision.unlike(location, found, plan.revisions)


def _create(path: Path, wait: float, plan: Plan) -> None:
    """Make the file under another name, and give it its own when it is complete."""
    new = path.with_name(path.name + ".new")
    for leftover in path.parent.glob(f"{new.name}*"):
        leftover.unlink()
    try:
        private_file(new)
        _upgrade(Location(new, ""), wait, plan)
        with closing(sqlite3.connect(new)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        sync(new)
        for name in (
            f"{path.name}-wal",
            f"{path.name}-shm",
        ):  # of a file that is gone: they would be replayed
            path.with_name(name).unlink(missing_ok=True)
        new.rename(path)
        sync(path.parent)
    except BaseException:
        for leftover in path.parent.glob(f"{new.name}*"):
            leftover.unlink()
        raise


def _upgrade(location: Location, wait: float, plan: Plan) -> None:
    """Run the scripts in one transaction."""
    engine = connect_to_migrate(location, wait)
    try:
        with engine.begin() as connection:
            lock_migrations(connection)
            _run(location, connection, plan)
    except ContenantError:
        raise
    except Exception as error:  # a script can fail in any way; whichever it is, the transaction was undone
        why = explain(getattr(error, "orig", None) or error, location)
        raise StateError(
            f"schema {plan.revisions[-1]} was not reached, nothing was changed: {why.message}",
            hint=why.hint or "please report this",
        ) from error
    finally:
        engine.dispose()


def _run(location: Location, connection: Connection, plan: Plan) -> None:
    tables = inspect(connection).get_table_names()
    found = connection.execute(text(revision.SELECT)).scalar() if "alembic_version" in tables else None
    if found == plan.revisions[-1]:
        return
    refuse(location, found, plan)
    if found is None and tables:
        raise StateError(
            f"the database {location.shown} holds tables that are not contenant's",
            hint="give contenant a database of its own",
        )
    config = Config()
    config.set_main_option("script_location", str(plan.scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    for statement in views.dropped():  # no table can be remade below a view
        connection.exec_driver_sql(statement)
    command.upgrade(config, plan.revisions[-1])
    for statement in views.created(connection.dialect.name):
        connection.exec_driver_sql(statement)
    _check_keys(connection)


def _check_keys(connection: Connection) -> None:
    """With foreign keys off, a script could have left a row without its parent."""
    if connection.dialect.name != "sqlite":
        return
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise ValueError(f"a row of {broken[0]} would refer to a missing row of {broken[2]}")


def _revision_of(location: Location, wait: float) -> str | None:
    engine = connect_to_migrate(location, wait)
    try:
        with engine.connect() as connection:
            reading = connection.execution_options(contenant_read=True)
            if not inspect(reading).has_table("alembic_version"):
                return None
            return reading.execute(text(revision.SELECT)).scalar()
    finally:
        engine.dispose()


def back_up(location: Location, now: datetime) -> Path:
    """A consistent copy into `backups` beside the database, which others may go on using; 10 are kept.

    Raises StateError, also for a server, which has backups of its own.
    """
    path = location.path
    if path is None:
        raise StateError(f"{location.shown} is a server's database", hint="back it up there, with pg_dump")
    with locked(path), explained(location):
        return _copy(path, _revision_of(location, 5) or "none", now)


def _copy(path: Path, found: str, now: datetime) -> Path:
    """The work of `back_up`, under the lock."""
    place = ensure_private(path.parent / "backups")
    for leftover in place.glob(f"{path.stem}-*.partial"):  # of a process that was killed
        leftover.unlink()
    target = place / f"{path.stem}-{now:%Y%m%dT%H%M%S}-{now.microsecond:06d}-{found}.db"
    partial = target.with_suffix(".partial")
    try:
        private_file(partial)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        sync(partial)
        partial.rename(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    for old in backups(path)[KEPT_BACKUPS:]:
        old.unlink(missing_ok=True)
    return target


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file lock beside the database. The kernel drops it with its process, so it is never stale."""
    place = path.with_name(path.name + ".lock")
    try:
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(
            f"cannot make the lock {place}: {error.strerror}",
            hint="make the directory writable and make room on its disk",
        ) from error
    try:
        _wait_for(handle, place)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, place: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StateError(
                    f"another process has been migrating the database for {PATIENCE:.0f} s",
                    hint=f"end what holds {place}, then try again",
                ) from None
            time.sleep(0.02)
