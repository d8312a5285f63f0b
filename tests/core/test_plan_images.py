"""Which images go: nothing that is needed, nothing that is somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from contenant.core import labels
from contenant.core.plan_images import LAST_GOOD, Judgement, Needs, judge
from contenant.core.records import ImageRecord
from contenant.core.values import ImageReport

OURS = {labels.MANAGED: "1"}
BASE = "localhost/contenant-base:trixie"


def held(reference: str, number: int = 0, **more: Any) -> ImageReport:
    number = number or sum(map(ord, reference))
    fields: dict[str, Any] = {
        "engine_id": f"{number:064x}",
        "reference": reference,
        "digest": f"sha256:{number:064x}",
        "labels": OURS,
        "size": 1000,
        "created": "",
    }
    return ImageReport(**fields | more)


def build(reference: str, day: int, **more: Any) -> ImageRecord:
    fields: dict[str, Any] = {
        "id": f"i{day}",
        "recipe": "r" * 64,
        "layer": "base",
        "parent": BASE,
        "reference": reference,
        "digest": held(reference).digest,
        "claude_version": "2",
        "base_origin": "local",
        "base_digest": "",
        "build_args": "{}",
        "built": f"2026-11-{day:02d}T00:00:00.000Z",
        "seconds": 1.0,
        "size": 1000,
    }
    return ImageRecord(**fields | more)


A, B, C, D = (f"contenant:2-{letter * 12}" for letter in "abcd")
BUILDS = (build(D, 4), build(C, 3), build(B, 2), build(A, 1))  # newest first


def needs(**more: Any) -> Needs:
    fields: dict[str, Any] = {"current": {D: "current"}, "used": {}, "builds": BUILDS}
    fields |= {"digests": frozenset(one.digest for one in BUILDS)}
    return Needs(**fields | more)


def verdicts(found: list[Judgement]) -> dict[str, str]:
    """Name -> why it stays, "" where it goes."""
    return {
        one.image.reference or one.image.engine_id[-3:]: "" if one.action == "remove" else one.reason
        for one in found
    }


def test_what_is_current_and_the_last_good_one_stay() -> None:
    found = judge("podman", map(held, (A, B, C, D)), needs())
    assert verdicts(found) == {A: "", B: "", C: LAST_GOOD, D: "current"}
    assert {one.reason for one in found if one.action == "remove"} == {"no container needs it"}


def test_the_last_good_one_is_one_that_is_there() -> None:
    assert verdicts(judge("podman", map(held, (A, B, D)), needs())) == {A: "", B: LAST_GOOD, D: "current"}


def test_before_the_current_one_is_built_the_newest_is_the_last_good() -> None:
    found = judge("podman", map(held, (A, B, C, D)), needs(current={"contenant:3-new": "x"}))
    assert verdicts(found) == {A: "", B: "", C: "", D: LAST_GOOD}


def test_after_a_step_back_newer_ones_may_go_and_the_one_before_stays() -> None:
    found = judge("podman", map(held, (A, B, C, D)), needs(current={B: "current"}))
    assert verdicts(found) == {A: LAST_GOOD, B: "current", C: "", D: ""}


def test_each_project_has_its_own_current_image() -> None:
    current = {D: "current", A: "new containers of /p are made from it"}
    assert verdicts(judge("podman", map(held, (A, B, C, D)), needs(current=current)))[A] == current[A]


@pytest.mark.parametrize(
    "named", [A, held(A).engine_id, f"sha256:{held(A).engine_id}", held(A).engine_id[:12]]
)
def test_what_a_container_names_stays(named: str) -> None:
    found = judge("podman", [held(A), held(C), held(D)], needs(used={named: "shop"}))
    assert verdicts(found)[A] == "shop was made from it"


def test_what_another_is_built_on_stays() -> None:
    user = build("contenant:2-user-x", 5, layer="user", parent=A)
    found = judge(
        "podman",
        [held(A), held(B), held(D), held(user.reference)],
        needs(builds=(user, *BUILDS), current={D: "current", user.reference: "of /p"}),
    )
    assert verdicts(found) == {A: f"{user.reference} is built on it", B: LAST_GOOD, D: "current",
                               user.reference: "of /p"}  # fmt: skip


def test_what_a_container_needs_is_needed_down_to_its_ground() -> None:
    user = build("contenant:2-user-x", 5, layer="user", parent=A)
    there = [held(A), held(B), held(D), held(user.reference)]
    found = judge("podman", there, needs(builds=(user, *BUILDS), used={user.reference: "shop"}))
    assert verdicts(found)[A] == f"{user.reference} is built on it"


def test_each_layer_has_its_last_good_one() -> None:
    users = [build(f"contenant:2-user-{day}", day, layer="user", parent=D) for day in (7, 6, 5)]
    there = [held(D), *(held(one.reference) for one in users)]
    current = {D: "current", users[0].reference: "of /p"}
    found = verdicts(judge("podman", there, needs(builds=(*users, *BUILDS), current=current)))
    assert found == {D: "current", users[0].reference: "of /p", users[1].reference: LAST_GOOD,
                     users[2].reference: ""}  # fmt: skip


def test_nothing_that_is_not_ours_is_even_judged() -> None:
    there = [
        held("docker.io/library/debian:trixie", labels={}),
        held(B, labels={}),  # the name, without the mark
        held("example/mine:1"),  # built on one of ours: the mark is inherited
        held(BASE),
        held("contenant:2-eeeeeeeeeeee"),  # another installation's
        held("", 77),  # without a name, and never recorded
    ]
    assert judge("podman", there, needs()) == []


def test_an_earlier_build_that_lost_its_name_goes_unless_a_container_has_it() -> None:
    lost = held("", 500, digest=BUILDS[0].digest)
    assert verdicts(judge("podman", [held(D), lost], needs()))["1f4"] == ""
    found = judge("podman", [held(D), lost], needs(used={lost.engine_id: "shop"}))
    assert verdicts(found)["1f4"] == "shop was made from it"


def test_what_was_built_on_one_engine_is_another_installations_on_the_next() -> None:
    builds = tuple(one._replace(engine="docker") for one in BUILDS)
    assert judge("podman", [held(A)], needs(builds=builds)) == []
    assert verdicts(judge("docker", [held(A), held(C)], needs(builds=builds)))[A] == ""
