"""A store of one's own for each test, copied from one that was migrated once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant.paths import ensure_private
from contenant.store.snapshot import Snapshot
from contenant.store.store import Store, open_store
from tests.store.samples import HOST, Clock


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file without a row, to be copied."""
    path = tmp_path_factory.mktemp("template") / "contenant.db"
    open_store(f"sqlite:///{path}", now=Clock(), host_id=HOST).close()
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(contenant_home: Path) -> Path:
    """Where this test's database is, or will be."""
    return contenant_home / "state" / "contenant.db"


@pytest.fixture
def store(clock: Clock, database: Path, empty_database: Path) -> Iterator[Store]:
    ensure_private(database.parent)
    shutil.copy(empty_database, database)
    with open_store(now=clock, host_id=HOST) as opened:
        yield opened


@pytest.fixture
def snapshot(store: Store, database: Path) -> Iterator[Snapshot]:
    """A second view of the database of `store`."""
    opened = Snapshot.open(database, HOST)
    assert opened is not None
    with opened:
        yield opened
