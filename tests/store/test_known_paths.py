"""The short way to where projects are: the same answers as the long one, or none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contenant.core import changes
from contenant.store.known_paths import known_paths
from contenant.store.store import Store
from tests.store.samples import HOST, project

PATHS = ["/a%/x", "/a_/x", "/aa/x", "/A%/x", "/b", "/caf\udce9/x", "/größe"]


@pytest.mark.usefixtures("database")  # a file: a server is asked in the long way
def test_the_answers_are_those_of_the_long_way(store: Store) -> None:
    for number, path in enumerate(PATHS):
        store.apply([changes.project_added(project(f"p{number}", path))])
    store.apply([changes.project_forgotten("p4", "asked")])
    for prefix in ("", "/a", "/a_", "/b", "/caf", "/caf\udce9", "/größe", "nowhere"):
        assert known_paths(None, HOST, prefix) == store.project_paths(prefix)
    assert len(known_paths(None, HOST, "") or ()) == len(PATHS) - 1
    assert known_paths(None, "another host", "") == []


def test_what_it_cannot_read_is_left_to_the_long_way(store: Store, database: Path) -> None:
    assert known_paths("postgresql+psycopg://nobody@nowhere/x", HOST, "") is None
    assert known_paths(f"sqlite:///{database}.not", HOST, "") is None
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert known_paths(None, HOST, "") is None
    database.write_bytes(b"no database at all, but longer than nothing" * 40)
    for log in database.parent.glob("*.db-*"):
        log.unlink()
    assert known_paths(None, HOST, "") is None
