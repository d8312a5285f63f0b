"""The write path, system call by system call: killed at each, and each that writes failing in its turn."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contenant.core import changes
from contenant.errors import StateError
from contenant.store.location import Location
from contenant.store.migrate import back_up
from contenant.store.repair import newest, restore
from contenant.store.store import Store, open_store
from contenant.store.verify import verify
from tests.store.samples import HOST, START, Clock, made, session
from tests.store.syscalls import CAN_LIE, POSSIBLE, failing_at, killed_at

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="ptrace as Linux has it")
# Where the kernel waits for a disk, or for the right to write to it.
LIES = (errno.EIO, errno.ENOSPC)


def opened(path: Path) -> Store:
    return open_store(f"sqlite:///{path}", now=Clock(), host_id=HOST)


@pytest.fixture
def template(tmp_path: Path, empty_database: Path) -> Path:
    """A directory with a database of three events."""
    place = tmp_path / "template"
    place.mkdir()
    with opened(Path(shutil.copy(empty_database, place / "contenant.db"))) as store:
        store.apply(made())
    return place


def record(path: Path, told: int = -1) -> None:
    """Two sessions begin; what is acknowledged is told as bytes."""
    with opened(path) as store:
        for key in ("s1", "s2"):
            store.apply([changes.session_starting(session(key), "p1")])
            if told >= 0:
                os.write(told, b".")


def sound(path: Path, acknowledged: int) -> int:
    """Whole, chained, with all that was acknowledged; how many sessions are on record."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with opened(path) as store:
        count = len(store.sessions())
        assert verify(store.events())[::2] == (3 + count, "")
        assert count >= acknowledged
        store.apply([changes.engine_remembered("podman", "goes", "on")])
    return count


def through(
    template: Path, tmp_path: Path, action: Callable[[Path, int], None], call: int
) -> tuple[bool, int]:
    """One run in a place of its own: whether it was killed, and how many sessions are on record."""
    place = Path(shutil.copytree(template, tmp_path / f"run{call}"))
    reading, writing = os.pipe()
    try:
        ended = killed_at(lambda: action(place / "contenant.db", writing), call)
        os.close(writing)
        acknowledged = len(os.read(reading, 100))
    finally:
        os.close(reading)
    killed = os.WIFSIGNALED(ended.status)
    assert killed or ended.status == 0
    count = sound(place / "contenant.db", acknowledged)
    shutil.rmtree(place)
    return killed, count


def test_killed_at_each_system_call_of_a_record(template: Path, tmp_path: Path) -> None:
    found, call, killed = [], 0, True
    while killed:
        call += 1
        killed, count = through(template, tmp_path, record, call)
        found.append(count)
    assert call > 80
    assert set(found) == {0, 1, 2}
    assert found == sorted(found), "what was once on record stays so"


@pytest.mark.skipif(not CAN_LIE, reason="the registers of x86-64")
@pytest.mark.parametrize("error", LIES, ids=lambda code: errno.errorcode[code])
def test_each_write_fails_in_its_turn(template: Path, tmp_path: Path, error: int) -> None:
    """A clear error or none, never another one; the database goes on whole."""
    names, number = [], 0
    while True:
        number += 1
        place = Path(shutil.copytree(template, tmp_path / f"{error}-{number}"))
        path, said = place / "contenant.db", tmp_path / "said"

        def action(path: Path = path, said: Path = said) -> None:
            try:
                record(path)
            except StateError as trouble:
                # said by other means than the calls that are made to fail
                os.symlink(trouble.message.replace("/", "|"), said)

        ended, name = failing_at(action, number, error)
        if not name:
            break
        assert ended.status == 0, f"{name}, number {number}: something else than a StateError"
        sound(path, 0 if said.is_symlink() else 2)
        if said.is_symlink():
            assert "cannot use the database" in os.readlink(said) or "is damaged" in os.readlink(said)
            said.unlink()
        names.append(name)
        shutil.rmtree(place)
    assert {"pwrite64", "fdatasync"} <= set(names) or {"pwrite64", "fsync"} <= set(names)
    assert number > 10


def test_killed_at_each_tenth_system_call_of_a_backup(template: Path, tmp_path: Path) -> None:
    """No backup that is none: what bears a backup's name is whole."""
    call, killed = 0, True
    while killed:
        call += 10
        place = Path(shutil.copytree(template, tmp_path / f"b{call}"))
        path = place / "contenant.db"
        ended = killed_at(lambda: back_up(Location(path, ""), START), call)  # noqa: B023 - run at once
        killed = os.WIFSIGNALED(ended.status)
        sound(path, 0)
        for saved in (place / "backups").glob("*.db"):
            assert restore(Location(path, ""), newest(Location(path, "")), HOST, START).source == saved
            sound(path, 0)
        shutil.rmtree(place)
    assert call > 100


def test_the_tracer_is_no_fake(tmp_path: Path) -> None:
    """It kills at the call it says, and a call that fails by it did nothing."""
    sign = tmp_path / "sign"
    ended = killed_at(lambda: sign.mkdir(), 0)
    assert ended.status == 0
    assert sign.exists()
    sign.rmdir()
    assert os.WTERMSIG(killed_at(lambda: sign.mkdir(), 1).status) == signal.SIGKILL
    assert not sign.exists()
    if CAN_LIE:
        (tmp_path / "file").touch()
        ended, name = failing_at(lambda: (tmp_path / "file").unlink(), 1, errno.EIO)
        assert (os.waitstatus_to_exitcode(ended.status), name) == (1, "unlink")
        assert (tmp_path / "file").exists()
