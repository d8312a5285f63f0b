"""What was read of a transcript -> its rows. Loaded when there is some: few commands have any."""

from __future__ import annotations

from contenant.core.changes import Change
from contenant.core.records import UsageRecord
from contenant.store.apply import Writing, add
from contenant.store.columns import columns_of, insertion
from contenant.store.encoding import plain
from contenant.store.usage import ADVANCE, COUNT_ONCE

_INSERT = insertion("usage", columns_of("usage").names) + COUNT_ONCE


def collected(writing: Writing, change: Change) -> bool:
    """Nothing where another contenant read the same piece first: it has counted it."""
    if not _advance(writing, change):
        return False
    for fields in change.data["rows"]:
        record = UsageRecord(*fields)
        texts = {key: plain(value) for key, value in record._asdict().items() if isinstance(value, str)}
        row = {**record._asdict(), **texts, "host": writing.host, "project_id": change.project_id}
        writing.connection.execute(_INSERT, row)
    return True


def _advance(writing: Writing, change: Change) -> bool:
    data = change.data
    row = {"host": writing.host, "home": change.subject, "path": data["path"], "inode": data["inode"]}
    row |= {"position": data["position"], "seen": writing.at}
    if data["was"] is None:
        return add(writing, "transcript", {**row, "project_id": change.project_id}, unless_there=True)
    step = {**row, "at": writing.at, "was": data["was"], "since": data["since"]}
    return writing.connection.execute(ADVANCE, step) > 0
