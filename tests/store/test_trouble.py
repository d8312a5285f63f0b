"""A bad disk, a bad file, a bad moment: one clear line each, and nothing half-made."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contenant.core import changes
from contenant.errors import StateError
from contenant.store.location import Location, backups
from contenant.store.migrate import Plan, back_up, migrate
from contenant.store.reads import Reads
from contenant.store.snapshot import Snapshot, open_snapshot
from contenant.store.store import Store, open_store
from contenant.store.verify import verify
from tests.store.hostile import disk, in_child, make_read_only
from tests.store.samples import HOST, START, Clock, made
from tests.store.scripts import further

ADD_COLUMN = "op.add_column('project', sa.Column('colour', sa.String(), server_default='red'))"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory, with nothing in it."""
    with tempfile.TemporaryDirectory() as top:
        monkeypatch.setenv("CONTENANT_HOME", top)
        state = Path(top) / "state"
        state.mkdir(mode=0o700)
        yield state
        for directory, _, _ in os.walk(top):
            Path(directory).chmod(0o700)


@pytest.fixture
def database(place: Path, empty_database: Path) -> Path:
    """A database with a little in it, closed."""
    path = Path(shutil.copy(empty_database, place))
    with _open() as store:
        store.apply(made())
    return path


def _open(wait: float = 5) -> Store:
    return open_store(now=Clock(), host_id=HOST, wait=wait)


def _open_and_close() -> None:
    _open().close()


def _record_once() -> None:
    with _open() as store:
        store.apply([changes.engine_remembered("podman", "a", "b")])


def _remember(count: int) -> int:
    """Apply `count` changes; how many were written before it failed, if it failed rightly."""
    with _open() as store:
        for number in range(count):
            try:
                store.apply([changes.engine_remembered("podman", f"key {number}", "x" * 500)])
            except StateError as error:
                assert "full" in error.message
                assert "make room" in error.hint
                return number
    return count


