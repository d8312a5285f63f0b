"""`contenant top` over an engine in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contenant.app import activity, top
from contenant.app.activity import UNKNOWN, Activity
from contenant.errors import EngineError, EngineUnavailableError
from tests.app.world import World


def test_running_ones_and_what_they_used_between_two_looks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        world.run(name)
    world.run("c", keep=False)
    world.engine.add_foreign("somebody")
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr(top.time, "monotonic", lambda: float(next(clock) // 6))
    watch = top.Watch(everything=False)
    first = watch.look()
    assert [row.cpu for row in first.rows] == [None, None]
    assert watch.vague
    second = watch.look()
    assert not watch.vague
    assert [row.name.rpartition("-")[0] for row in second.rows] == ["contenant-a", "contenant-b"]
    assert all(row.cpu and row.cpu > 0 for row in second.rows)
    assert {(row.memory, row.limit, row.pids, row.state) for row in second.rows} == {
        (1 << 20, 1 << 30, 5, "running")
    }
    assert [call for call, _ in world.engine.calls].count("loads") == 2
    everything = top.Watch(everything=True).look().rows
    assert [row.state for row in everything] == ["running", "running", "stopped"]


def test_one_frame_looks_twice_where_it_must(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert top.once(top.Watch(everything=False), world.ui).rows == ()
    world.run("a")
    slept: list[float] = []
    monkeypatch.setattr(top.time, "sleep", slept.append)
    (row,) = top.once(top.Watch(everything=False), world.ui).rows
    assert row.cpu is not None
    assert slept == [1.0]


def test_engines_that_say_nothing(world: World) -> None:
    world.run("a")
    world.engine.fail_next("loads", EngineError("podman cannot say what its containers use: no cgroups"))
    with pytest.raises(EngineError, match="no cgroups"):
        top.once(top.Watch(everything=False), world.ui)
    world.engine.unreachable()
    with pytest.raises(EngineUnavailableError):
        top.Watch(everything=False).look()


def test_what_the_agent_does_is_told_as_in_a_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("a")
    world.run("b")
    told = {"contenant-a": Activity("waiting", "2026-10-07T11:54:30.000Z")}
    found = {row.name: told.get(row.name.rpartition("-")[0], UNKNOWN) for row in world.list().rows}
    monkeypatch.setattr(activity, "by_container", lambda view: found)
    monkeypatch.setattr(top.Watch, "_row", _with_a_session(top.Watch._row))
    rows = {row.name.rpartition("-")[0]: row for row in top.Watch(everything=False).look().rows}
    assert (rows["contenant-a"].activity, rows["contenant-a"].activity_since) == told["contenant-a"]
    assert rows["contenant-b"].activity == ""


def _with_a_session(of: Callable[..., top.Row]) -> Callable[..., top.Row]:
    return lambda *given: of(*given)._replace(sessions_live=1)


def test_one_that_stopped_is_gone_and_its_numbers_begin_anew(world: World) -> None:
    world.run("a")
    watch = top.Watch(everything=False)
    watch.look()
    world.engine.stop_all()
    assert watch.look().rows == ()
