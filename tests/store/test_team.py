"""Several hosts, one PostgreSQL database: a chain each, one migration, one clear line for any trouble."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contenant.core import changes
from contenant.errors import BusyError, StateError
from contenant.store import connect, revision
from contenant.store.dialect import _ADVISORY_LOCK
from contenant.store.location import Location, locate
from contenant.store.migrate import back_up
from contenant.store.snapshot import open_snapshot
from contenant.store.store import Store, open_store
from contenant.store.verify import verify
from tests.store.postgresql import Cluster
from tests.store.samples import HOST, START, Clock, container, kinds, made, project
from tests.store.test_server import EVERY_CHANGE

HOSTS = ("a" * 16, "b" * 16, "c" * 16)


@pytest.fixture
def url(postgresql: Cluster, server_database: str) -> str:
    """A migrated database without a row."""
    return postgresql.url(server_database)


@pytest.fixture
def missing(postgresql: Cluster) -> str:
    """A database without a table."""
    return postgresql.url(postgresql.create())


def open_as(host: str, url: str, wait: float = 5) -> Store:
    return open_store(url, now=Clock(), host_id=host, wait=wait)


def own_events(store: Store) -> int:
    """Events but for those that say that the clock went back: each store here has a clock of its own."""
    return sum(not kind.startswith("clock.") for kind in kinds(store))


def together(actions: list[Callable[[], None]]) -> None:
    """Run all at once; raises what any raised."""
    with ThreadPoolExecutor(len(actions)) as pool:
        for done in [pool.submit(action) for action in actions]:
            done.result(timeout=60)


def test_hosts_write_at_once_and_each_has_a_chain_of_its_own(url: str) -> None:
    def write(host: str, part: int) -> None:
        with open_as(host, url) as store:
            for number in range(15):
                key = f"{host[0]}{part}-{number}"
                store.apply(made(f"c{key}", f"p{key}", f"/work/{part}/{number}"))

    together([lambda h=host, p=part: write(h, p) for host in HOSTS for part in range(2)])  # type: ignore[misc]
    for host in HOSTS:
        with open_as(host, url) as store:
            assert verify(store.events()).fault == ""
            assert own_events(store) == 90
            assert {each.id[1] for each in store.containers()} == {host[0]}
            assert len(store.projects()) == 30


def test_the_server_writes_what_a_file_does(url: str, tmp_path: Path) -> None:
    """Every kind of change: the same rows, the same events, hash by hash."""
    with open_as(HOST, url) as server, open_as(HOST, f"sqlite:///{tmp_path}/one.db") as file:
        for store in (server, file):
            for batch in EVERY_CHANGE:
                store.apply(batch)
        assert [event.hash for event in server.events()] == [event.hash for event in file.events()]
        assert server.projects() == file.projects()
        assert server.projects(forgotten=True) == file.projects(forgotten=True)
        assert server.containers(gone=None) == file.containers(gone=None)
        assert server.sessions() == file.sessions()
        assert server.images() == file.images()
        assert server.egress("p1") == file.egress("p1") != []
        assert list(server.history()) == list(file.history())
        for by in ("day", "project", "model", "session", "image"):
            assert server.usage(by) == file.usage(by) != []  # type: ignore[arg-type]


def test_a_host_cannot_touch_anothers_rows(url: str) -> None:
    """What one reconciles is never what another has, though engine, path and name are the same."""
    with open_as(HOSTS[0], url) as one, open_as(HOSTS[1], url) as other:
        one.apply(made("c1", "p1", "/work/one"))
        other.apply(made("c2", "p2", "/work/one"))
        for change in (
            changes.container_gone(container("c1"), "vanished"),
            changes.project_forgotten("p1", "asked"),
            changes.container_state(container("c1"), "running"),
        ):
            with pytest.raises(StateError):
                other.apply([change])
        assert one.project_by_path("/work/one") != other.project_by_path("/work/one")
        other.apply([changes.container_gone(other.containers()[0], "vanished")])
        assert [each.id for each in one.containers()] == ["c1"]


def test_a_name_that_is_taken_meanwhile(url: str) -> None:
    with open_as(HOST, url) as one, open_as(HOST, url) as other:
        one.apply(made())
        with pytest.raises(BusyError):
            other.apply([changes.project_added(project("p9", "/work/one"))])
        other.apply([changes.container_state(container(), "running")])
        assert verify(one.events())[::2] == (4, "")


OPEN = """
import sys
from datetime import UTC, datetime
from contenant.core.changes import engine_remembered
from contenant.store.store import open_store
sys.stdin.readline()
with open_store(sys.argv[1], now=lambda: datetime.now(UTC), host_id=sys.argv[2]) as store:
    store.apply([engine_remembered("podman", sys.argv[2], "x")])
