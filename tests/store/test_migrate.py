"""Making and migrating a database: whole or not at all, backed up, by one process."""

from __future__ import annotations

import fcntl
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contenant.errors import StateError
from contenant.store import migrate as migration
from contenant.store import revision
from contenant.store.connect import file_engine
from contenant.store.location import Location, backups, locate
from contenant.store.migrate import Plan, back_up, migrate
from contenant.store.revision import REVISIONS
from contenant.store.snapshot import Snapshot, open_snapshot
from contenant.store.store import Store, open_store
from contenant.store.verify import verify
from tests.store.samples import HOST, START, Clock, made, session
from tests.store.scripts import NEXT, further

ADD_COLUMN = "op.add_column('project', sa.Column('colour', sa.String(), server_default='red'))"
REMAKE_CONTAINERS = """
    with op.batch_alter_table('container') as batch:
        batch.alter_column('image', new_column_name='picture')
"""


def _ask(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@pytest.fixture
def filled(store: Store, database: Path) -> Path:
    """A database with a project, a container, two sessions, and nobody in it."""
    from contenant.core import changes

    starts = [changes.session_starting(session(key), "p1") for key in ("s1", "s2")]
    store.apply([*made(), *starts])
    store.close()
    return database


def test_a_new_database_is_private_and_whole(database: Path, clock: Clock) -> None:
    open_store(now=clock, host_id=HOST).close()
    assert database.stat().st_mode & 0o777 == 0o600
    assert database.parent.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in database.parent.iterdir()} == {"contenant.db", "contenant.db.lock"}
    assert _ask(database, "PRAGMA journal_mode") == [("wal",)]
    assert _ask(database, revision.SELECT) == [(revision.HEAD,)]


def test_files_beside_it_are_private_too(store: Store, database: Path) -> None:
    store.apply(made())
    modes = {path.name: path.stat().st_mode & 0o777 for path in database.parent.glob("contenant.db*")}
    assert set(modes.values()) == {0o600}
    assert "contenant.db-wal" in modes


def test_opening_again_changes_nothing(filled: Path, clock: Clock) -> None:
    before = _dump(filled)
    open_store(now=clock, host_id=HOST).close()
    assert _dump(filled) == before
    assert backups(filled) == []


def test_a_migration_keeps_the_rows_and_leaves_a_backup(filled: Path, clock: Clock, tmp_path: Path) -> None:
    before = _dump(filled)
    saved = migrate(locate(None), now=clock, wait=5, plan=further(tmp_path, ADD_COLUMN))
    assert _ask(filled, revision.SELECT) == [(NEXT,)]
    assert _ask(filled, "SELECT path, colour FROM project") == [("/work/one", "red")]
    assert saved is not None
    assert [saved] == backups(filled)
    assert saved.stat().st_mode & 0o777 == 0o600
    assert saved.parent.stat().st_mode & 0o777 == 0o700
    assert _dump(saved) == before


def test_migrating_at_the_head_does_nothing(filled: Path, clock: Clock) -> None:
    assert migrate(locate(None), now=clock, wait=5) is None
    assert backups(filled) == []


@pytest.mark.parametrize(
    "body",
    [
        f"{ADD_COLUMN}\n{REMAKE_CONTAINERS}\n    raise RuntimeError('no such luck')".replace("\n    ", "\n"),
        "op.execute('DELETE FROM session')\nop.execute('nonsense')",
    ],
)
def test_a_migration_that_fails_leaves_everything(
    filled: Path, clock: Clock, tmp_path: Path, body: str
) -> None:
    before = _dump(filled)
    with pytest.raises(StateError) as caught:
        migrate(locate(None), now=clock, wait=5, plan=further(tmp_path, body))
    assert str(filled) in caught.value.message
    assert f"schema {NEXT} was not reached" in caught.value.message
    assert "\n" not in caught.value.message
    assert _dump(filled) == before
    assert _ask(filled, revision.SELECT) == [(revision.HEAD,)]
    assert [_dump(saved) for saved in backups(filled)] == [before]
    open_store(now=clock, host_id=HOST).close()


