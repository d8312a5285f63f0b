"""Changes that few commands record: each kind -> what it does to its rows (store.apply)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from contenant.core.changes import Change
from contenant.core.records import MISSING
from contenant.store.apply import Handler, Writing, add
from contenant.store.apply_usage import collected

_MINE = " WHERE host = :host AND id = :id AND "


def _missing(writing: Writing, change: Change) -> bool:
    return _mark(writing, change, "place = :mark || place", "substr(place, 1, 1) <> :mark")


def _found(writing: Writing, change: Change) -> bool:
    return _mark(writing, change, "place = substr(place, 2)", "substr(place, 1, 1) = :mark")


def _mark(writing: Writing, change: Change, what: str, when: str) -> bool:
    own = {"host": writing.host, "id": change.subject, "mark": MISSING}
    return writing.connection.execute(f"UPDATE project SET {what}{_MINE}{when}", own) > 0  # noqa: S608 - constants only


def _adopted(writing: Writing, change: Change) -> bool:
    """A session that is on record already is left as it is: whoever began or ended it knew more."""
    row = {**change.data, "argv": json.dumps(change.data["argv"]), "project_id": change.project_id}
    if not add(writing, "session", {**row, "host": writing.host}, unless_there=True):
        return False
    for table, key in (("container", row["container_id"]), ("project", change.project_id)):
        own = {"host": writing.host, "id": key, "used": row["started"]}
        what = f"UPDATE {table} SET last_used = :used"  # noqa: S608 - constants only
        writing.connection.execute(f"{what}{_MINE}last_used < :used", own)
    return True


HANDLERS: Mapping[str, Handler] = {
    "usage.collected": collected,
    "project.missing": _missing,
    "project.found": _found,
    "session.adopted": _adopted,
}
