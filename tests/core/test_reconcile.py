"""Each way record and world can differ, and what is recorded of it."""

from __future__ import annotations

from typing import Any

import pytest

from contenant.core import labels
from contenant.core.reconcile import (
    Observed,
    Recorded,
    Whereabouts,
    here,
    needs_identity,
    orphans,
    reconcile,
    whereabouts,
)
from tests.core.samples import OURS, container, report, session


def observed(*reports: Any, **changed: Any) -> Observed:
    base = Observed("podman", "store", tuple(reports), frozenset(), {}, "host")
    return base._replace(**changed)


def kinds(recorded: Recorded, seen: Observed) -> list[tuple[str, Any]]:
    return [
        (f.change.kind, f.change.data.get("why") or f.change.data.get("how"))
        for f in reconcile(recorded, seen)
    ]


def records(*containers: Any, sessions: Any = ()) -> Recorded:
    return Recorded(tuple(containers), tuple(sessions))


def test_nothing_differs() -> None:
    assert reconcile(records(container()), observed(report())) == []


def test_vanished() -> None:
    assert kinds(records(container()), observed()) == [("container.gone", "vanished")]


def test_the_intent_that_came_to_nothing() -> None:
    assert kinds(records(container(engine_id="")), observed()) == [("container.gone", "never made")]


def test_the_intent_whose_outcome_was_not_written() -> None:
    found = reconcile(records(container(engine_id="", state="created")), observed(report(state="created")))
    assert [(f.change.kind, f.change.data["engine_id"]) for f in found] == [("container.created", "e1")]


@pytest.mark.parametrize("identity", ["", "another store"])
def test_another_or_unproven_store_is_not_all_gone(identity: str) -> None:
    live = records(container(), sessions=[session()])
    assert reconcile(live, observed(identity=identity)) == []


def test_a_name_alone_proves_nothing() -> None:
    impostor = report(engine_id="other", labels={})
    assert kinds(records(container()), observed(impostor)) == [("container.gone", "vanished")]


def test_apple_ids_are_names_and_prove_nothing() -> None:
    mine = container(engine="container", engine_id="contenant-app-00000000")
    impostor = report(engine_id="contenant-app-00000000", labels={})
    assert kinds(records(mine), observed(impostor)) == [("container.gone", "vanished")]


def test_a_store_made_anew_in_its_place_has_lost_them() -> None:
    mine = container(engine_identity="/var/lib/containers#11")
    anew = observed(identity="/var/lib/containers#22")
    assert kinds(records(mine), anew) == [("container.gone", "engine reinstalled")]
    assert kinds(records(mine), observed(identity="/elsewhere#11")) == []
    opaque = container(engine_identity="an-id")
    assert kinds(records(opaque), observed(identity="another-id")) == []
    lives = records(mine, sessions=[session()])
    assert kinds(lives, anew) == [], "somebody's contenant still shows a session of it"


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ("/var/lib/docker#one", "/var/lib/docker#one", "vanished"),
        ("one", "/var/lib/docker#one", "vanished"),  # from when the id was all
        ("one", "/var/lib/docker@one", "vanished"),
        ("/var/lib/docker@one", "/var/lib/docker#one", "vanished"),  # a user, then root
        ("/var/lib/docker#one", "/var/lib/docker#two", "engine reinstalled"),
        ("/var/lib/docker@one", "/var/lib/docker@two", None),  # or another machine's daemon
        ("/var/lib/docker@one", "/var/lib/docker#two", None),
        ("/var/lib/docker#one", "/var/lib/docker@two", None),
        ("/var/lib/docker#one", "/srv/docker#two", None),
        ("/var/lib/docker@one", "/srv/docker@one", None),  # before docker 23 daemons of a machine share an id
        ("one", "/var/lib/docker#two", None),
    ],
)
def test_when_a_docker_daemon_is_the_one_that_was(was: str, now: str, why: str | None) -> None:
    mine = container(engine="docker", engine_identity=was)
    found = kinds(records(mine), observed(engine="docker", identity=now))
    assert found == ([("container.gone", why)] if why else [])


def test_of_copies_the_one_we_made_counts() -> None:
    copy = report(engine_id="e0", name="copy", state="stopped")
    assert reconcile(records(container()), observed(copy, report())) == []
    assert orphans(records(container()), observed(copy, report())) == []


