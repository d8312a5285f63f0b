"""A database file looked through, copied, and put back from a copy. A server has means of its own.

Nothing here loads SQLAlchemy, but for a backup: a damaged file must not stop what mends it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from contenant.errors import NotFoundError, StateError
from contenant.store import revision
from contenant.store.database import Database
from contenant.store.durable import private_file, sync, uri
from contenant.store.file import File, revision_of
from contenant.store.location import Location, backups
from contenant.store.reads import Reads
from contenant.store.trouble import explained
from contenant.store.verify import verify

WAIT = 5.0  # seconds for another contenant's lock
_FINDINGS = 20  # of the integrity check, at most


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str  # file, structure, references, schema, or the audit log of a host
    good: bool
    detail: str


class Restored(NamedTuple):
    """What a restore did."""

    source: Path
    aside: Path | None  # where the file went that stood there; None: there was none
    last: tuple[int, str] | None  # number and hash of this host's last event in it, if it could be read


def check(location: Location) -> Iterator[Finding]:
    """Look through the whole database: structure, references between rows, schema, each host's audit log.

    Raises StateError where it cannot be opened, NotFoundError where there is none.
    """
    with _opened(location) as database:
        if location.path is not None:
            yield from _structure(database)
        yield _schema(location, database)
        for row in database.rows("SELECT DISTINCT host FROM event ORDER BY host", {}):
            yield _chain(database, str(row[0]))


@contextmanager
def _opened(location: Location) -> Iterator[Database]:
    """The database as it is, not migrated."""
    if location.path is None:
        from contenant.store.server import open_server  # loads SQLAlchemy

        with closing(open_server(location, WAIT)) as server:
            yield server
        return
    if not location.path.exists():
        raise NotFoundError(
            f"there is no database at {location.path}",
            hint="the next `contenant run` makes one; `contenant db restore` puts a backup in its place",
        )
    with closing(File.open(location, location.path, WAIT)) as file:
        yield file


def _structure(database: Database) -> Iterator[Finding]:
    found = [str(row[0]) for row in database.rows(f"PRAGMA integrity_check({_FINDINGS})", {})]
    good = found == ["ok"]
    yield Finding("structure", good, "every page and every index is whole" if good else "; ".join(found))
    broken = database.rows("PRAGMA foreign_key_check", {})
    text = (
        f"{len(broken)} rows refer to rows that are missing, the first one in {broken[0][0]}"
        if broken
        else ""
    )
    yield Finding("references", not broken, text or "every row that is referred to is there")


def _schema(location: Location, database: Database) -> Finding:
    found = database.revision()
    if found == revision.HEAD:
        return Finding("schema", True, f"{found}, the one of this contenant")
    error = revision.unlike(location, found, revision.REVISIONS)
    return Finding("schema", isinstance(error, revision.OutdatedError), f"{error.message}; {error.hint}")


def _chain(database: Database, host: str) -> Finding:
    proof = verify(Reads(database, host).events())
    text = f"{proof.length} events, each following from the one before it" if not proof.fault else proof.fault
    return Finding(f"audit log of {host}", not proof.fault, text)


def copy_to(location: Location, target: Path) -> Path:
    """A consistent copy of the database file at `target`, which must be free. Raises StateError."""
    if location.path is None:
        raise StateError(f"{location.shown} is a server's database", hint="back it up there, with pg_dump")
    if not location.path.exists():
        raise NotFoundError(f"there is no database at {location.path}", hint="there is nothing to back up")
    with explained(location):
        try:
            private_file(target)
        except FileExistsError as error:
            raise StateError(f"{target} is there already", hint="name a file that is not") from error
        except OSError as error:
            raise StateError(
                f"cannot write the backup {target}: {error.strerror}",
                hint="name a file in a directory that is there and that you can write to",
            ) from error
        try:
            _copy(location.path, target)
        except BaseException as error:
            target.unlink(missing_ok=True)
            if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
                raise StateError(
                    f"cannot write the backup {target}: its disk is full",
                    hint="make room, or name another place",
                ) from error
            raise
    return target


def newest(location: Location) -> Path:
    """The newest backup of a database file. Raises NotFoundError; StateError for a server."""
    if location.path is None:
        raise StateError(f"{location.shown} is a server's database", hint="restore it there, with pg_restore")
    found = backups(location.path)
    if not found:
        raise NotFoundError(
            f"there is no backup in {location.path.parent / 'backups'}",
            hint="name a backup's file, or move the database away: the next run makes a new one",
        )
    return found[0]


def restore(location: Location, source: Path, host: str, now: datetime) -> Restored:
    """Put the backup `source` in the database's place; what stood there is kept beside it.

    The backup is looked through first. A kill at any moment leaves the old file or the new one. Raises
    StateError, NotFoundError.
    """
    path = location.path
    if path is None:
        raise StateError(f"{location.shown} is a server's database", hint="restore it there, with pg_restore")
    _refuse_unsound(source)
    from contenant.store.migrate import locked  # loads alembic

    with locked(path), explained(location):
        last = _quiesce(path, host)
        new = path.with_name(path.name + ".restored")
        new.unlink(missing_ok=True)
        private_file(new)
        _copy(source, new)
        aside = _set_aside(path, now) if path.exists() else None
        # A log of the old file would be replayed into the new one.
        for name in (f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
        new.rename(path)
        sync(path.parent)
    return Restored(source, aside, last)


def _refuse_unsound(source: Path) -> None:
    """A backup that is damaged or not contenant's must not take the place of anything."""
    if not source.is_file():
        raise NotFoundError(
            f"no such backup: {str(source)!r}", hint="`contenant db restore` takes the newest"
        )
    location = Location(source, "")
    with explained(location), closing(_read_only(source)) as connection:
        found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_FINDINGS})")]
        schema = revision_of(connection)
    if found != ["ok"]:
        raise StateError(f"the backup {source} is damaged itself: {found[0]}", hint="name an older one")
    if schema not in revision.REVISIONS:
        raise revision.unlike(location, schema, revision.REVISIONS)


def _quiesce(path: Path, host: str) -> tuple[int, str] | None:
    """Bring the log into the file that will be set aside, if it can be read; this host's last event."""
    if not path.exists():
        return None
    with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")  # nobody is in the middle of something
            last = "SELECT seq, hash FROM event WHERE host = ? ORDER BY seq DESC LIMIT 1"
            row = connection.execute(last, (host,)).fetchone()
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            return None
    return (row[0], row[1]) if row else None


def _set_aside(path: Path, now: datetime) -> Path:
    """Give the file, and a log that is not brought into it, a second name; the first one stays for now."""
    aside = path.with_name(f"{path.stem}-replaced-{now:%Y%m%dT%H%M%S}-{now.microsecond:06d}.db")
    for suffix in ("-wal", ""):
        old = path.with_name(path.name + suffix)
        if old.exists():
            os.link(old, aside.with_name(aside.name + suffix))
    sync(path.parent)
    return aside


def _copy(source: Path, target: Path) -> None:
    with closing(_read_only(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = WAL")
    sync(target)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=WAIT)
