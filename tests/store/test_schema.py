"""One schema: as migrated, as in code, as documented."""

from __future__ import annotations

import ast
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from contenant.paths import asset
from contenant.store import revision
from contenant.store.columns import insertion, tables
from contenant.store.connect import connect_to_migrate
from contenant.store.describe import describe
from contenant.store.location import locate
from contenant.store.schema import metadata
from contenant.store.store import Store, open_store
from contenant.store.views import VIEWS
from tests.store.samples import Clock


def _literals(path: Path) -> dict[str, Any]:
    """The plain assignments of a script."""
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def test_a_migrated_database_has_the_schema_in_code(store: Store) -> None:
    """But for the comments, which a server could keep: docs/schema.md has them."""
    engine = connect_to_migrate(locate(None), wait=5)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, metadata)
    engine.dispose()
    about = [each[0] for changes in found for each in (changes if isinstance(changes, list) else [changes])]
    assert set(about) <= {"modify_comment", "add_table_comment"}, found


def test_the_comparison_sees_a_difference(store: Store, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ALTER TABLE host ADD COLUMN surplus TEXT")
    engine = connect_to_migrate(locate(None), wait=5)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) != []
    engine.dispose()


def test_checks_and_partial_indexes_are_migrated_as_in_code(store: Store, database: Path) -> None:
    """What alembic does not compare on SQLite: conditions of indexes, checks, defaults, names."""
    from sqlalchemy import create_engine

    fresh = create_engine("sqlite://")
    metadata.create_all(fresh)
    with fresh.connect() as connection:
        wanted = connection.exec_driver_sql(_DDL).fetchall()
    fresh.dispose()
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(_DDL).fetchall()
    assert {name: _parts(sql) for name, sql in found} == {name: _parts(sql) for name, sql in wanted}


_DDL = (
    "SELECT name, sql FROM sqlite_master"
    " WHERE sql IS NOT NULL AND type IN ('table', 'index') AND name <> 'alembic_version'"
)


def _parts(sql: str) -> list[str]:
    """A statement as its clauses, whatever their order; a table that was remade has its name in quotes."""
    sql = re.sub(r'^CREATE TABLE "(\w+)"', r"CREATE TABLE \1", sql).replace("('')", "''")
    return sorted(re.sub(r"\s+", " ", part).strip(" ,)") for part in re.split(r"\n|, (?=\w+ VARCHAR)", sql))


def test_the_known_revisions_are_the_scripts() -> None:
    scripts = sorted((asset("migrations") / "versions").glob("*.py"))
    found = [_literals(script) for script in scripts]
    assert [each["revision"] for each in found] == list(revision.REVISIONS)
    assert [each["down_revision"] for each in found] == [None, *revision.REVISIONS[:-1]]
    assert revision.REVISIONS[-1] == revision.HEAD


def test_the_documented_schema_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "schema.md"
    assert page.read_text(encoding="utf-8") == describe(), (
        "run: python -m contenant.store.describe > docs/schema.md"
    )


def test_every_table_and_column_is_described() -> None:
    for table in metadata.tables.values():
        assert table.comment, table.name
        assert not [column.name for column in table.columns if not column.comment], table.name


def test_views_are_as_described_and_can_be_asked(store: Store, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        found = {
            name: connection.execute(f"SELECT * FROM {name}").description
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
        }
    assert {name: [column[0] for column in columns] for name, columns in found.items()} == {
        view.name: list(view.columns) for view in VIEWS
    }


def test_the_columns_that_are_written_are_those_of_the_schema() -> None:
    for name, columns in tables().items():
        table = metadata.tables[name]
        assert sorted(columns.names) == sorted(column.name for column in table.columns), name
        assert columns.key == tuple(column.name for column in table.primary_key.columns), name


def test_a_column_that_is_not_there_is_a_bug() -> None:
    with pytest.raises(ValueError, match=r"host has no columns \['colour'\]"):
        insertion("host", ["id", "colour"])


def _modules(program: str) -> set[str]:
    answer = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(answer.stdout.split())


def test_a_snapshot_loads_no_sqlalchemy(store: Store, database: Path) -> None:
    loaded = _modules(
        "from contenant.store.snapshot import open_snapshot\n"
        "open_snapshot(None, 'h').listing(); list(open_snapshot(None, 'h').history())"
    )
    assert not {"sqlalchemy", "alembic", "tempfile"} & loaded
    assert "sqlite3" in loaded


def test_writing_to_a_current_store_loads_no_sqlalchemy(store: Store, database: Path) -> None:
    program = (
        "from datetime import datetime, UTC\n"
        "from contenant.core.changes import engine_remembered\n"
        "from contenant.store.store import open_store\n"
        "with open_store(now=lambda: datetime.now(UTC), host_id='h') as store:\n"
        "    store.apply([engine_remembered('podman', 'runtime', 'runc')])"
    )
    loaded = _modules(program)
    assert not {"sqlalchemy", "alembic", "mako"} & loaded
    with open_store(now=Clock(), host_id="h") as other:
        assert other.setting("podman", "runtime") == "runc"


def test_making_a_store_loads_alembic_and_sqlalchemy(contenant_home: Path) -> None:
    """The counterpart: the two tests above look at the right names. It is done in this very process where
    there are threads, else in one of its own.
    """
    program = (
        "from datetime import datetime, UTC\n"
        "from contenant.store.store import open_store\n"
        "import threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "open_store(now=lambda: datetime.now(UTC), host_id='h').close()"
    )
    assert {"alembic", "sqlalchemy"} <= _modules(program)
