"""`contenant history`: sessions and lifecycle, newest first, as a stream."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from contenant.app.ledger import Ledger, database_url
from contenant.app.project import identify
from contenant.store.rows import HistoryRow


class HistoryQuery(NamedTuple):
    """Filters of `contenant history`; empty means all."""

    path: Path | None = None
    since: str = ""  # ISO-8601 UTC
    until: str = ""
    kinds: tuple[str, ...] = ()  # "session", "container", "container.created", …
    limit: int = 0  # 0: no limit
    credential: str = ""  # fingerprint


def history(query: HistoryQuery) -> Iterator[HistoryRow]:
    """Rows as they are read: memory stays flat however long the history is. Asks no engine."""
    with Ledger(database_url(os.environ)) as ledger:
        view = ledger.snapshot()
        if view is None:
            return
        path = identify(query.path)[0] if query.path else ""
        yield from view.history(
            path=path,
            since=query.since,
            until=query.until,
            kinds=query.kinds,
            credential=query.credential,
            limit=query.limit,
        )
