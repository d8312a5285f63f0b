"""Each kind of change -> what it does to its rows. Handlers return False where the rows say it already.

A change that no longer applies - a container already gone, a session already ended - changes nothing and
leaves no event: somebody else has recorded it first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, case, insert, or_, select, update

from contenant.core.changes import Change
from contenant.core.names import container_name
from contenant.store import schema
from contenant.store.dialect import insert_if_absent
from contenant.store.encoding import plain, to_column
from contenant.store.trouble import unknown


class Writing(NamedTuple):
    """A transaction under way, on one host, at one moment."""

    connection: Connection
    host: str
    at: str


Handler = Callable[[Writing, Change], bool]


def write(writing: Writing, change: Change) -> bool:
    """Bring the rows in line with a change; whether anything changed. A kind without a handler is a bug."""
    handler = HANDLERS.get(change.kind)
    if handler is None:
        raise ValueError(f"no handler for a change of kind {change.kind!r}")
    return handler(writing, change)


def _set(
    writing: Writing, table: Table, key: str, values: Mapping[str, Any], *when: ColumnElement[bool]
) -> bool:
    """Update the row with the id `key`; False where `when` does not hold. StateError where there is none."""
    mine = and_(table.c.host == writing.host, table.c.id == key)
    if writing.connection.execute(update(table).where(mine, *when).values(**values)).rowcount:
        return True
    if writing.connection.execute(select(table.c.id).where(mine)).first() is None:
        raise unknown(f"no {table.name} with the id {key!r}")
    return False


def _add(writing: Writing, table: Table, values: Mapping[str, Any]) -> None:
    writing.connection.execute(insert(table), {**values, "host": writing.host})


def _later(table: Table, at: str) -> ColumnElement[str]:
    """`last_used`, brought forward but never back: clocks may be set back."""
    return case((table.c.last_used < at, at), else_=table.c.last_used)


def _project_added(writing: Writing, change: Change) -> bool:
    path, name = to_column(change.data["path"]), change.data["name"]
    row = {"id": change.subject, "path": path, "name": name, "created": writing.at, "last_used": writing.at}
    _add(writing, schema.project, row)
    return True


def _project_forgotten(writing: Writing, change: Change) -> bool:
    table = schema.project
    return _set(writing, table, change.subject, {"forgotten": writing.at}, table.c.forgotten == "")


def _project_moved(writing: Writing, change: Change) -> bool:
    path = change.data["to"]
    values = {"path": to_column(path), "name": container_name(path)}
    return _set(writing, schema.project, change.subject, values, schema.project.c.path != values["path"])


def _container_creating(writing: Writing, change: Change) -> bool:
    _know_engine(writing, change)
    _add(writing, schema.container, change.data)
    return True


def _know_engine(writing: Writing, change: Change) -> None:
    data = change.data
    key = {"host": writing.host, "kind": data["engine"], "identity": data["engine_identity"]}
    values = {"version": data.get("engine_version", "")}
    table = schema.engine
    where = [table.c[name] == value for name, value in key.items()]
    if not writing.connection.execute(update(table).where(*where).values(**values)).rowcount:
        insert_if_absent(writing.connection, table, {**key, **values, "first_seen": writing.at})


def _container_adopted(writing: Writing, change: Change) -> bool:
    """A new row, or one that was taken for gone brought back; not one that is there as it should be."""
    _know_engine(writing, change)
    table = schema.container
    row = {**change.data, "host": writing.host}
    if insert_if_absent(writing.connection, table, row):
        return True
    values = {name: value for name, value in row.items() if name not in ("id", "host", "project_id")}
    return _set(writing, table, change.subject, {**values, "gone": "", "gone_why": ""}, table.c.gone != "")


def _there() -> ColumnElement[bool]:
    return schema.container.c.gone == ""


def _container_created(writing: Writing, change: Change) -> bool:
    values = {"engine_id": change.data["engine_id"], "last_seen": writing.at}
    return _set(writing, schema.container, change.subject, values, _there())


def _container_state(writing: Writing, change: Change) -> bool:
    values = {"state": change.data["to"], "last_seen": writing.at}
    return _set(writing, schema.container, change.subject, values, _there())


def _container_renamed(writing: Writing, change: Change) -> bool:
    return _set(writing, schema.container, change.subject, {"name": change.data["to"]}, _there())


def _container_policy(writing: Writing, change: Change) -> bool:
    table = schema.container
    values = {"policy": change.data["to"]}
    return _set(writing, table, change.subject, values, _there(), table.c.policy != values["policy"])


def _container_removing(writing: Writing, change: Change) -> bool:
    return _set(writing, schema.container, change.subject, {"gone_why": plain(change.data["why"])}, _there())


def _container_gone(writing: Writing, change: Change) -> bool:
    values = {"gone": writing.at, "gone_why": plain(change.data["why"])}
    return _set(writing, schema.container, change.subject, values, _there())


def _session_starting(writing: Writing, change: Change) -> bool:
    data = {**change.data, "argv": json.dumps(change.data["argv"]), "project_id": change.project_id}
    _add(writing, schema.session, data)
    # A container in use is not being removed any more.
    _used(writing, data["container_id"], change.project_id, data["started"], gone_why="")
    return True


def _used(writing: Writing, container_id: str, project_id: str, at: str, **more: str) -> None:
    values = {"last_used": _later(schema.container, at), **more}
    _set(writing, schema.container, container_id, values, _there())
    _set(writing, schema.project, project_id, {"last_used": _later(schema.project, at)})


def _session_ended(writing: Writing, change: Change) -> bool:
    """An end that was only inferred, without an exit code, gives way to one that knows the code."""
    table, code = schema.session, change.data["exit_code"]
    values = {"ended": writing.at, "exit_code": code, "how": plain(change.data["how"])}
    open_still = table.c.ended == ""
    when = open_still if code is None else or_(open_still, table.c.exit_code.is_(None))
    if not _set(writing, table, change.subject, values, when):
        return False
    if code is None:  # found out later: nothing was used just now
        return True
    mine = select(table.c.container_id).where(table.c.id == change.subject)
    container_id = writing.connection.execute(mine).scalar_one()
    _used(writing, container_id, change.project_id, writing.at)
    return True


def _session_reattached(writing: Writing, change: Change) -> bool:
    values = {**change.data, "ended": "", "exit_code": None, "how": ""}
    return _set(writing, schema.session, change.subject, values)


def _session_detached(writing: Writing, change: Change) -> bool:
    values = {"pid": 0, "pid_start": ""}
    return _set(writing, schema.session, change.subject, values, schema.session.c.ended == "")


def _image_built(writing: Writing, change: Change) -> bool:
    _add(writing, schema.image, change.data)
    return True


def _image_removed(writing: Writing, change: Change) -> bool:
    table = schema.image
    where = (table.c.host == writing.host, table.c.reference == change.subject, table.c.removed == "")
    values = {"removed": writing.at, "removed_why": plain(change.data["why"])}
    return writing.connection.execute(update(table).where(*where).values(**values)).rowcount > 0


def _policy_stored(writing: Writing, change: Change) -> bool:
    row = {**change.data, "hash": change.subject, "host": writing.host, "created": writing.at}
    return insert_if_absent(writing.connection, schema.policy, row)


def _engine_remembered(writing: Writing, change: Change) -> bool:
    table, value = schema.setting, plain(change.data["value"])
    key = {"host": writing.host, "engine": change.subject, "key": change.data["key"]}
    row = {**key, "value": value, "changed": writing.at}
    if insert_if_absent(writing.connection, table, row):
        return True
    where = [table.c[name] == text for name, text in key.items()]
    changed = update(table).where(*where, table.c.value != value).values(value=value, changed=writing.at)
    return writing.connection.execute(changed).rowcount > 0


def _only_event(writing: Writing, change: Change) -> bool:
    return True


HANDLERS: Mapping[str, Handler] = {
    "project.added": _project_added,
    "project.forgotten": _project_forgotten,
    "project.moved": _project_moved,
    "container.creating": _container_creating,
    "container.created": _container_created,
    "container.adopted": _container_adopted,
    "container.state": _container_state,
    "container.renamed": _container_renamed,
    "container.policy": _container_policy,
    "container.removing": _container_removing,
    "container.gone": _container_gone,
    "session.starting": _session_starting,
    "session.ended": _session_ended,
    "session.reattached": _session_reattached,
    "session.detached": _session_detached,
    "image.building": _only_event,
    "image.built": _image_built,
    "image.failed": _only_event,
    "image.removed": _image_removed,
    "policy.stored": _policy_stored,
    "engine.remembered": _engine_remembered,
}
