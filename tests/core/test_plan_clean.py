"""What clean removes and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core import ages
from contenant.core.plan_clean import Candidate, judge

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def candidate(days: float = 40, **changed: Any) -> Candidate:
    base = Candidate(
        id="c1",
        name="contenant-app-00000000",
        project="/w/app",
        state="stopped",
        ours=True,
        reachable=True,
        live=0,
        last_used=ages.to_text(NOW - timedelta(days=days)),
        selected=False,
        project_exists=True,
    )
    return base._replace(**changed)


def test_stale_goes_with_its_age_as_reason() -> None:
    assert judge(candidate(), timedelta(days=30), False, NOW) == ("remove", "unused for 40d")


def test_fresh_is_not_mentioned() -> None:
    assert judge(candidate(days=2), timedelta(days=30), False, NOW) is None


def test_neither_named_nor_stale_is_not_mentioned() -> None:
    assert judge(candidate(), None, True, NOW) is None


def test_named_goes() -> None:
    assert judge(candidate(selected=True), None, False, NOW) == ("remove", "asked for, last used 40d ago")


def test_a_lost_project_is_said() -> None:
    verdict = judge(candidate(project_exists=False), timedelta(days=30), False, NOW)
    assert verdict == ("remove", "unused for 40d, project is gone")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"reachable": False}, "did not answer"),
        ({"ours": False}, "labels"),
        ({"state": "unknown"}, "unknown"),
        ({"state": "unknown", "ours": False}, "--reinstalled"),
        ({"live": 2}, "2 live sessions; --force"),
        ({"state": "paused"}, "paused"),
        ({"state": "running"}, "`contenant stop` stops it"),
    ],
)
def test_what_must_stay_stays(changed: dict[str, Any], reason: str) -> None:
    verdict = judge(candidate(selected=True, **changed), None, False, NOW)
    assert verdict is not None
    assert verdict.action == "keep"
    assert reason in verdict.reason


@given(
    st.builds(
        candidate,
        days=st.floats(0, 1000),
        state=st.sampled_from(["created", "running", "stopped", "paused", "unknown"]),
        ours=st.booleans(),
        reachable=st.booleans(),
        live=st.integers(0, 3),
        selected=st.booleans(),
    ),
    st.one_of(st.none(), st.timedeltas(timedelta(minutes=1), timedelta(days=900))),
    st.booleans(),
)
def test_never_what_is_not_ours_unknown_or_live(
    item: Candidate, stale: timedelta | None, force: bool
) -> None:
    verdict = judge(item, stale, force, NOW)
    if verdict is not None and verdict.action == "remove":
        assert item.ours
        assert item.reachable
        assert item.state != "unknown"
        assert force or (item.live == 0 and item.state != "paused")
        assert item.selected or (stale is not None and NOW - ages.from_text(item.last_used) >= stale)