def _sound(path: Path) -> int:
    """The database at `path` is whole, chain included; how many events it holds."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with _open() as store:
        proof = verify(store.events())
    assert proof.fault == ""
    return proof.length


# A directory or a file that cannot be written


def test_no_database_can_be_made_in_a_closed_directory(place: Path) -> None:
    place.chmod(0o500)
    with pytest.raises(StateError) as caught:
        in_child(_open_and_close)
    assert str(place) in caught.value.message
    assert "writable" in caught.value.hint
    assert list(place.iterdir()) == []


def test_no_directory_can_be_made(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.chmod(0o500)
    monkeypatch.setenv("CONTENANT_HOME", str(place / "deeper"))
    with pytest.raises(StateError, match="deeper"):
        in_child(_open_and_close)


def _listed() -> list[str]:
    view = open_snapshot(None, HOST)
    assert isinstance(view, Reads)
    with view:
        return [row.name for row in view.listing()]


def test_a_read_only_directory_can_be_read_but_not_written(database: Path) -> None:
    for leftover in database.parent.glob("contenant.db-*"):
        leftover.unlink()
    database.chmod(0o400)
    database.parent.chmod(0o500)
    assert in_child(_listed) == ["contenant-p1"]
    with pytest.raises(StateError) as caught:
        in_child(_open_and_close)
    assert "make the file and its directory" in caught.value.hint


def test_a_read_only_file_can_be_read_but_not_written(database: Path) -> None:
    database.chmod(0o400)
    assert in_child(_listed) == ["contenant-p1"]
    with pytest.raises(StateError) as caught:
        in_child(_record_once)
    assert "cannot be written" in caught.value.message
    assert "writable" in caught.value.hint


def _unfinished_log(database: Path) -> None:
    """Leave commits in the log that are not in the file, as a killed process does."""
    copy = database.parent / "copy"
    copy.mkdir()
    with _open() as store:
        store.apply([changes.container_gone(next(iter(store.containers())), "clean")])
        for name in ("contenant.db", "contenant.db-wal"):
            shutil.copy(database.parent / name, copy)
    for found in database.parent.glob("contenant.db*"):
        found.unlink()
    for found in copy.iterdir():
        found.rename(database.parent / found.name)
    copy.rmdir()


def test_a_read_only_directory_with_commits_still_in_the_log(database: Path) -> None:
    _unfinished_log(database)
    for path in database.parent.iterdir():
        path.chmod(0o400)
    database.parent.chmod(0o500)
    assert in_child(_listed) == [], "the log says that the container is gone"


@pytest.mark.parametrize("with_log", [False, True])
def test_a_read_only_file_system(database: Path, tmp_path: Path, with_log: bool) -> None:
    if with_log:
        _unfinished_log(database)
    with disk(tmp_path / "disk", "4m") as mounted:
        for path in database.parent.glob("contenant.db*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, mounted)
        make_read_only(mounted)
        url = f"sqlite:///{mounted}/contenant.db"
        with open_snapshot(url, HOST) or pytest.fail("no database") as view:
            assert [row.name for row in view.listing()] == ([] if with_log else ["contenant-p1"])
            assert list(view.history())
        with pytest.raises(StateError) as caught:
            open_store(url, now=Clock(), host_id=HOST)
        assert str(mounted) in caught.value.message


# A disk without room


def test_no_room_to_make_the_database(place: Path) -> None:
    with pytest.raises(StateError) as caught:
        in_child(_open_and_close, room=20_000)
    assert "make room" in caught.value.hint
    assert [path.name for path in place.iterdir()] == ["contenant.db.lock"]


def test_no_room_to_record(database: Path) -> None:
    written = in_child(lambda: _remember(2000), room=database.stat().st_size + 30_000)
    assert 0 < written < 2000
    assert _sound(database) == 3 + written


def test_no_room_to_back_up(database: Path, tmp_path: Path) -> None:
    plan = further(tmp_path, ADD_COLUMN)
    with pytest.raises(StateError) as caught:
        in_child(lambda: _migrate(database, plan), room=50_000)
    assert "make room" in caught.value.hint
    assert list((database.parent / "backups").iterdir()) == []
    assert _sound(database) == 3


def _migrate(path: Path, plan: Plan) -> None:
    migrate(Location(path, ""), now=Clock(), wait=5, plan=plan)


def test_a_full_disk(empty_database: Path, tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "600k") as mounted:
        url = f"sqlite:///{mounted}/contenant.db"
        path = Path(shutil.copy(empty_database, mounted))
        written = 0
        with open_store(url, now=Clock(), host_id=HOST) as store, pytest.raises(StateError) as caught:
            for written in range(5000):
                store.apply([changes.engine_remembered("podman", f"key {written}", "x" * 500)])
        assert "full" in caught.value.message
        saved = Path(shutil.copytree(mounted, tmp_path / "saved")) / path.name
    with open_store(f"sqlite:///{saved}", now=Clock(), host_id=HOST) as store:
        assert verify(store.events())[::2] == (written, "")


def test_a_full_disk_from_the_start(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", "60k") as mounted:
        with pytest.raises(StateError) as caught:
            open_store(f"sqlite:///{mounted}/contenant.db", now=Clock(), host_id=HOST)
        assert "make room" in caught.value.hint
        assert [path.name for path in mounted.iterdir()] == ["contenant.db.lock"]


# A damaged file


def _overwrite(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * length)


@pytest.mark.parametrize(
    ("start", "length"), [(0, 100), (0, 10**6), (100, 4000), (4096 * 2, 4096 * 30), (4096 * 20, 4096 * 20)]
)
def test_a_damaged_file_is_said_to_be_damaged(database: Path, start: int, length: int) -> None:
    saved = back_up(Location(database, ""), START)
    for leftover in database.parent.glob("contenant.db-*"):
        leftover.unlink()
    _overwrite(database, start, min(length, database.stat().st_size - start))
    for touch in (_listed, _read_all, _record_once):
        try:
            touch()
        except StateError as error:
            assert f"{database} is damaged" in error.message
            assert "contenant db restore" in error.hint
            assert saved.name in error.hint
            break
    else:
        pytest.fail("nobody noticed")


def test_a_file_that_was_cut_off_is_refused_when_it_is_opened(database: Path) -> None:
    for leftover in database.parent.glob("contenant.db-*"):
        leftover.unlink()
    os.truncate(database, database.stat().st_size - 4096)
    for touch in (_open_and_close, lambda: open_snapshot(None, HOST)):
        with pytest.raises(StateError, match="is damaged"):
            touch()


def _read_all() -> Any:
    with _open() as store:
        return [list(store.history()), list(store.events()), store.containers(gone=None), store.images()]


def test_without_a_backup_the_hint_says_so(place: Path) -> None:
    database = place / "contenant.db"
    database.write_bytes(b"these are not the pages you are looking for\n" * 300)
    assert backups(database) == []
    for opener in (_open_and_close, _listed):
        with pytest.raises(StateError) as caught:
            opener()
        assert "is damaged" in caught.value.message
        assert "makes a new one" in caught.value.hint
    assert database.read_bytes().startswith(b"these are not")


@pytest.mark.parametrize("saved", [False, True])
def test_an_emptied_file_is_not_taken_for_a_new_one(database: Path, saved: bool) -> None:
    if saved:
        back_up(Location(database, ""), START)
    for leftover in database.parent.glob("contenant.db-*"):
        leftover.unlink()
    database.write_bytes(b"")
    for opener in (_open_and_close, _listed):
        with pytest.raises(StateError, match="it is empty") as caught:
            opener()
        assert ("contenant db restore" in caught.value.hint) == saved
    assert database.stat().st_size == 0


def test_a_directory_where_the_file_should_be(place: Path) -> None:
    (place / "contenant.db").mkdir()
    for opener in (_open_and_close, _listed):
        with pytest.raises(StateError, match=r"contenant\.db"):
            opener()


# A locked file


@pytest.mark.parametrize("mode", ["NORMAL", "EXCLUSIVE"])
def test_a_lock_that_is_never_given_up(database: Path, mode: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute(f"PRAGMA locking_mode = {mode}")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE project SET name = 'mine'")
        with pytest.raises(StateError) as caught, _open(wait=0.2) as store:
            store.apply([changes.engine_remembered("podman", "a", "b")])
        assert "locked" in caught.value.message
        assert "lsof" in caught.value.hint
        other.execute("ROLLBACK")
    assert _sound(database) == 3


def test_readers_go_on_while_somebody_writes(database: Path) -> None:
    with _open() as store, closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE project SET path = '/elsewhere'")
        with Snapshot.open(database, HOST) or pytest.fail("no database") as view:
            assert [row.project for row in view.listing()] == ["/work/one"]
            assert [row.project for row in store.listing()] == ["/work/one"]
            other.execute("COMMIT")
            assert [row.project for row in view.listing()] == ["/elsewhere"]


def test_no_database_is_no_trouble_for_a_reader(place: Path) -> None:
    assert Snapshot.open(place / "contenant.db", HOST) is None
    assert open_snapshot(None, HOST) is None
    assert list(place.iterdir()) == []
