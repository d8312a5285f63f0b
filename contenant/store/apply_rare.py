"""Changes that few commands record: each kind -> what it does to its rows (store.apply)."""

from __future__ import annotations

from collections.abc import Mapping

from contenant.core.changes import Change
from contenant.core.records import MISSING
from contenant.store.apply import Handler, Writing
from contenant.store.apply_usage import collected

_MINE = " WHERE host = :host AND id = :id AND "


def _missing(writing: Writing, change: Change) -> bool:
    return _mark(writing, change, "place = :mark || place", "substr(place, 1, 1) <> :mark")


def _found(writing: Writing, change: Change) -> bool:
    return _mark(writing, change, "place = substr(place, 2)", "substr(place, 1, 1) = :mark")


def _mark(writing: Writing, change: Change, what: str, when: str) -> bool:
    own = {"host": writing.host, "id": change.subject, "mark": MISSING}
    return writing.connection.execute(f"UPDATE project SET {what}{_MINE}{when}", own) > 0  # noqa: S608 - constants only


HANDLERS: Mapping[str, Handler] = {
    "usage.collected": collected,
    "project.missing": _missing,
    "project.found": _found,
}
