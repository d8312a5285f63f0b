"""An engine that was installed anew, where nothing proves it: the user's word, and what it cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest

from contenant.app import clean, reinstalled
from contenant.app.ledger import Ledger
from contenant.app.project import Target, container_dir, identify
from contenant.app.results import CleanRequest
from contenant.app.show import show
from tests.app.world import World

ALL = CleanRequest(all=True)


def states(world: World) -> dict[str, str]:
    return {Path(row.project).name: row.state for row in world.list().rows}


def said(world: World, request: CleanRequest = ALL) -> list[tuple[str, str, str]]:
    outcomes = reinstalled.apply(reinstalled.plan(request, world.ui), request, world.ui)
    return [(Path(o.verdict.project).name, o.result, o.detail) for o in outcomes]


def test_only_the_users_word_ends_what_another_store_may_hold(world: World) -> None:
    world.run("a")
    world.run("b")
    world.engine.switch("another-daemon")
    assert states(world) == {"a": "unknown", "b": "unknown"}
    assert len(world.list().elsewhere) == 2
    (verdict, _) = clean.plan(CleanRequest(all=True), world.ui)
    assert (verdict.action, "--reinstalled" in verdict.reason) == ("keep", True)
    assert "--reinstalled" in show(Target(world.project("a")), world.ui)["inside"]["why"]

    here = CleanRequest(paths=(Target(world.project("a")),))
    assert [(v.action, Path(v.project).name) for v in reinstalled.plan(here, world.ui)] == [("forget", "a")]
    assert states(world) == {"a": "unknown", "b": "unknown"}, "a plan changes nothing"
    assert said(world, here) == [("a", "forgotten", reinstalled.WHY)]
    assert states(world) == {"b": "unknown"}
    assert [e.kind for e in world.events()][-1] == "container.gone"

    world.engine.switch("memory")
    assert states(world) == {"a": "running", "b": "running"}, "one that turns up again is taken up again"
    assert world.list().elsewhere == ()


def test_what_is_there_or_cannot_be_asked_is_kept(world: World) -> None:
    world.run("a")
    (told,) = said(world)
    assert told[:2] == ("a", "kept")
    assert "it is there" in told[2]
    assert states(world) == {"a": "running"}


def test_a_session_that_somebody_sees_is_proof_of_the_contrary(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attached(argv: list[str], **given: object) -> int:
        world.engine.switch("another-daemon")
        (told,) = said(world)
        assert told[:2] == ("a", "kept")
        assert "still shows a session" in told[2]
        world.engine.switch("memory")
        return 0

    monkeypatch.setattr("contenant.app.session.attach", attached)
    world.run("a")
    assert states(world) == {"a": "running"}


def test_the_place_of_a_container_of_the_same_name_stays(world: World) -> None:
    world.run("a")
    world.engine.switch("another-daemon")
    world.run("a")
    name = identify(world.project("a"))[1]
    policy = container_dir(name) / "policy"
    before = sorted(path.name for path in policy.iterdir())
    assert before
    assert {(result, project) for project, result, _ in said(world)} == {("forgotten", "a"), ("kept", "a")}
    assert sorted(path.name for path in policy.iterdir()) == before


def test_one_that_vanished_leaves_the_place_of_another_of_its_name(world: World) -> None:
    world.run("a")
    world.engine.switch("another-daemon")
    world.run("a")
    policy = container_dir(identify(world.project("a"))[1]) / "policy"
    world.engine.switch("memory")
    world.engine.vanish(identify(world.project("a"))[1])
    world.list()
    assert list(policy.iterdir()), "the other one is mounted from there"
    with Ledger() as ledger:
        view = ledger.snapshot()
        assert view is not None
        assert len(view.containers()) == 1
