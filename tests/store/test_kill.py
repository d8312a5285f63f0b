"""SIGKILL at any moment: the database is whole, what was acknowledged is there, and the next open goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contenant.core import changes
from contenant.store import revision
from contenant.store.location import Location
from contenant.store.migrate import Plan, migrate
from contenant.store.snapshot import Snapshot
from contenant.store.store import open_store
from contenant.store.verify import verify
from tests.store.samples import HOST, Clock, container, made, project, session
from tests.store.scripts import NEXT, further

REMAKE = """
    op.add_column('project', sa.Column('colour', sa.String(), server_default='red'))
    with op.batch_alter_table('container') as batch:
        batch.add_column(sa.Column('shade', sa.String(), server_default='dark'))
    op.create_index('ix_more', 'session', ['kind'])
"""


def _die_at(statement: int) -> None:
    """Let this process kill itself when SQLite begins its `statement`-th statement, on any connection."""
    left = [statement]
    real = sqlite3.connect

    def watched(*given: Any, **named: Any) -> sqlite3.Connection:
        connection = real(*given, **named)
        connection.set_trace_callback(count)
        return connection

    def count(_: str) -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sqlite3.connect = watched  # type: ignore[assignment]


def _killed(
    action: Callable[[], object], *, at: int = 0, after: float = 0.0, sign: Path | None = None
) -> bool:
    """Fork, run `action` there, kill it at a statement or after some seconds; whether that came in time.

    The seconds count from when the file `sign` appears.
    """
    if sign is not None:
        sign.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            if at:
                _die_at(at)
            action()
        finally:
            os._exit(0)
    if after:
        deadline = time.monotonic() + 20
        while sign is not None and not sign.exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    return Path(shutil.copy(empty_database, tmp_path))


def _open(path: Path) -> Any:
    return open_store(f"sqlite:///{path}", now=Clock(), host_id=HOST)


def _record(path: Path, acknowledged: Path, first: int) -> None:
    """Three changes in each call, for ever; the last finished number stands in `acknowledged`."""
    with _open(path) as store, acknowledged.open("w", buffering=1) as told:
        for number in range(first, 10**6):
            mine = container(f"c{number}", f"p{number}", name=f"n{number}")
            place = project(f"p{number}", f"/work/{number}")
            start = changes.session_starting(session(f"s{number}", f"c{number}"), f"p{number}")
            store.apply([changes.project_added(place), changes.container_creating(mine), start])
            told.write(f"{number}\n")


def _check_recorded(path: Path, acknowledged: Path) -> int:
    """All or nothing of each call, and all that was acknowledged; returns how many calls are on record."""
    _sound(path)
    with Snapshot.open(path, HOST) or pytest.fail("no database") as view:
        containers, sessions, projects = view.containers(), view.live_sessions(), view.projects()
        proof = verify(view.events())
        steps = sum(
            event.kind == "clock.set_back" for event in view.events()
        )  # each process has a clock of its own
    assert proof.fault == ""
    assert proof.length - steps == 3 * len(containers)
    assert len(containers) == len(sessions) == len(projects)
    told = acknowledged.read_text().split() if acknowledged.exists() else []
    assert {f"c{number}" for number in told} <= {each.id for each in containers}
    return len(containers)


def test_killed_while_recording(path: Path, tmp_path: Path) -> None:
    acknowledged = tmp_path / "acknowledged"
    dice = random.Random(2026)
    count = 0
    for kill in range(400):
        if kill >= 40 and count > 10:  # often enough, and while at work; a busy machine gets less done
            break
        moment = dice.uniform(0.001, 0.04)
        assert _killed(lambda: _record(path, acknowledged, count), after=moment, sign=acknowledged)  # noqa: B023 - run at once
        now = _check_recorded(path, acknowledged)
        assert now >= count
        count = now
    assert count > 10


def test_killed_at_each_statement_of_a_record(path: Path, tmp_path: Path) -> None:
    acknowledged = tmp_path / "acknowledged"
    count = 0
    for at in range(1, 60):
        assert _killed(lambda: _record(path, acknowledged, count), at=at)  # noqa: B023 - run at once
        count = _check_recorded(path, acknowledged)
    assert count > 59, "the later rounds got through a call or two each"


def _each_statement(action: Callable[[], object], check: Callable[[bool], None]) -> int:
    """Kill `action` at its first statement, its second, … until it gets through; how many there are."""
    at = 1
    while _killed(action, at=at):
        check(False)
        at += 1
        assert at < 1000
    check(True)
    return at - 1


def test_killed_at_each_statement_of_making_a_database(tmp_path: Path) -> None:
    path = tmp_path / "new" / "contenant.db"

    def check(done: bool) -> None:
        assert path.exists() == done
        if done:
            _sound(path)
            assert not list(path.parent.glob("*.new*"))

    assert _each_statement(lambda: migrate(Location(path, ""), now=Clock(), wait=5), check) > 30


def test_killed_at_any_moment_of_making_a_database(tmp_path: Path) -> None:
    dice = random.Random(2026)
    for number in range(30):
        path = tmp_path / str(number) / "contenant.db"
        _killed(lambda: _open(path).close(), after=dice.uniform(0.005, 0.12))  # noqa: B023 - run at once
        if path.exists():
            _sound(path)
        with _open(path) as store:
            store.apply(made())
            assert verify(store.events()).length == 3
        _sound(path)


@pytest.fixture
def filled(path: Path) -> Path:
    """A database with rows in the tables that the migration below remakes."""
    with _open(path) as store:
        store.apply([*made(), changes.session_starting(session(), "p1")])
    return path


def _check_migrated(path: Path, before: list[str], done: bool) -> None:
    """Either all as it was, or all as it should be."""
    _sound(path)
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(revision.SELECT).fetchone()[0]
        if found == NEXT:
            assert connection.execute("SELECT id, shade FROM container").fetchall() == [("c1", "dark")]
            assert connection.execute("SELECT colour FROM project").fetchall() == [("red",)]
            assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,)
            assert connection.execute("SELECT count(*) FROM event").fetchone() == (4,)
    if not done and found != NEXT:
        assert _dump(path) == before
    assert found == NEXT or not done


def _migrate(path: Path, plan: Plan) -> None:
    migrate(Location(path, ""), now=Clock(), wait=5, plan=plan)


def test_killed_at_each_statement_of_a_migration(filled: Path, tmp_path: Path) -> None:
    plan = further(tmp_path, REMAKE)
    before = _dump(filled)
    count = _each_statement(
        lambda: _migrate(filled, plan), lambda done: _check_migrated(filled, before, done)
    )
    assert count > 15
    assert len(list(filled.parent.glob("backups/*.partial"))) <= 1


def test_killed_at_any_moment_of_a_migration(filled: Path, tmp_path: Path) -> None:
    plan = further(tmp_path, REMAKE)
    before, dice = _dump(filled), random.Random(2026)
    for number in range(30):
        place = tmp_path / str(number)
        place.mkdir()
        path = Path(shutil.copy(filled, place))
        _killed(lambda: _migrate(path, plan), after=dice.uniform(0.001, 0.06))  # noqa: B023 - run at once
        _check_migrated(path, before, done=False)
        _migrate(path, plan)
        _check_migrated(path, before, done=True)
