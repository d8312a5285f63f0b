"""The columns of the tables that changes write, so that writing loads no SQLAlchemy.

Most are the fields of a record; a test holds them against `store.schema`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from contenant.core.records import (
    ContainerRecord,
    EventRecord,
    ImageRecord,
    ProjectRecord,
    RuleRecord,
    SessionRecord,
)


class Columns(NamedTuple):
    """The columns of one table."""

    names: tuple[str, ...]
    key: tuple[str, ...] = ("id",)  # those of the primary key


_TABLES: Mapping[str, Columns] = {
    "host": Columns(("id", "name", "created")),
    "engine": Columns(("host", "kind", "identity", "version", "first_seen"), ("host", "kind", "identity")),
    "project": Columns(("host", *ProjectRecord._fields)),
    "container": Columns(("host", *ContainerRecord._fields, "collected")),
    "rule": Columns(("host", *RuleRecord._fields)),
    "transcript": Columns(
        ("host", "home", "path", "project_id", "inode", "position", "seen"), ("host", "home", "path")
    ),
    "session": Columns(("host", "project_id", *SessionRecord._fields)),
    "image": Columns(("host", *ImageRecord._fields, "removed", "removed_why")),
    "credential": Columns(
        ("host", "fingerprint", "source", "kind", "expires", "first_seen", "forgotten"),
        ("host", "fingerprint"),
    ),
    "trust": Columns(("host", "path", "sha256", "changed"), ("host", "path")),
    "event": Columns(("topic", *EventRecord._fields), ("host", "seq")),
    "setting": Columns(("host", "engine", "key", "value", "changed"), ("host", "engine", "key")),
}


def _others() -> Mapping[str, Columns]:
    """Tables that few sessions write to."""
    from contenant.core.log_records import EgressRecord, UsageRecord
    from contenant.store.rows import PolicyRow

    return {
        "egress": Columns(("id", "host", *EgressRecord._fields)),
        "usage": Columns(("host", "project_id", *UsageRecord._fields), ("host", "message_id", "request_id")),
        "policy": Columns(("host", *PolicyRow._fields), ("host", "hash")),
    }


def tables() -> dict[str, Columns]:
    """The columns of every table."""
    return {**_TABLES, **_others()}


def columns_of(table: str) -> Columns:
    """The columns of one table."""
    return _TABLES.get(table) or _others()[table]


def insertion(table: str, names: Iterable[str], *, unless_there: bool = False) -> str:
    """The statement that inserts a row with these columns; with `unless_there`, only if its key is free.

    ValueError where the table has no such column.
    """
    known, given = columns_of(table), tuple(names)
    if unknown := set(given).difference(known.names):
        raise ValueError(f"{table} has no columns {sorted(unknown)}")
    slots = ", ".join(f":{name}" for name in given)
    sql = f"INSERT INTO {table} ({', '.join(given)}) VALUES ({slots})"  # noqa: S608 - known columns only
    return f"{sql} ON CONFLICT ({', '.join(known.key)}) DO NOTHING" if unless_there else sql
