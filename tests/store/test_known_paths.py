"""The short way to where projects are: the same answers as the long one, or none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contenant.core import changes
from contenant.store.known_paths import known_paths, known_variants
from contenant.store.store import Store
from tests.store.samples import HOST, container, project

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


@pytest.mark.usefixtures("database")
def test_containers_are_called_as_by_the_long_way(store: Store) -> None:
    path = "/caf\udce9/x"
    store.apply([changes.project_added(project("p1", path)), changes.project_added(project("p2", "/b"))])
    known = [
        ("", "p1", "01"),
        ("review", "p1", "03"),
        ("two", "p1", "02"),
        ("gone", "p1", "04"),
        ("b", "p2", "05"),
    ]
    for variant, owner, day in known:
        made = container(
            f"c{day}", owner, name=day, variant=variant, last_used=f"2026-10-{day}T10:00:00.000Z"
        )
        store.apply([changes.container_creating(made)])
        if variant == "gone":
            store.apply([changes.container_gone(made, "removed")])
    assert known_variants(None, HOST, path) == ["", "two", "review"]
    assert known_variants(None, HOST, "/nowhere") == known_variants(None, "another host", path) == []
    store.apply([changes.project_forgotten("p1", "asked")])
    assert known_variants(None, HOST, path) == []


def test_what_it_cannot_read_is_left_to_the_long_way(store: Store, database: Path) -> None:
    assert known_paths("postgresql+psycopg://nobody@nowhere/x", HOST, "") is None
    assert known_paths(f"sqlite:///{database}.not", HOST, "") is None
    assert known_variants(f"sqlite:///{database}.not", HOST, "/b") is None
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert known_paths(None, HOST, "") is None
    database.write_bytes(b"no database at all, but longer than nothing" * 40)
    for log in database.parent.glob("*.db-*"):
        log.unlink()
    assert known_paths(None, HOST, "") is None
