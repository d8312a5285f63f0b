"""Damage that nobody meets is found within a day, at the end of a session, and said until it is mended."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contenant import host
from contenant.app import database, watch
from contenant.core import changes
from contenant.core.changes import Change
from contenant.paths import state_dir
from contenant.store.store import open_store
from contenant.store.watch import damage
from tests.app.world import World

PAGE = 4096


@pytest.fixture
def path(world: World) -> Path:
    """The database after a session, with some hundred credentials that no command ever reads again."""
    world.run("a")
    with open_store(now=host.now, host_id=host.installation_id()) as store:
        store.apply([_used(number) for number in range(500)])
    with closing(sqlite3.connect(state_dir() / "contenant.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return state_dir() / "contenant.db"


def _used(number: int) -> Change:
    return changes.credential_used(f"{number:012x}", "keyring " + "x" * 90, "oauth", "")


def pages(path: Path, table: str) -> list[int]:
    """The pages of a table's leaves, by what stands in them."""
    data = path.read_bytes()
    marks = {"credential": b"keyring " + b"x" * 90, "event": b"credential.used"}
    return [
        n
        for n in range(1, len(data) // PAGE)
        if data[n * PAGE] == 13 and data[n * PAGE : (n + 1) * PAGE].count(marks[table]) > 9
    ]


def flip(path: Path, page: int, offset: int = 0, count: int = 64) -> None:
    """Every bit of some bytes in the middle of the file."""
    with path.open("r+b") as file:
        file.seek(page * PAGE + offset)
        bytes_there = file.read(count)
        file.seek(page * PAGE + offset)
        file.write(bytes(255 - byte for byte in bytes_there))


def a_day_later() -> None:
    place = watch.place(state_dir() / "contenant.db")
    kept = json.loads(place.read_text())
    place.write_text(json.dumps(kept | {"at": kept["at"] - watch.EVERY - 1}))


def told(world: World) -> list[str]:
    found = [line for line in world.ui.said if "is damaged" in line]
    world.ui.said.clear()
    return found


def test_a_page_that_went_bad_is_found_the_next_day_and_the_way_back_mends_it(
    world: World, path: Path
) -> None:
    world.run("a")
    assert told(world) == []
    saved = database.back_up(None)
    page = next(n for n in pages(path, "credential") if n not in pages(path, "event"))
    flip(path, page)
    world.run("a")
    assert told(world) == [], "it was looked through today"
    a_day_later()
    world.run("a")
    (line,) = told(world)
    assert f"{path} is damaged: table credential: " in line
    assert "`contenant db restore` brings back" in line
    assert saved.name in line
    world.run("a")
    assert len(told(world)) == 1, "it is said until it is mended"
    database.restore(saved)
    world.run("a")
    assert told(world) == [], "another file is looked through at once, and is whole"


def test_an_event_that_was_altered_in_place_is_found_by_the_chain(path: Path) -> None:
    own = host.installation_id()
    assert damage(path, own, 5) == ""
    page = pages(path, "event")[1]
    where = path.read_bytes()[page * PAGE : (page + 1) * PAGE].index(b"keyring xxxx") + 20
    with path.open("r+b") as file:
        file.seek(page * PAGE + where)
        file.write(b"y")
    found = damage(path, own, 5)
    assert found is not None
    assert found.startswith("table event: event ")
    assert "was altered" in found


def test_what_cannot_be_looked_through_in_time_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contenant.store.watch._STEPS", 1)
    assert damage(path, host.installation_id(), -1) is None


@pytest.mark.parametrize("kept", ["", "{}", "[]", "nothing", '{"at": "x", "inode": 1, "damage": ""}'])
def test_what_stands_in_the_last_look_harms_nothing(world: World, path: Path, kept: str) -> None:
    watch.place(path).write_text(kept)
    world.run("a")
    assert told(world) == []
    assert json.loads(watch.place(path).read_text())["inode"] == path.stat().st_ino


def test_a_clock_that_was_set_back_does_not_put_it_off(world: World, path: Path) -> None:
    world.run("a")
    kept = json.loads(watch.place(path).read_text())
    watch.place(path).write_text(json.dumps(kept | {"at": kept["at"] + 1e6}))
    world.run("a")
    assert json.loads(watch.place(path).read_text())["at"] < kept["at"] + 1e5
