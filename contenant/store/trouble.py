"""What a database driver complains about -> one line that says what, where and what next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from contenant.errors import BusyError, ContenantError, StateError
from contenant.store.location import Location, backups

_FULL = ("the disk or quota is full, or failing", "make room on it, then try again; nothing was recorded")
_READ_ONLY = ("it cannot be written", "make the file and its directory writable by you")
_CLOSED = (
    "it cannot be opened",
    "make the file and its directory readable and writable by you, and check the free space",
)
_LOCKED = ("another process keeps it locked", "end what uses it (`lsof FILE` names it), then try again")
_KINDS = {
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_AUTH": _READ_ONLY,
    "SQLITE_CANTOPEN": _CLOSED,
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_PROTOCOL": _LOCKED,
    # PostgreSQL's SQLSTATE
    "55P03": ("another transaction keeps it locked", "end it (pg_stat_activity names it), then try again"),
    "53": _FULL,
    "25006": ("it is read-only", "name the server that can be written"),
    "42501": ("the account may not do this", "let the account own the database or grant it the right"),
    "XX001": ("the server says that it is damaged", "restore it from the server's backups"),
}
# SQLite's names, PostgreSQL's SQLSTATE
_RULE = ("SQLITE_CONSTRAINT", "23")
_TAKEN = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505")
_MISSING = ("SQLITE_CONSTRAINT_FOREIGNKEY", "23503")


@contextmanager
def explained(location: Location) -> Iterator[None]:
    """Turn what SQLite or the file system raises into StateError, and a key that is taken into BusyError."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        told = translate(error, location)
        if told is error:
            raise
        raise told from error


def translate(error: BaseException, location: Location) -> BaseException:
    """What to raise for a driver's `error`: itself where it broke a rule that only a bug can break."""
    code = getattr(error, "sqlite_errorname", "") or getattr(error, "sqlstate", "") or ""
    if code in _TAKEN:
        what = str(error).partition("\n")[0]
        return BusyError(f"another contenant recorded the same first ({what})", hint="try again")
    if code in _MISSING:  # somebody was first, or the database is not the one it was
        return unknown("not what this refers to")
    return error if code.startswith(_RULE) else explain(error, location)


def explain(error: BaseException, location: Location) -> ContenantError:
    """The driver's `error` as a StateError with a hint."""
    code = getattr(error, "sqlite_errorname", "") or getattr(error, "sqlstate", "") or ""
    if isinstance(error, sqlite3.DatabaseError) and code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return corrupt(location, str(error))
    for prefix, (what, hint) in _KINDS.items():
        if code.startswith(prefix):
            return StateError(f"cannot use the database {location.shown}: {what} ({error})", hint=hint)
    if isinstance(error, OSError):
        return StateError(
            f"cannot use the database {location.shown}: {error.strerror} ({error.filename})", hint=_CLOSED[1]
        )
    first = str(error).strip().partition("\n")[0]
    return StateError(f"cannot use the database {location.shown}: {first}", hint=_general_hint(location))


def corrupt(location: Location, detail: str) -> StateError:
    """The file is damaged: say how to come back from it."""
    message = f"the database {location.shown} is damaged: {detail}"
    path = location.path
    if path is None:
        return StateError(message, hint="restore it from the server's backups")
    aside = f"move {path} and {path.name}-wal away"
    found = backups(path)
    if not found:
        return StateError(
            message,
            hint=f"{aside}; the next run makes a new one and finds running containers by their labels",
        )
    return StateError(
        message,
        hint=f"`contenant db restore` brings back the newest of {len(found)} backups, {found[0].name},"
        " and keeps the damaged file beside it",
    )


def unknown(what: str) -> StateError:
    """Something to be recorded is about a row that is not there (any more)."""
    return StateError(
        f"the database has {what}: it was replaced or restored meanwhile",
        hint="`contenant list` brings it up to date with the engines",
    )


def _general_hint(location: Location) -> str:
    if location.path is None:
        return "check that the server answers and that the URL names an existing database and user"
    return ""