def test_the_second_of_two_scripts_fails_and_the_first_is_undone(
    filled: Path, clock: Clock, tmp_path: Path
) -> None:
    before = _dump(filled)
    with pytest.raises(StateError):
        migrate(locate(None), now=clock, wait=5, plan=further(tmp_path, ADD_COLUMN, "raise ValueError"))
    assert _dump(filled) == before


def test_a_database_that_cannot_be_made_leaves_no_file(database: Path, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(StateError):
        migrate(locate(None), now=clock, wait=5, plan=further(tmp_path, "raise ValueError('no')"))
    assert [path.name for path in database.parent.iterdir()] == ["contenant.db.lock"]


def test_remains_of_a_killed_attempt_are_swept_up(database: Path, clock: Clock) -> None:
    database.parent.mkdir(parents=True)
    for name in ("contenant.db.new", "contenant.db.new-journal", "contenant.db-wal"):
        database.with_name(name).write_bytes(b"left over")
    open_store(now=clock, host_id=HOST).close()
    assert _ask(database, "PRAGMA integrity_check") == [("ok",)]
    assert not list(database.parent.glob("*.new*"))


FAMILY = """
    op.create_table('parent', sa.Column('id', sa.Integer(), primary_key=True), sa.Column('name', sa.String()))
    op.create_table(
        'child',
        sa.Column('parent', sa.Integer(), sa.ForeignKey('parent.id', ondelete='CASCADE')),
    )
    op.execute("INSERT INTO parent VALUES (1, 'a')")
    op.execute("INSERT INTO child VALUES (1)")
"""
REMAKE_PARENT = """
    with op.batch_alter_table('parent') as batch:
        batch.alter_column('name', nullable=False, existing_type=sa.String())
"""


def _children_after_remaking_the_parent(filled: Path, tmp_path: Path) -> list[Any]:
    plan = further(tmp_path, FAMILY, REMAKE_PARENT)
    migrate(locate(None), now=Clock(), wait=5, plan=Plan(plan.revisions[:-1], plan.scripts))
    assert _ask(filled, "SELECT * FROM child") == [(1,)]
    migrate(locate(None), now=Clock(), wait=5, plan=plan)
    return _ask(filled, "SELECT * FROM child")


def test_remaking_a_parent_table_keeps_its_children(filled: Path, tmp_path: Path) -> None:
    assert _children_after_remaking_the_parent(filled, tmp_path) == [(1,)]


def test_the_trap_is_real(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With foreign keys on, as in everyday use, the same migration silently loses the children."""
    strict = ("journal_mode = WAL", "foreign_keys = ON")
    monkeypatch.setattr(
        migration, "connect_to_migrate", lambda location, wait: file_engine(location.path, wait, strict)
    )
    assert _children_after_remaking_the_parent(filled, tmp_path) == []


def test_remaking_the_containers_keeps_the_sessions(filled: Path, clock: Clock, tmp_path: Path) -> None:
    migrate(locate(None), now=clock, wait=5, plan=further(tmp_path, REMAKE_CONTAINERS))
    assert _ask(filled, "SELECT picture FROM container") == [("contenant:2.1.0-aaaaaaaaaaaa",)]
    assert _ask(filled, "SELECT id FROM session ORDER BY id") == [("s1",), ("s2",)]
    with closing(sqlite3.connect(filled)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("DELETE FROM container")


def test_a_row_left_without_its_parent_stops_the_migration(
    filled: Path, clock: Clock, tmp_path: Path
) -> None:
    with pytest.raises(StateError, match="a row of session would refer to a missing row of container"):
        migrate(
            locate(None), now=clock, wait=5, plan=further(tmp_path, "op.execute('DELETE FROM container')")
        )
    assert _ask(filled, "SELECT count(*) FROM container") == [(1,)]


def test_a_newer_database_is_refused_and_left_alone(filled: Path, clock: Clock) -> None:
    with closing(sqlite3.connect(filled)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
        connection.commit()
    before = _dump(filled)
    openers = [
        lambda: open_store(now=clock, host_id=HOST),
        lambda: Snapshot.open(filled, HOST),
        lambda: open_snapshot(None, HOST),
        lambda: migrate(locate(None), now=clock, wait=5),
    ]
    for opener in openers:
        with pytest.raises(StateError) as caught:
            opener()
        assert "0999" in caught.value.message
        assert revision.HEAD in caught.value.message
        assert caught.value.hint == "update contenant"
    assert _dump(filled) == before
    assert backups(filled) == []


def test_a_database_of_something_else_is_refused(database: Path, clock: Clock) -> None:
    database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")
    with pytest.raises(StateError, match="not contenant's"):
        open_store(now=clock, host_id=HOST)
    assert _ask(database, "SELECT name FROM sqlite_master") == [("cats",)]


@pytest.fixture
def second_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """This program, one schema later."""
    plan = further(tmp_path, ADD_COLUMN)
    monkeypatch.setattr(migration, "asset", {"migrations": plan.scripts}.__getitem__)
    monkeypatch.setattr(revision, "REVISIONS", tuple(plan.revisions))
    monkeypatch.setattr(revision, "HEAD", plan.revisions[-1])
    return plan


def test_opening_migrates(filled: Path, clock: Clock, second_schema: Plan) -> None:
    with open_store(now=clock, host_id=HOST) as store:
        assert [project.path for project in store.projects()] == ["/work/one"]
    assert _ask(filled, revision.SELECT) == [(NEXT,)]
    assert len(backups(filled)) == 1


def test_reading_migrates_as_well(filled: Path, second_schema: Plan) -> None:
    with pytest.raises(StateError, match=f"schema {REVISIONS[-1]}, not {NEXT}"):
        Snapshot.open(filled, HOST)
    view = open_snapshot(None, HOST)
    assert isinstance(view, Snapshot)
    assert len(view.live_sessions()) == 2
    view.close()


def test_ten_backups_are_kept(filled: Path, clock: Clock) -> None:
    made = [back_up(Location(filled, ""), clock()) for _ in range(13)]
    assert backups(filled) == made[:2:-1]
    assert len(made[:2:-1]) == 10
    assert not list(filled.parent.glob("backups/*.partial"))


def test_a_backup_holds_what_is_committed_and_only_that(filled: Path) -> None:
    with closing(sqlite3.connect(filled, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE project SET name = 'not yet'")
        saved = back_up(Location(filled, ""), START)
        writer.execute("ROLLBACK")
    assert _ask(saved, "SELECT name FROM project") == [("contenant-p1",)]
    assert _ask(saved, "PRAGMA integrity_check") == [("ok",)]


def test_a_migration_somebody_else_is_stuck_in(
    filled: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "PATIENCE", 0.1)
    with filled.with_name("contenant.db.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StateError, match="another process has been migrating"):
            migrate(locate(None), now=clock, wait=5)


PROCESS = """
import os, sys
from datetime import UTC, datetime
from contenant.core import changes
from contenant.store import migrate
from contenant.store.store import open_store
sys.stdin.readline()
real = migrate._create
migrate._create = lambda *given: (os.write(1, b"made it"), real(*given))  # in a process of its own
with open_store(now=lambda: datetime.now(UTC), host_id="h") as store:
    for number in range(10):
        key = f"{sys.argv[1]}-{number}"
        store.apply([changes.engine_remembered("podman", key, "x"), changes.image_failed(key, "r", "log")])
"""


def _start_together(count: int) -> Sequence[str]:
    """Run PROCESS several times at once; what each printed."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0] * count
    return answers


def test_six_processes_open_an_absent_database_at_once_and_write(database: Path) -> None:
    answers = _start_together(6)
    assert sorted(answers) == [""] * 5 + ["made it"]
    view = Snapshot.open(database, "h")
    assert view is not None
    wanted = sorted(f"{process}-{number}" for process in range(6) for number in range(10))
    assert sorted(row.subject for row in view.history(kinds=("image",))) == wanted
    assert verify(view.events())[::2] == (120, "")
    view.close()


def test_a_location_with_a_percent_sign(tmp_path: Path, clock: Clock) -> None:
    """alembic reads its settings through a parser that gives "%" a meaning."""
    plan = further(tmp_path / "50% off", ADD_COLUMN)
    path = tmp_path / "a%20b?c#d" / "contenant.db"
    migrate(Location(path, ""), now=clock, wait=5, plan=plan)
    assert _ask(path, revision.SELECT) == [(NEXT,)]
    with pytest.raises(StateError, match=f"schema {NEXT}"):
        Snapshot.open(path, HOST)
