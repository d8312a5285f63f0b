"""A project whose directory goes and comes back: said at once, on record once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from contenant.app.ledger import Ledger
from contenant.app.project import Target
from contenant.app.show import show
from contenant.core.changes import Change
from contenant.store.store import Store
from contenant.store.trouble import unknown
from tests.app.world import World


def told(world: World) -> list[str]:
    kinds = [event.kind for event in world.events()]
    return [kind.removeprefix("project.") for kind in kinds if kind in ("project.missing", "project.found")]


def test_gone_and_back_is_two_events_however_often_one_looks(world: World) -> None:
    world.run("a")
    away = world.home / "away"
    world.where("a").rename(away)
    assert [row.project_exists for row in (*world.list().rows, *world.list().rows)] == [False, False]
    show(Target(world.where("a")), world.ui)
    assert told(world) == ["missing"]
    away.rename(world.where("a"))
    assert [row.project_exists for row in (*world.list().rows, *world.list().rows)] == [True, True]
    assert told(world) == ["missing", "found"]


def test_a_run_in_a_directory_that_is_back_says_so(world: World) -> None:
    world.run("a")
    shutil.rmtree(world.where("a"))
    show(Target(world.where("a")), world.ui)
    assert told(world) == ["missing"]
    world.run("a")
    assert told(world) == ["missing", "found"]
    assert not _place(world).startswith("!")


def test_a_moved_project_is_recognised_after_it_was_found_missing(world: World) -> None:
    world.run("a", keep=False)
    world.where("a").rename(world.where("b"))
    world.list()
    world.ui.answer = True
    world.run("b", keep=False)
    assert [row.project for row in world.list().rows] == [str(world.where("b"))]
    assert told(world) == ["missing"]
    assert not _place(world).startswith("!")


def test_what_may_not_be_looked_at_is_not_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("a")

    look = Path.stat

    def closed(path: Path, **given: bool) -> object:
        if path == world.where("a"):
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, **given)

    monkeypatch.setattr(Path, "stat", closed)
    assert [row.project_exists for row in world.list().rows] == [True]
    assert told(world) == []


def test_a_list_is_shown_where_nothing_can_be_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("a")
    shutil.rmtree(world.where("a"))

    def full(store: Store, changes: list[Change]) -> None:
        raise unknown("no room")

    monkeypatch.setattr(Store, "apply", full)
    assert [row.project_exists for row in world.list().rows] == [False]


def _place(world: World) -> str:
    with Ledger() as ledger:
        view = ledger.snapshot()
        assert view is not None
        return view.projects()[0].place