"""


def test_six_processes_open_a_database_without_tables_at_once(missing: str, postgresql: Cluster) -> None:
    argv = [sys.executable, "-c", OPEN, missing]
    running = [
        subprocess.Popen([*argv, f"host{n % 3}"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for n in range(6)
    ]
    for process in running:  # all are started before the first is let go
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 6, said
    with open_as("host0", missing) as store:
        assert [verify(store.events())[::2] for _ in range(1)] == [(1, "")]


def test_the_migration_waits_for_the_one_that_holds_the_lock(missing: str, postgresql: Cluster) -> None:
    name = missing.rpartition("/")[2]
    with postgresql.connect(name) as other:
        other.execute(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})")
        done = threading.Thread(target=lambda: open_as(HOST, missing).close())
        done.start()
        done.join(1.5)
        assert done.is_alive()
        assert other.execute("SELECT to_regclass('host')").fetchone() == (None,)
        other.execute(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})")
        done.join(30)
        assert not done.is_alive()
        assert other.execute(revision.SELECT).fetchone() == (revision.HEAD,)


def test_killed_at_any_moment(url: str, tmp_path: Path) -> None:
    """What was acknowledged is there, what was not is there whole or not at all."""
    dice = random.Random(2026)
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    for _ in range(12):
        first = len(acknowledged.read_text().split())
        child = os.fork()
        if child == 0:
            try:
                with open_as(HOST, url) as store, acknowledged.open("a", buffering=1) as told:
                    for number in range(first + 1000, 10**6):
                        key = f"{os.getpid()}-{number}"
                        store.apply(made(f"c{key}", f"p{key}", f"/work/{key}"))
                        told.write(f"c{key}\n")
            finally:
                os._exit(0)
        time.sleep(dice.uniform(0.15, 0.5))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with open_as(HOST, url) as store:
        there = {each.id for each in store.containers()}
        assert set(acknowledged.read_text().split()) <= there
        assert verify(store.events()).fault == ""
        assert own_events(store) == 3 * len(there)
        assert len(there) > 12


# Trouble


def told(action: Callable[[], object]) -> StateError:
    with pytest.raises(StateError) as caught:
        action()
    return caught.value


def test_a_lock_that_is_never_given_up(url: str, postgresql: Cluster) -> None:
    with open_as(HOST, url, wait=0.3) as store, postgresql.connect(url.rpartition("/")[2]) as other:
        store.apply(made())
        other.autocommit = False
        other.execute("SELECT * FROM host FOR UPDATE")
        error = told(lambda: store.apply([changes.engine_remembered("podman", "a", "b")]))
        assert "locked" in error.message
        assert "pg_stat_activity" in error.hint
        other.rollback()
        store.apply([changes.engine_remembered("podman", "a", "b")])


def test_a_server_that_does_not_answer(url: str) -> None:
    away = url.replace("127.0.0.1:", "127.0.0.1:1", 1)[: url.index("127.0.0.1") + 10] + "1/none"
    error = told(lambda: open_as(HOST, away))
    assert "check that the server answers" in error.hint
    assert "contenant:" not in error.message, "the password"


def test_a_wrong_password(url: str) -> None:
    secret = url.split(":")[2].split("@")[0]
    error = told(lambda: open_as(HOST, url.replace(secret, "guess")))
    assert "password" in error.message
    assert "guess" not in error.message + error.hint


def test_an_account_that_may_only_read(url: str, postgresql: Cluster) -> None:
    with open_as(HOST, url) as store:
        store.apply(made())
    name = url.rpartition("/")[2]
    with postgresql.connect(name) as owner:
        owner.execute("DROP ROLE IF EXISTS reader")
        owner.execute("CREATE ROLE reader LOGIN PASSWORD 'p'")
        owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    reader = f"postgresql+psycopg://reader:p@127.0.0.1:{postgresql.port}/{name}"
    view = open_snapshot(reader, HOST)
    assert view is not None
    with view:
        assert [row.name for row in view.listing()] == ["contenant-p1"]
    with open_as(HOST, reader) as store:
        error = told(lambda: store.apply([changes.container_state(container(), "running")]))
    assert "may not" in error.message
    with postgresql.connect(name) as owner:
        owner.execute("DROP OWNED BY reader; DROP ROLE reader")


def test_a_newer_schema_is_left_alone(url: str, postgresql: Cluster) -> None:
    with postgresql.connect(url.rpartition("/")[2]) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "update contenant" in told(lambda: open_as(HOST, url)).hint


def test_somebody_elses_database_is_left_alone(missing: str, postgresql: Cluster) -> None:
    with postgresql.connect(missing.rpartition("/")[2]) as other:
        other.execute("CREATE TABLE cats (name text)")
        assert "tables that are not contenant's" in told(lambda: open_as(HOST, missing)).message
        assert other.execute("SELECT to_regclass('host')").fetchone() == (None,)


def test_no_address_of_a_server() -> None:
    assert "not the address" in told(lambda: open_as(HOST, "postgresql://[::1")).message


def test_without_the_driver_it_says_how_to_get_it(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "contenant[postgresql]" in told(lambda: connect.server_engine(locate(url), 1)).hint


def test_a_server_has_backups_of_its_own(url: str) -> None:
    assert "pg_dump" in told(lambda: back_up(Location(None, url), START)).hint
