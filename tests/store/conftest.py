"""A store of one's own for each test, copied from one that was migrated once: SQLite's and PostgreSQL's.

A test of `store` runs on both, unless it looks into the database's file (`database`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant.paths import ensure_private
from contenant.store.location import VARIABLE
from contenant.store.reads import Reads
from contenant.store.snapshot import open_snapshot
from contenant.store.store import Store, open_store
from tests.store.postgresql import Cluster, cluster
from tests.store.samples import HOST, Clock

BACKENDS = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "store" in metafunc.fixturenames:
        kinds = BACKENDS if "database" not in metafunc.fixturenames else BACKENDS[:1]
        metafunc.parametrize("backend", kinds, scope="function")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file without a row, to be copied."""
    path = tmp_path_factory.mktemp("template") / "contenant.db"
    open_store(f"sqlite:///{path}", now=Clock(), host_id=HOST).close()
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A server of this run's own."""
    with cluster() as made:
        yield made


@pytest.fixture(scope="session")
def empty_server_database(postgresql: Cluster) -> str:
    """The same on the server, to be copied; its name."""
    name = postgresql.create()
    open_store(postgresql.url(name), now=Clock(), host_id=HOST).close()
    return name


@pytest.fixture
def server_database(
    postgresql: Cluster, empty_server_database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A migrated database without a row on the server, the one in force for this test; its name."""
    name = postgresql.create(empty_server_database)
    monkeypatch.setenv(VARIABLE, postgresql.url(name))
    yield name
    postgresql.drop(name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(contenant_home: Path) -> Path:
    """Where this test's database file is, or will be."""
    return contenant_home / "state" / "contenant.db"


@pytest.fixture
def store(
    backend: str, clock: Clock, contenant_home: Path, request: pytest.FixtureRequest
) -> Iterator[Store]:
    if backend == "sqlite":
        path = contenant_home / "state" / "contenant.db"
        ensure_private(path.parent)
        shutil.copy(request.getfixturevalue("empty_database"), path)
    else:
        request.getfixturevalue("server_database")
    with open_store(now=clock, host_id=HOST) as opened:
        yield opened


@pytest.fixture
def snapshot(store: Store) -> Iterator[Reads]:
    """A second view of the database of `store`, the cheap one where there is one."""
    opened = open_snapshot(None, HOST)
    assert opened is not None
    with opened:
        yield opened
