"""`clean --purge`: the agent's home goes with its container, never before it, never without being asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from contenant.app import clean
from contenant.app.project import Target, identify
from contenant.app.results import CleanRequest, Outcome
from contenant.errors import NotFoundError
from contenant.paths import home_dir
from tests.app.world import World


def populate(world: World, name: str) -> Path:
    """Run in a project and have something in its agent's home."""
    world.run(name, keep=False)
    home = home_dir(identify(world.project(name))[1])
    (home / "agent" / "projects").mkdir(parents=True)
    (home / "agent" / "history.jsonl").write_text("what was said\n")
    return home


def done(world: World, request: CleanRequest) -> list[tuple[str, str]]:
    return [(outcome.verdict.kind, outcome.result) for outcome in apply(request, world)]


def apply(request: CleanRequest, world: World) -> list[Outcome]:
    return clean.apply(clean.plan(request, world.ui), request, world.ui)


def test_the_home_outlives_a_clean(world: World) -> None:
    home = populate(world, "a")
    assert done(world, CleanRequest(all=True)) == [("container", "removed")]
    assert (home / "agent" / "history.jsonl").read_text() == "what was said\n"


def test_purge_takes_the_home_after_the_container(world: World) -> None:
    home, other = populate(world, "a"), populate(world, "b")
    request = CleanRequest(paths=(Target(world.project("a")),), purge=True)
    planned = clean.plan(request, world.ui)
    assert [(v.kind, v.action) for v in planned] == [("container", "remove"), ("home", "remove")]
    assert planned[1].project == str(world.project("a"))
    assert done(world, request) == [("container", "removed"), ("home", "removed")]
    assert not home.exists()
    assert other.exists()
    removed = [event for event in world.events() if event.kind == "home.removed"]
    assert [(event.subject, event.project_id != "") for event in removed] == [(home.name, True)]


def test_a_plan_changes_nothing(world: World) -> None:
    home = populate(world, "a")
    clean.plan(CleanRequest(all=True, purge=True), world.ui)
    assert home.exists()


def test_a_home_whose_container_went_before(world: World) -> None:
    home = populate(world, "a")
    populate(world, "b")
    named = CleanRequest(paths=(Target(world.project("a")),), purge=True)
    apply(CleanRequest(paths=(Target(world.project("a")),)), world)
    with pytest.raises(NotFoundError):
        clean.plan(CleanRequest(paths=(Target(world.project("a")),)), world.ui)
    assert done(world, named) == [("home", "removed")]
    assert not home.exists()
    with pytest.raises(NotFoundError):
        clean.plan(named, world.ui)


def test_all_takes_homes_nobody_knows(world: World) -> None:
    populate(world, "a")
    stray = home_dir("contenant-stray-00000000")
    (stray / "agent").mkdir(parents=True)
    assert done(world, CleanRequest(all=True, purge=True)) == [
        ("container", "removed"),
        ("home", "removed"),
        ("home", "removed"),
    ]
    assert not stray.exists()


def test_a_home_stays_with_its_container(world: World) -> None:
    home = populate(world, "a")
    request = CleanRequest(all=True, purge=True)
    planned = clean.plan(request, world.ui)
    world.engine.set_state(home.name, "paused")
    outcomes = clean.apply(planned, request, world.ui)
    assert [(o.verdict.kind, o.result, o.detail) for o in outcomes] == [
        ("container", "kept", "it is paused; --force removes it"),
        ("home", "kept", "its container stays"),
    ]
    assert home.exists()
    assert [(v.kind, v.action) for v in clean.plan(request, world.ui)] == [
        ("container", "keep"),
        ("home", "keep"),
    ]


def test_stale_takes_the_homes_of_what_it_removes(world: World) -> None:
    from datetime import timedelta

    home = populate(world, "a")
    stray = home_dir("contenant-stray-00000000")
    stray.mkdir()
    assert done(world, CleanRequest(stale=timedelta(0), purge=True)) == [
        ("container", "removed"),
        ("home", "removed"),
    ]
    assert not home.exists()
    assert stray.exists()


@pytest.mark.parametrize("name", ["..", "../containers", "/", "."])
def test_no_path_leads_out_of_the_homes(world: World, name: str) -> None:
    populate(world, "a")
    with pytest.raises(NotFoundError):
        clean.plan(CleanRequest(paths=(Target(Path(name)),), purge=True), world.ui)
