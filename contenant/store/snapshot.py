"""Reading a database file through the standard library: for commands that must be quick and write nothing."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from contenant.store import durable, revision
from contenant.store.file import File, revision_of
from contenant.store.location import Location, locate
from contenant.store.reads import Reads
from contenant.store.trouble import explained

WAIT = 10.0  # seconds for a lock; readers meet one only while a writer recovers from a crash


def open_snapshot(url: str | None, host_id: str) -> Reads | None:
    """The reads of a database, by the cheapest way there is; None where there is no database yet.

    `url` as in `location.locate`. An older schema is migrated first; a server is read through `Store`.
    Raises StateError.
    """
    location = locate(url)
    if location.path is None:
        return _store(url, host_id)
    try:
        return Snapshot.open(location.path, host_id)
    except revision.OutdatedError:
        _store(url, host_id).close()
        return Snapshot.open(location.path, host_id)


def _store(url: str | None, host_id: str) -> Reads:
    from contenant.store.store import open_store

    return open_store(url, now=lambda: datetime.now(UTC), host_id=host_id)


class Snapshot(Reads):
    """A database file, open for reading."""

    @classmethod
    def open(cls, path: Path, host_id: str) -> Self | None:
        """Open the file at `path`; None where there is none. Raises StateError, also where its schema is not
        the one this program knows (`open_store` then migrates it, or says why not)."""
        location = Location(path, "")
        if not path.exists():
            return None
        with explained(location):
            connection, found = _connect(path)
        if found != revision.HEAD:
            connection.close()
            raise revision.unlike(location, found, revision.REVISIONS)
        return cls(File(connection, location), host_id)


def _connect(path: Path) -> tuple[sqlite3.Connection, str | None]:
    """A connection that writes nothing, and the schema revision.

    A WAL database needs its shared-memory file beside it. On a read-only file system without one, the file is
    read as immutable, unless its log holds commits that are not in the file yet: then a private copy is read.
    """
    try:
        return _opened(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR_LOCK")):
            raise
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        return _copied(path, log)
    return _opened(path, "immutable=1")


def _opened(path: Path, how: str) -> tuple[sqlite3.Connection, str | None]:
    connection = sqlite3.connect(durable.uri(path, how), uri=True, timeout=WAIT, isolation_level=None)
    try:
        return connection, revision_of(connection)
    except BaseException:
        connection.close()
        raise


def _copied(path: Path, log: Path) -> tuple[sqlite3.Connection, str | None]:
    """Read a private copy. Its files are gone at once, and live on in the connection's open handles."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="contenant-") as place:
        copy = Path(place) / path.name
        shutil.copy(path, copy)
        shutil.copy(log, copy.with_name(log.name))
        return _opened(copy, "mode=ro")
