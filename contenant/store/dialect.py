"""The one place that knows SQLite from PostgreSQL. Everything else in the store is SQL that both speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contenant.store.database import Connection

if TYPE_CHECKING:
    import sqlalchemy

_ADVISORY_LOCK = 0x636F6E74656E616E  # "contenan"
_REFUSED = "the audit log is append-only"
_BROKEN = "an event must follow the last one of its host"
# Events that the timeline shows: sessions and egress have rows of their own. `store.history` asks with the
# same words, so that the index on this condition is taken.
TIMELINE = "topic NOT IN ('session', 'egress') OR kind IN ('session.left', 'session.ssh')"
# An event must be the next of its host and name the hash before it. That also stops REPLACE, which on SQLite
# removes the row it collides with without firing a delete trigger.
_NOT_NEXT = """
    NEW.seq <> coalesce((SELECT max(seq) FROM event WHERE host = NEW.host), 0) + 1
    OR NEW.previous <> coalesce(
        (SELECT hash FROM event WHERE host = NEW.host ORDER BY seq DESC LIMIT 1), NEW.previous)
"""


def only_where(condition: str) -> dict[str, Any]:
    """Keyword arguments that make an `Index` cover only the rows that meet `condition`."""
    from sqlalchemy import text  # only for the schema: this module is loaded at every write

    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def append_only(dialect: str) -> tuple[str, ...]:
    """Statements that make the table `event` append-only; `dialect` is SQLAlchemy's dialect name."""
    return _postgresql_triggers() if dialect == "postgresql" else _sqlite_triggers()


def _sqlite_triggers() -> tuple[str, ...]:
    def trigger(name: str, when: str, message: str, condition: str = "") -> str:
        only = f" WHEN {condition}" if condition else ""
        return (
            f"CREATE TRIGGER {name} BEFORE {when} ON event{only} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )

    return (
        trigger("event_no_update", "UPDATE", _REFUSED),
        trigger("event_no_delete", "DELETE", _REFUSED),
        trigger("event_next", "INSERT", _BROKEN, _NOT_NEXT),
    )


def _postgresql_triggers() -> tuple[str, ...]:
    def function(name: str, body: str) -> str:
        return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"

    def trigger(name: str, when: str, each: str, action: str) -> str:
        return f"CREATE TRIGGER {name} BEFORE {when} ON event FOR EACH {each} EXECUTE FUNCTION {action}()"

    return (
        function("event_refuse", f"RAISE EXCEPTION '{_REFUSED}';"),
        function("event_follow", f"IF {_NOT_NEXT} THEN RAISE EXCEPTION '{_BROKEN}'; END IF; RETURN NEW;"),
        trigger("event_no_change", "UPDATE OR DELETE", "ROW", "event_refuse"),
        trigger("event_no_truncate", "TRUNCATE", "STATEMENT", "event_refuse"),
        trigger("event_next", "INSERT", "ROW", "event_follow"),
    )


def lock_migrations(connection: sqlalchemy.Connection) -> None:
    """Let one process migrate at a time, until its transaction ends. A SQLite file has a lock file."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")


def lock_host(connection: Connection, host: str) -> None:
    """Keep other writers of the same host waiting: its events form one chain. SQLite has one writer."""
    if connection.dialect == "postgresql":
        connection.rows("SELECT id FROM host WHERE id = :id FOR UPDATE", {"id": host})
