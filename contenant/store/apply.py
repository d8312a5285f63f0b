"""Each kind of change -> what it does to its rows. Handlers return False where the rows say it already.

A change that no longer applies - a container already gone, a session already ended - changes nothing and
leaves no event: somebody else has recorded it first.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from contenant.core.changes import Change
from contenant.core.names import container_name
from contenant.core.records import ContainerRecord
from contenant.store.columns import columns_of, insertion
from contenant.store.database import Connection
from contenant.store.encoding import plain, to_column
from contenant.store.trouble import unknown

_OPEN = "ended = ''"
_THERE = "gone = ''"
# Brought forward but never back: clocks may be set back.
_USED = "last_used = CASE WHEN last_used < :used THEN :used ELSE last_used END"

_ADD_UP = (
    " ON CONFLICT (container_id, session_id, policy, layer, verdict, destination, address, port, uid)"
    " DO UPDATE SET attempts = egress.attempts + excluded.attempts, sent = egress.sent + excluded.sent,"
    " received = egress.received + excluded.received, last_seen ="
    " CASE WHEN egress.last_seen < excluded.last_seen THEN excluded.last_seen ELSE egress.last_seen END"
)


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


def add(writing: Writing, table: str, values: Mapping[str, Any], *, unless_there: bool = False) -> bool:
    """Insert a row; with `unless_there`, only if its key is free. Whether it was inserted."""
    sql = insertion(table, values, unless_there=unless_there)
    return writing.connection.execute(sql, values) > 0


def _set(writing: Writing, table: str, key: str, what: str, when: str = "1 = 1", **values: Any) -> bool:
    """Update the row with the id `key`; False where `when` does not hold. StateError where there is none.

    `what` and `when` are SQL over the columns and over `values`, `:at` and `:host`.
    """
    known = {**values, "at": writing.at, "host": writing.host, "id": key}
    mine = "host = :host AND id = :id"
    if writing.connection.execute(f"UPDATE {table} SET {what} WHERE {mine} AND {when}", known):  # noqa: S608 - constants only
        return True
    if not writing.connection.rows(f"SELECT id FROM {table} WHERE {mine}", known):  # noqa: S608 - constants only
        raise unknown(f"no {table} with the id {key!r}")
    return False


def _project_added(writing: Writing, change: Change) -> bool:
    path, name = to_column(change.data["path"]), change.data["name"]
    row = {"id": change.subject, "path": path, "name": name, "created": writing.at, "last_used": writing.at}
    return add(writing, "project", {**row, "host": writing.host})


def _project_forgotten(writing: Writing, change: Change) -> bool:
    return _set(writing, "project", change.subject, "forgotten = :at", "forgotten = ''")


def _project_moved(writing: Writing, change: Change) -> bool:
    path = change.data["to"]
    values = {"path": to_column(path), "name": container_name(path)}
    return _set(writing, "project", change.subject, "path = :path, name = :name", "path <> :path", **values)


def _project_located(writing: Writing, change: Change) -> bool:
    place = change.data["place"]
    return _set(writing, "project", change.subject, "place = :place", "place <> :place", place=place)


def _container_replaced(writing: Writing, change: Change) -> bool:
    what, engine_id = "engine_id = :engine_id, last_seen = :at", change.data["to"]
    return _set(writing, "container", change.subject, what, _THERE, engine_id=engine_id)


def _container_creating(writing: Writing, change: Change) -> bool:
    _know_engine(writing, change)
    return add(writing, "container", {**change.data, "host": writing.host})


def _know_engine(writing: Writing, change: Change) -> None:
    data = change.data
    row = {"host": writing.host, "kind": data["engine"], "identity": data["engine_identity"]}
    row |= {"version": data.get("engine_version", ""), "first_seen": writing.at}
    known = (
        "UPDATE engine SET version = :version WHERE host = :host AND kind = :kind AND identity = :identity"
    )
    if not writing.connection.execute(known, row):
        add(writing, "engine", row, unless_there=True)


def _container_adopted(writing: Writing, change: Change) -> bool:
    """A new row, or one that was taken for gone brought back; not one that is there as it should be."""
    _know_engine(writing, change)
    if add(writing, "container", {**change.data, "host": writing.host}, unless_there=True):
        return True
    values = ContainerRecord(**change.data)._replace(gone="", gone_why="")._asdict()
    del values["id"], values["project_id"]
    what = ", ".join(f"{name} = :{name}" for name in values)
    return _set(writing, "container", change.subject, what, "gone <> ''", **values)


def _container_created(writing: Writing, change: Change) -> bool:
    what, engine_id = "engine_id = :engine_id, last_seen = :at", change.data["engine_id"]
    return _set(writing, "container", change.subject, what, _THERE, engine_id=engine_id)


def _container_state(writing: Writing, change: Change) -> bool:
    what, state = "state = :state, last_seen = :at", change.data["to"]
    return _set(writing, "container", change.subject, what, _THERE, state=state)


def _container_renamed(writing: Writing, change: Change) -> bool:
    return _set(writing, "container", change.subject, "name = :name", _THERE, name=change.data["to"])


def _container_options(writing: Writing, change: Change) -> bool:
    when = f"{_THERE} AND flags <> :flags"
    return _set(writing, "container", change.subject, "flags = :flags", when, flags=change.data["flags"])


def _container_policy(writing: Writing, change: Change) -> bool:
    when = f"{_THERE} AND policy <> :policy"
    return _set(writing, "container", change.subject, "policy = :policy", when, policy=change.data["to"])


def _container_removing(writing: Writing, change: Change) -> bool:
    why = plain(change.data["why"])
    return _set(writing, "container", change.subject, "gone_why = :why", _THERE, why=why)


def _container_gone(writing: Writing, change: Change) -> bool:
    why = plain(change.data["why"])
    return _set(writing, "container", change.subject, "gone = :at, gone_why = :why", _THERE, why=why)


def _session_starting(writing: Writing, change: Change) -> bool:
    row = {**change.data, "argv": json.dumps(change.data["argv"]), "project_id": change.project_id}
    add(writing, "session", {**row, "host": writing.host})
    # A container in use is not being removed any more.
    _set(writing, "container", row["container_id"], f"{_USED}, gone_why = ''", _THERE, used=row["started"])
    return _set(writing, "project", change.project_id, _USED, used=row["started"])


def _session_ended(writing: Writing, change: Change) -> bool:
    """An end that was only inferred, without an exit code, gives way to one that knows the code."""
    code = change.data["exit_code"]
    values = {"code": code, "how": plain(change.data["how"])}
    # Never before its start, wherever a clock was set meanwhile.
    what = "ended = CASE WHEN started > :at THEN started ELSE :at END, exit_code = :code, how = :how"
    when = _OPEN if code is None else f"({_OPEN} OR exit_code IS NULL)"
    if not _set(writing, "session", change.subject, what, when, **values):
        return False
    if code is None:  # found out later: nothing was used just now
        return True
    mine = writing.connection.rows("SELECT container_id FROM session WHERE id = :id", {"id": change.subject})
    _set(writing, "container", mine[0][0], _USED, _THERE, used=writing.at)
    return _set(writing, "project", change.project_id, _USED, used=writing.at)


def _session_reattached(writing: Writing, change: Change) -> bool:
    what = "pid = :pid, pid_start = :pid_start, boot_id = :boot_id, ended = '', exit_code = NULL, how = ''"
    return _set(writing, "session", change.subject, what, **change.data)


def _session_detached(writing: Writing, change: Change) -> bool:
    return _set(writing, "session", change.subject, "pid = 0, pid_start = ''", _OPEN)


def _policy_stored(writing: Writing, change: Change) -> bool:
    row = {**change.data, "hash": change.subject, "host": writing.host, "created": writing.at}
    return add(writing, "policy", row, unless_there=True)


def _rule_added(writing: Writing, change: Change) -> bool:
    texts = {key: plain(change.data[key]) for key in ("reason", "author")}
    return add(writing, "rule", {**change.data, **texts, "host": writing.host})


def _rule_removed(writing: Writing, change: Change) -> bool:
    what, why = "removed = :at, removed_why = :why", plain(change.data["why"])
    return _set(writing, "rule", change.subject, what, "removed = ''", why=why)


def _egress_collected(writing: Writing, change: Change) -> bool:
    """Nothing where another contenant took the same over first: it would count twice."""
    since, cursor = change.data["since"], change.data["cursor"]
    if not _set(
        writing,
        "container",
        change.subject,
        "collected = :cursor",
        "collected = :since",
        since=since,
        cursor=cursor,
    ):
        return False
    add_up = insertion("egress", columns_of("egress").names) + _ADD_UP
    for row in change.data["rows"]:
        texts = {key: plain(row[key]) for key in ("destination", "address", "policy")}
        writing.connection.execute(add_up, {**row, **texts, "host": writing.host})
    return True


def _engine_remembered(writing: Writing, change: Change) -> bool:
    row = {"host": writing.host, "engine": change.subject, "key": change.data["key"], "changed": writing.at}
    row |= {"value": plain(change.data["value"])}
    if add(writing, "setting", row, unless_there=True):
        return True
    changed = (
        "UPDATE setting SET value = :value, changed = :changed"
        " WHERE host = :host AND engine = :engine AND key = :key AND value <> :value"
    )
    return writing.connection.execute(changed, row) > 0


def _credential_used(writing: Writing, change: Change) -> bool:
    row = {**change.data, "fingerprint": change.subject, "host": writing.host, "first_seen": writing.at}
    if add(writing, "credential", row, unless_there=True):
        return True
    return _remembered_again(writing, change)


def _remembered_again(writing: Writing, change: Change) -> bool:
    again = (
        "UPDATE credential SET forgotten = ''"
        " WHERE host = :host AND fingerprint = :fingerprint AND forgotten <> ''"
    )
    return writing.connection.execute(again, {"host": writing.host, "fingerprint": change.subject}) > 0


def _credential_stored(writing: Writing, change: Change) -> bool:
    _remembered_again(writing, change)
    return True


def _credential_forgotten(writing: Writing, change: Change) -> bool:
    values = {"host": writing.host, "at": writing.at, "fingerprint": change.subject}
    forgotten = "UPDATE credential SET forgotten = :at WHERE host = :host AND fingerprint = :fingerprint"
    writing.connection.execute(forgotten, values)
    return True  # one that no session was given has no row


def _rare(writing: Writing, change: Change) -> bool:
    """What few commands record is loaded by those."""
    from contenant.store.apply_rare import HANDLERS as RARE

    return RARE[change.kind](writing, change)


def _only_event(writing: Writing, change: Change) -> bool:
    return True


HANDLERS: Mapping[str, Handler] = {
    "project.added": _project_added,
    "project.forgotten": _project_forgotten,
    "project.moved": _project_moved,
    "project.located": _project_located,
    "project.missing": _rare,
    "project.found": _rare,
    "container.creating": _container_creating,
    "container.created": _container_created,
    "container.adopted": _container_adopted,
    "container.state": _container_state,
    "container.renamed": _container_renamed,
    "container.replaced": _container_replaced,
    "container.options": _container_options,
    "container.policy": _container_policy,
    "container.removing": _container_removing,
    "container.gone": _container_gone,
    "session.starting": _session_starting,
    "session.adopted": _rare,
    "session.ended": _session_ended,
    "session.reattached": _session_reattached,
    "session.detached": _session_detached,
    "image.building": _only_event,
    "image.built": _rare,
    "image.loaded": _rare,
    "image.failed": _only_event,
    "image.removed": _rare,
    "claude.pinned": _only_event,
    "claude.chosen": _only_event,
    "policy.stored": _policy_stored,
    "rule.added": _rule_added,
    "rule.removed": _rule_removed,
    "egress.collected": _egress_collected,
    "engine.remembered": _engine_remembered,
    "credential.used": _credential_used,
    "credential.stored": _credential_stored,
    "credential.forgotten": _credential_forgotten,
    "config.trusted": _rare,
    "config.revoked": _rare,
    "config.changed": _only_event,
    "home.removed": _only_event,
    "database.restored": _only_event,
    "usage.collected": _rare,
    "worktree.made": _only_event,
    "worktree.removed": _only_event,
    "clock.set_back": _only_event,
    **dict.fromkeys(("session.left", "session.ssh", "drift.found", "drift.mended"), _only_event),
    **dict.fromkeys(("drop.put", "drop.got", "service.lent", "service.used"), _only_event),
}
