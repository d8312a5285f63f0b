"""A database of every schema that was ever released comes to the present one, nothing lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from contenant.store import revision
from contenant.store.location import backups
from contenant.store.store import open_store
from contenant.store.verify import verify
from tests.store.postgresql import Cluster
from tests.store.samples import HOST, Clock, made

DUMPS = Path(__file__).parent / "dumps"
RELEASED = sorted({path.name.partition(".")[0] for path in DUMPS.iterdir()})
Rows = Mapping[str, list[str]]


def test_there_is_a_dump_of_the_first_schema() -> None:
    assert RELEASED[0] == "0001"
    assert set(RELEASED) <= set(revision.REVISIONS)


def _values(row: tuple[object, ...]) -> str:
    return "|".join(str(int(value) if isinstance(value, bool) else value) for value in row)


def _rows(cursor: object, tables: list[str], columns: Mapping[str, str]) -> Rows:
    ask = cursor.execute  # type: ignore[attr-defined]  # either driver's
    return {name: sorted(map(_values, ask(f"SELECT {columns[name]} FROM {name}"))) for name in tables}


def _check(before: Rows, after: Rows) -> None:
    """Every row that was there is there, in the columns that were there."""
    assert sum(map(len, before.values())) > 50
    assert after == before
    with open_store(now=Clock(), host_id=HOST) as store:
        proof = verify(store.events())
        assert (proof.fault, proof.length > 30) == ("", True)
        assert len(list(store.history(kinds=("session", "container")))) > 5
        store.apply(made("new", "pnew", "/work/new"))
        after_that = verify(store.events())
        assert (after_that.fault, after_that.length >= proof.length + 3) == ("", True)


@pytest.mark.parametrize("released", RELEASED)
def test_sqlite(released: str, database: Path) -> None:
    database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript((DUMPS / f"{released}.sqlite.sql").read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        tables = [row[0] for row in found if row[0] != "alembic_version"]
        names = {
            name: ", ".join(f'"{row[1]}"' for row in connection.execute(f"PRAGMA table_info({name})"))
            for name in tables
        }
        before = _rows(connection, tables, names)
    open_store(now=Clock(), host_id=HOST).close()
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute(revision.SELECT).fetchall() == [(revision.HEAD,)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        after = _rows(connection, tables, names)
    backed_up = [path.name.rpartition("-")[2] for path in backups(database)]
    assert backed_up == ([f"{released}.db"] if released != revision.HEAD else [])
    _check(before, after)


@pytest.mark.parametrize("released", RELEASED)
def test_postgresql(released: str, postgresql: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    name = postgresql.create()
    monkeypatch.setenv("CONTENANT_DATABASE_URL", postgresql.url(name))
    with postgresql.connect(name) as connection:
        connection.execute((DUMPS / f"{released}.postgresql.sql").read_text(encoding="utf-8"))  # type: ignore[arg-type]
    with postgresql.connect(name) as connection:
        listed = "SELECT table_name, string_agg(column_name, ', ' ORDER BY ordinal_position)"
        listed += " FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1"
        names = {str(row[0]): str(row[1]) for row in connection.execute(listed)}
        tables = sorted(set(names) - {"alembic_version"})
        before = _rows(connection, tables, names)
    open_store(now=Clock(), host_id=HOST).close()
    with postgresql.connect(name) as connection:
        assert connection.execute(revision.SELECT).fetchall() == [(revision.HEAD,)]
        after = _rows(connection, tables, names)
    _check(before, after)
