"""Checked, copied, put back: the way back from a damaged file, and what a kill in the middle of it leaves."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contenant.core import changes
from contenant.errors import NotFoundError, StateError
from contenant.store import repair
from contenant.store.location import Location, backups, locate
from contenant.store.migrate import back_up
from contenant.store.repair import check, copy_to, newest, restore
from contenant.store.store import Store, open_store
from contenant.store.verify import verify
from tests.store.postgresql import Cluster
from tests.store.samples import HOST, START, Clock, made


def here(path: Path) -> Location:
    return Location(path, "")


def open_at(path: Path) -> Store:
    return open_store(f"sqlite:///{path}", now=Clock(), host_id=HOST)


def faults(path: Path) -> list[str]:
    return [finding.what for finding in check(here(path)) if not finding.good]


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    """A database with three events, and a backup of it; then a fourth event."""
    place = tmp_path / "state"
    place.mkdir()
    made_there = Path(shutil.copy(empty_database, place))
    with open_at(made_there) as store:
        store.apply(made())
        back_up(here(made_there), START)
        store.apply([changes.engine_remembered("podman", "a", "b")])
    return made_there


def test_a_whole_database(path: Path) -> None:
    found = list(check(here(path)))
    assert [finding.what for finding in found] == [
        "structure",
        "references",
        "schema",
        f"audit log of {HOST}",
    ]
    assert all(finding.good for finding in found)
    assert "4 events" in found[-1].detail


def test_each_kind_of_damage_is_named(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TRIGGER event_no_update")
        other.execute("UPDATE event SET data = '{}' WHERE seq = 2")
        other.commit()
    assert faults(path) == [f"audit log of {HOST}"]
    with closing(sqlite3.connect(path)) as other:
        other.execute("DELETE FROM project")
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    assert faults(path) == ["references", "schema", f"audit log of {HOST}"]


def test_a_damaged_page_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_event_at'").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096 + 8)
        file.write(b"\xff" * 200)
    try:
        assert "structure" in faults(path)
    except StateError as error:
        assert "contenant db restore" in error.hint


def test_no_database(tmp_path: Path) -> None:
    for action in (lambda at: list(check(at)), newest, lambda at: copy_to(at, tmp_path / "copy")):
        with pytest.raises(NotFoundError):
            action(here(tmp_path / "absent.db"))
    assert list(tmp_path.iterdir()) == [tmp_path / "contenant"] or not list(tmp_path.iterdir())


def test_a_copy_elsewhere_is_private_and_never_overwrites(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    with open_at(path) as store:  # somebody uses it
        assert copy_to(here(path), target) == target
        assert len(list(store.events())) == 4
    assert target.stat().st_mode & 0o777 == 0o600
    assert faults(target) == []
    with pytest.raises(StateError, match="there already"):
        copy_to(here(path), target)
    with pytest.raises(StateError, match=f"cannot write the backup {tmp_path}/no/such/copy.db: No such file"):
        copy_to(here(path), tmp_path / "no/such/copy.db")


def test_a_copy_to_a_full_disk_names_that_disk_and_leaves_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    monkeypatch.setattr(repair, "_copy", full)
    with pytest.raises(StateError, match=r"cannot write the backup .*/copy\.db: its disk is full"):
        copy_to(here(path), tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_restore_puts_the_newest_back_and_keeps_the_other(path: Path) -> None:
    done = restore(here(path), newest(here(path)), HOST, START)
    assert done.last is not None
    assert done.last[0] == 4
    assert done.aside is not None
    with open_at(path) as store:
        assert verify(store.events())[::2] == (3, "")
        store.apply([changes.database_restored("b", "a", done.last)])
        assert verify(store.events())[::2] == (4, "")
    with open_at(done.aside) as old:
        assert verify(old.events())[::2] == (4, "")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", ["overwritten", "emptied", "gone", "with a log"])
def test_the_way_back_from_a_damaged_file(path: Path, damage: str) -> None:
    """The log of the damaged file must not be replayed into the good one."""
    if damage == "with a log":
        with open_at(path) as store:
            store.apply([changes.engine_remembered("podman", "c", "d")])
            log = path.with_name(path.name + "-wal").read_bytes()
        path.with_name(path.name + "-wal").write_bytes(log)
    if damage == "gone":
        path.unlink()
    else:
        with path.open("r+b") as file:
            file.truncate(0) if damage == "emptied" else file.write(b"\xa5" * 5000)
    done = restore(here(path), newest(here(path)), HOST, START)
    assert faults(path) == []
    with open_at(path) as store:
        assert verify(store.events())[::2] == (3, "")
    assert (done.aside is None) == (damage == "gone")


def test_what_is_no_good_backup_takes_no_place(path: Path, tmp_path: Path) -> None:
    saved = newest(here(path))
    bad = tmp_path / "bad.db"
    for content in (b"", b"no database" * 1000, saved.read_bytes()[:30_000]):
        bad.write_bytes(content)
        with pytest.raises(StateError):
            restore(here(path), bad, HOST, START)
    shutil.copy(saved, bad)
    with closing(sqlite3.connect(bad)) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    with pytest.raises(StateError, match="knows up to"):
        restore(here(path), bad, HOST, START)
    with pytest.raises(NotFoundError):
        restore(here(path), tmp_path / "absent", HOST, START)
    assert faults(path) == []
    assert len(list(path.parent.glob("*replaced*"))) == 0


def test_nothing_is_restored_under_a_writer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "WAIT", 0.2)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="locked"):
            restore(here(path), newest(here(path)), HOST, START)
        other.execute("COMMIT")
    assert "4 events" in list(check(here(path)))[-1].detail


def test_killed_at_each_step_of_a_restore(path: Path, tmp_path: Path) -> None:
    """One or the other, whole; and the same command then goes through."""
    steps = ("link", "fsync", "rename", "unlink", "open")
    for number in range(1, 40):
        place = Path(shutil.copytree(path.parent, tmp_path / str(number))) / path.name
        child = os.fork()
        if child == 0:
            _die_at(number, steps)
            restore(here(place), newest(here(place)), HOST, START)
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        assert place.exists()
        assert faults(place) == []
        with open_at(place) as store:
            assert verify(store.events()).length in ((3, 4) if killed else (3,))
        restore(here(place), newest(here(place)), HOST, START.replace(microsecond=7))
        with open_at(place) as store:
            assert verify(store.events())[::2] == (3, "")
        if not killed:
            assert number > 8
            return
    pytest.fail("it never got through")


def _die_at(number: int, steps: tuple[str, ...]) -> None:
    """Let this process kill itself right before its `number`-th call of these functions."""
    left = [number]

    def watched(real: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        return call

    for step in steps:
        setattr(os, step, watched(getattr(os, step)))


def test_two_restores_at_once(path: Path) -> None:
    saved = newest(here(path))
    both = [
        threading.Thread(target=lambda n=n: restore(here(path), saved, HOST, START.replace(microsecond=n)))  # type: ignore[misc]
        for n in (1, 2)
    ]
    for each in both:
        each.start()
    for each in both:
        each.join(30)
    assert faults(path) == []
    assert len(list(path.parent.glob("*replaced*.db"))) == 2


def test_the_backups_are_no_longer_those_of_a_replaced_file(path: Path) -> None:
    done = restore(here(path), newest(here(path)), HOST, START)
    assert done.aside not in backups(path)


def test_a_server_is_checked_too_and_has_its_own_backups(postgresql: Cluster, server_database: str) -> None:
    place = locate(postgresql.url(server_database))
    with open_store(place.url, now=Clock(), host_id=HOST) as store:
        store.apply(made())
    found = list(check(place))
    assert [(each.what, each.good) for each in found] == [("schema", True), (f"audit log of {HOST}", True)]
    for action in (newest, lambda at: copy_to(at, Path("x")), lambda at: restore(at, Path("x"), HOST, START)):
        with pytest.raises(StateError, match="server"):
            action(place)
