"""The queries of `contenant history --open` say what they are called, on a database of a week."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contenant.core import changes
from contenant.core.browse import QUERIES
from contenant.store.store import open_store
from tests.store.samples import attempt, made, session


@pytest.fixture
def rows(contenant_home: Path) -> dict[str, list[tuple[object, ...]]]:
    """What each query finds: two hosts refused in two sessions, one of them in both; a third one reached."""
    tried = [
        attempt(destination="a.example", session_id="s1", attempts=2),
        attempt(destination="a.example", session_id="s2", attempts=3),
        attempt(destination="b.example", session_id="s2", attempts=1),
        attempt(destination="c.example", session_id="s2", verdict="allow", layer="tls", sent=9),
    ]
    with open_store(now=lambda: datetime.now(UTC), host_id="h1") as store:
        store.apply(made())
        for name in ("s1", "s2"):
            store.apply([changes.session_starting(session(name), "p1")])
        named = [(f"e{number}", row) for number, row in enumerate(tried)]
        store.apply([changes.egress_collected(store.containers()[0], "", "1", named)])
    with sqlite3.connect(contenant_home / "state" / "contenant.db") as database:
        found = {
            query.name: database.execute(query.sql, {"host": "a.example"}).fetchall() for query in QUERIES
        }
    database.close()
    return found


def test_hosts_are_told_apart(rows: dict[str, list[tuple[object, ...]]]) -> None:
    assert [(row[0], row[2]) for row in rows["denied-hosts"]] == [("a.example", 5), ("b.example", 1)]
    assert [row[0] for row in rows["contacted-hosts"]] == ["c.example"]
    assert len(rows["sessions-of-host"]) == 2


def test_sessions_are_counted(rows: dict[str, list[tuple[object, ...]]]) -> None:
    assert [row[1] for row in rows["sessions-by-project"]] == [2]
    assert sum(int(str(row[1])) for row in rows["sessions-per-day"]) == 2