def test_another_container_with_our_id_takes_its_place() -> None:
    found = kinds(records(container(), sessions=[session()]), observed(report(engine_id="e2")))
    assert found == [("container.replaced", None), ("session.ended", "container gone")]
    elsewhere = report(engine_id="e2", labels=OURS | {labels.HOST: "another"})
    assert kinds(records(container()), observed(elsewhere)) == [("container.gone", "vanished")]


def test_the_container_of_a_project_is_the_one_in_the_store_that_answered() -> None:
    there, elsewhere = container(), container(id="c2", engine_id="e2", engine_identity="other")
    assert here(records(elsewhere, there), [report()], "p1") == there
    assert here(records(elsewhere), [report()], "p1") is None


def test_renamed() -> None:
    assert [k for k, _ in kinds(records(container()), observed(report(name="other")))] == [
        "container.renamed"
    ]


def test_stopped_behind_our_back_ends_its_sessions() -> None:
    found = kinds(records(container(), sessions=[session()]), observed(report(state="stopped")))
    assert found == [("container.state", "observed"), ("session.ended", "container stopped")]


def test_an_unknown_state_is_no_news() -> None:
    assert reconcile(records(container()), observed(report(state="unknown"))) == []


def test_sessions_of_a_vanished_container_end() -> None:
    found = kinds(records(container(), sessions=[session()]), observed())
    assert found == [("container.gone", "vanished"), ("session.ended", "container gone")]


def test_a_command_whose_contenant_is_dead_is_lost() -> None:
    seen = observed(report(), dead=frozenset({"s1"}))
    assert kinds(records(container(), sessions=[session()]), seen) == [("session.ended", "lost")]


def test_a_detached_agent_lives_on_without_its_contenant() -> None:
    seen = observed(report(), dead=frozenset({"s1"}))
    assert reconcile(records(container(), sessions=[session(detachable=True)]), seen) == []


def test_a_detached_agent_that_ended_left_its_exit_code() -> None:
    seen = observed(report(), dead=frozenset({"s1"}), exits={"s1": 3})
    found = reconcile(records(container(), sessions=[session(detachable=True)]), seen)
    assert [(f.change.data["how"], f.change.data["exit_code"]) for f in found] == [("exited", 3)]


def test_a_living_contenant_records_the_end_itself() -> None:
    seen = observed(report(), exits={"s1": 3})
    assert reconcile(records(container(), sessions=[session(detachable=True)]), seen) == []


def test_orphans_are_ours_on_this_host_and_unrecorded() -> None:
    stray = report(engine_id="e2", labels=OURS | {labels.CONTAINER: "c2"})
    other_host = report(engine_id="e3", labels=OURS | {labels.CONTAINER: "c3", labels.HOST: "elsewhere"})
    foreign = report(engine_id="e4", labels={})
    assert orphans(records(container()), observed(report(), stray, other_host, foreign)) == [stray]


def test_identity_is_asked_for_only_when_something_is_missing() -> None:
    assert not needs_identity(records(container()), observed(report()))
    assert needs_identity(records(container()), observed())


@pytest.mark.parametrize(
    ("place", "there", "told"),
    [
        ("1:2", True, []),
        ("1:2", False, ["project.missing"]),
        ("", False, ["project.missing"]),
        ("!1:2", False, []),
        ("!", True, ["project.found"]),
    ],
)
def test_a_projects_directory_goes_and_comes_back_once(place: str, there: bool, told: list[str]) -> None:
    twice = [Whereabouts("p1", "/work/a", place, there)] * 2  # two containers of one project
    assert [change.kind for change in whereabouts(twice)] == told


@pytest.mark.parametrize(
    ("tty", "changed", "how"),
    [
        (False, {"exits": {"s1": 3}}, "detached-exit"),
        (True, {"exits": {"s1": 3}}, "exited"),
        (False, {"traceless": frozenset({"s1"})}, "lost"),
        (False, {"exits": {"s1": 3}, "traceless": frozenset({"s1"})}, "detached-exit"),
        (False, {}, None),
    ],
)
def test_a_detachable_session_whose_contenant_is_gone(
    tty: bool, changed: dict[str, Any], how: str | None
) -> None:
    live = records(container(), sessions=[session(tty=tty, detachable=True)])
    found = kinds(live, observed(report(), dead=frozenset({"s1"}), **changed))
    assert found == ([("session.ended", how)] if how else [])


def test_one_that_a_contenant_shows_is_that_contenants_to_end() -> None:
    live = records(container(), sessions=[session(tty=False, detachable=True)])
    assert kinds(live, observed(report(), exits={"s1": 3}, traceless=frozenset({"s1"}))) == []
