"""A project that was moved: recognised, asked about, carried over whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from contenant.app.ledger import Ledger
from contenant.app.project import identify
from contenant.errors import BusyError, EngineUnavailableError, NotFoundError, UsageError
from contenant.paths import home_dir
from tests.app.world import World


def move(world: World, answer: bool | None = None) -> Path:
    """Run in `a`, give its agent a home, move the directory to `b`; where it was."""
    world.run("a", keep=False)
    old = world.where("a")
    home = home_dir(identify(old)[1])
    home.mkdir(parents=True, exist_ok=True)
    (home / "said").write_text("x")
    old.rename(world.where("b"))
    world.ui.answer = answer
    return old


def paths(world: World) -> list[str]:
    with Ledger() as ledger:
        view = ledger.snapshot()
        return [Path(project.path).name for project in view.projects()] if view else []


def test_a_moved_project_is_recognised_and_carried_over(world: World) -> None:
    old = move(world, answer=True)
    world.run("b", keep=False)
    assert paths(world) == ["b"]
    assert any(str(old) in line and "when contenant last ran here" in line for line in world.ui.asked)
    assert (home_dir(identify(world.where("b"))[1]) / "said").read_text() == "x"
    assert not home_dir(identify(old)[1]).exists()
    kinds = [event.kind for event in world.events()]
    assert kinds.index("container.gone") < kinds.index("project.moved")
    assert kinds.count("project.added") == 1
    assert [row.project for row in world.list().rows] == [str(world.where("b"))]
    with Ledger() as ledger:
        view = ledger.snapshot()
        assert view is not None
        rows = list(view.history(path=str(world.where("b")), kinds=("session",)))
    assert len(rows) == 2, "its history went along"


@pytest.mark.parametrize("answer", [False, None])
def test_nothing_is_carried_over_unasked(world: World, answer: bool | None) -> None:
    move(world, answer)
    world.run("b", keep=False)
    assert paths(world) == ["a", "b"]
    told = any("--adopt-from" in line for line in world.ui.said)
    assert told is (answer is None), "without a terminal the flag is named"


def test_the_flag_says_so(world: World) -> None:
    old = move(world)
    world.run("b", keep=False, adopt_from=old)
    assert paths(world) == ["b"]
    world.run("b", keep=False, adopt_from=old)  # said again, nothing happens


def test_a_copy_is_a_project_of_its_own(world: World) -> None:
    world.run("a", keep=False)
    shutil.copytree(world.where("a"), world.where("b"))
    world.ui.answer = True
    with pytest.raises(UsageError, match="is still there"):
        world.run("b", adopt_from=world.where("a"))
    world.run("b", keep=False)
    assert paths(world) == ["a", "b"]


def test_what_cannot_be_adopted(world: World) -> None:
    move(world)
    with pytest.raises(NotFoundError, match="no project at"):
        world.run("b", adopt_from=world.where("never"))
    world.run("b", keep=False)
    with pytest.raises(UsageError, match="has a record of its own"):
        world.run("b", adopt_from=world.where("a"))


def test_a_silent_engine_changes_nothing(world: World) -> None:
    old = move(world)
    world.engine.unreachable()
    before = len(world.events())
    with pytest.raises(EngineUnavailableError):
        world.run("b", adopt_from=old)
    assert len(world.events()) == before
    assert home_dir(identify(old)[1]).is_dir()


def test_a_live_session_is_not_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from contenant.app import session

    seen: list[str] = []

    def inside(argv: object, **given: object) -> int:
        """While the session lives, the directory is moved and somebody runs there."""
        if not seen:
            seen.append("once")
            world.where("a").rename(world.where("b"))
            with pytest.raises(BusyError, match="live sessions"):
                world.run("b", adopt_from=world.where("a"))
        return 0

    monkeypatch.setattr(session, "attach", inside)
    world.run("a")
    assert paths(world) == ["a"]


def test_a_renamed_container_is_found_by_its_project(world: World) -> None:
    world.run("a")
    (name,) = [report.name for report in world.reports()]
    world.engine.rename(name, "other")
    with pytest.raises(BusyError, match="was renamed to other"):
        world.run("a")
    assert [outcome.result for outcome in world.stop("a")] == ["stopped"]
    world.run("a", recreate=True)
    assert [report.name for report in world.reports()] == [name]


def test_another_daemon_gets_a_container_of_its_own_and_the_first_is_unknown(world: World) -> None:
    world.run("a")
    world.engine.switch("elsewhere")
    world.run("a")
    world.run("a")
    assert sorted(row.state for row in world.list().rows) == ["running", "unknown"]
    world.engine.switch("memory")
    assert sorted(row.state for row in world.list().rows) == ["running", "unknown"]
    assert len(world.engine.everywhere()) == 2
    assert not [event for event in world.events() if event.kind == "container.gone"]


def test_a_reinstalled_engine_has_lost_them(world: World) -> None:
    world.run("a")
    world.engine.reinstall()
    assert world.list().rows == ()
    assert '"why":"engine reinstalled"' in world.events()[-1].data


def test_a_clock_that_was_set_back_is_on_record(world: World) -> None:
    from datetime import timedelta

    world.run("a")
    world.set_clock(timedelta(days=3))
    world.run("a")
    steps = [event for event in world.events() if event.kind == "clock.set_back"]
    assert len(steps) == 1
    assert all(row.last_used > steps[0].at for row in world.list().rows), "a use is never taken back"
