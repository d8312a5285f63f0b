"""Where projects are and what their containers are called, for completion: a shell waits for it, so it loads
none of the other reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing

from contenant.store import durable, revision
from contenant.store.encoding import from_column, to_column
from contenant.store.location import locate

PATHS = (
    "SELECT path FROM project WHERE host = :host AND forgotten = '' AND substr(path, 1, :size) = :prefix"
    ' ORDER BY path COLLATE "binary"'
)
VARIANTS = (
    "SELECT c.variant FROM container c JOIN project p ON p.id = c.project_id"
    " WHERE c.host = :host AND c.gone = '' AND p.host = :host AND p.forgotten = '' AND p.path = :path"
    " ORDER BY c.last_used, c.created DESC, c.id DESC"
)


def known_paths(url: str | None, host_id: str, prefix: str) -> list[str] | None:
    """As `Reads.project_paths`; None where the database is no file of the present schema that can be read as
    it stands, which `open_snapshot` then deals with.
    """
    start = to_column(prefix)
    return _column(url, PATHS, {"host": host_id, "prefix": start, "size": len(start)})


def known_variants(url: str | None, host_id: str, path: str) -> list[str] | None:
    """What the containers of the project at a canonical path are called, "" the first, the one used last at
    the end; None as above.
    """
    return _column(url, VARIANTS, {"host": host_id, "path": to_column(path)})


def _column(url: str | None, sql: str, values: Mapping[str, str | int]) -> list[str] | None:
    location = locate(url)
    if location.path is None:
        return None
    try:
        address = durable.uri(location.path, "mode=ro")
        with closing(sqlite3.connect(address, uri=True, timeout=1.0, isolation_level=None)) as connection:
            if connection.execute(revision.SELECT).fetchone() != (revision.HEAD,):
                return None
            return [from_column(row[0]) for row in connection.execute(sql, values)]
    except sqlite3.Error:
        return None
