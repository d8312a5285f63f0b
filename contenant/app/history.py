"""`contenant history`: sessions and lifecycle, newest first, as a stream."""

from __future__ import annotations

import os
from collections.abc import Iterator

from contenant import config
from contenant.app.ledger import Ledger
from contenant.app.project import identify
from contenant.app.results import HistoryQuery, HistoryRow


def history(query: HistoryQuery) -> Iterator[HistoryRow]:
    """Rows as they are read: memory stays flat however long the history is. Asks no engine."""
    with Ledger(config.database_url(os.environ)) as ledger:
        view = ledger.snapshot()
        if view is None:
            return
        path = identify(query.path)[0] if query.path else ""
        for row in view.history(
            path=path,
            since=query.since,
            until=query.until,
            kinds=query.kinds,
            credential=query.credential,
            limit=query.limit,
        ):
            yield HistoryRow(*row)
