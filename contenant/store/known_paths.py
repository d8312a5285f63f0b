"""Where projects are, for completion: a shell waits for it, so it loads none of the other reads."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from contenant.store import durable, revision
from contenant.store.encoding import from_column, to_column
from contenant.store.location import locate

PATHS = (
    "SELECT path FROM project WHERE host = :host AND forgotten = '' AND substr(path, 1, :size) = :prefix"
    ' ORDER BY path COLLATE "binary"'
)


def known_paths(url: str | None, host_id: str, prefix: str) -> list[str] | None:
    """As `Reads.project_paths`; None where the database is no file of the present schema that can be read as
    it stands, which `open_snapshot` then deals with.
    """
    location, start = locate(url), to_column(prefix)
    if location.path is None:
        return None
    try:
        address = durable.uri(location.path, "mode=ro")
        with closing(sqlite3.connect(address, uri=True, timeout=1.0, isolation_level=None)) as connection:
            if connection.execute(revision.SELECT).fetchone() != (revision.HEAD,):
                return None
            values = {"host": host_id, "prefix": start, "size": len(start)}
            return [from_column(row[0]) for row in connection.execute(PATHS, values)]
    except sqlite3.Error:
        return None
