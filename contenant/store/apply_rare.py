"""Changes that few commands record: each kind -> what it does to its rows (store.apply)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from contenant.core.changes import Change
from contenant.core.records import MISSING
from contenant.store.apply import Handler, Writing, add
from contenant.store.apply_usage import collected
from contenant.store.encoding import plain, to_column

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


def _image_built(writing: Writing, change: Change) -> bool:
    return add(writing, "image", {**change.data, "host": writing.host})


def _image_removed(writing: Writing, change: Change) -> bool:
    values = {"host": writing.host, "at": writing.at, "why": plain(change.data["why"])}
    values |= {key: change.data.get(key, "") for key in ("engine", "digest")}
    which = "digest = :digest" if values["digest"] else "reference = :reference"
    removed = (
        "UPDATE image SET removed = :at, removed_why = :why WHERE host = :host AND removed = ''"  # noqa: S608 - constants only
        f" AND {which} AND (:engine = '' OR engine = '' OR engine = :engine)"
    )
    return writing.connection.execute(removed, {**values, "reference": change.subject}) > 0


def _config_trusted(writing: Writing, change: Change) -> bool:
    return _trust(writing, change.data["path"], change.data["sha256"])


def _config_revoked(writing: Writing, change: Change) -> bool:
    return _trust(writing, change.data["path"], "")


def _trust(writing: Writing, path: str, digest: str) -> bool:
    row = {"host": writing.host, "path": to_column(path), "sha256": digest, "changed": writing.at}
    changed = (
        "UPDATE trust SET sha256 = :sha256, changed = :changed"
        " WHERE host = :host AND path = :path AND sha256 <> :sha256"
    )
    if digest and add(writing, "trust", row, unless_there=True):
        return True
    return writing.connection.execute(changed, row) > 0


HANDLERS: Mapping[str, Handler] = {
    "image.built": _image_built,
    "image.loaded": _image_built,
    "image.removed": _image_removed,
    "config.trusted": _config_trusted,
    "config.revoked": _config_revoked,
    "usage.collected": collected,
    "project.missing": _missing,
    "project.found": _found,
    "session.adopted": _adopted,
}
