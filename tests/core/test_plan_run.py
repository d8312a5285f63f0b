"""What run does in each situation."""

from __future__ import annotations

import pytest

from contenant.core import labels
from contenant.core.plan_run import Desired, Facts, Options, not_found, plan_run
from contenant.core.values import ContainerReport, ContainerState
from contenant.errors import BusyError, ForeignContainerError
from tests.core.samples import OURS, container, report, session

DESIRED = Desired("contenant-app-00000000", "contenant:1", "spec")
RECORD = container(image="contenant:1", spec_hash="spec")


def facts(state: ContainerState = "running", *live: str, **changed: object) -> Facts:
    seen = report(state=state)
    base = Facts(RECORD, seen, seen, tuple(session(id=name, detachable=True) for name in live))
    return base._replace(**changed)


def test_nothing_there_makes_everything() -> None:
    plan = plan_run(DESIRED, Facts(None, None, None, ()), Options())
    assert plan.steps == ("image", "create", "start")
    assert plan.attach is None


def test_running_container_is_used_as_it_is() -> None:
    assert plan_run(DESIRED, facts(), Options()) == ((), None, ())


@pytest.mark.parametrize("state", ["stopped", "created"])
def test_stopped_container_is_started(state: ContainerState) -> None:
    assert plan_run(DESIRED, facts(state), Options()).steps == ("start",)


def test_live_agent_is_come_back_to() -> None:
    plan = plan_run(DESIRED, facts("running", "s1"), Options())
    assert plan.attach is not None
    assert plan.attach.id == "s1"


@pytest.mark.parametrize("options", [Options(new=True), Options(agent=False), Options(terminal=False)])
def test_new_command_or_pipe_starts_beside_it(options: Options) -> None:
    assert plan_run(DESIRED, facts("running", "s1"), options).attach is None


def test_a_renamed_container_is_not_used_under_its_other_name() -> None:
    renamed = facts(record=RECORD._replace(name="other"))
    with pytest.raises(BusyError, match="was renamed to other"):
        plan_run(DESIRED, renamed, Options())
    assert "remove" in plan_run(DESIRED, renamed, Options(recreate=True)).steps


def test_a_command_is_never_come_back_to() -> None:
    live = (session(id="s1", detachable=False),)
    assert plan_run(DESIRED, facts(live=live), Options()).attach is None


def test_the_newest_of_several_agents() -> None:
    live = (
        session(id="old", detachable=True, started="2026-01-01T00:00:00.000Z"),
        session(id="new", detachable=True, started="2026-01-02T00:00:00.000Z"),
    )
    plan = plan_run(DESIRED, facts(live=live), Options())
    assert plan.attach is not None
    assert plan.attach.id == "new"


def test_recreate_replaces() -> None:
    assert plan_run(DESIRED, facts(), Options(recreate=True)).steps == ("image", "remove", "create", "start")


def test_recreate_spares_live_sessions() -> None:
    with pytest.raises(BusyError, match="1 live session"):
        plan_run(DESIRED, facts("running", "s1"), Options(recreate=True))
    assert plan_run(DESIRED, facts("running", "s1"), Options(recreate=True, force=True)).attach is None


def test_paused_container_is_busy() -> None:
    with pytest.raises(BusyError, match="paused"):
        plan_run(DESIRED, facts("paused"), Options())


@pytest.mark.parametrize(
    "foreign",
    [report(engine_id="other", labels={}), report(engine_id="other", labels=OURS | {labels.CONTAINER: "c2"})],
)
def test_a_name_held_by_another_is_refused(foreign: ContainerReport) -> None:
    with pytest.raises(ForeignContainerError, match="held by a container"):
        plan_run(DESIRED, Facts(None, None, foreign, ()), Options())


def test_upgrade_is_explicit() -> None:
    moved = DESIRED._replace(image="contenant:2", spec_hash="other")
    plan = plan_run(moved, facts(), Options())
    assert plan.steps == ()
    assert "--recreate" in plan.notices[0]
    assert "contenant:1 → contenant:2" in plan.notices[0]


def test_a_project_without_a_container_is_not_offered_itself() -> None:
    assert "did you mean" not in not_found("/srv/shop", ["/srv/shop"]).hint
    assert "`contenant --name review` there makes one" in not_found("/srv/shop", (), "review").hint
    assert "did you mean /srv/shop-2?" in not_found("/srv/shop", ["/srv/shop", "/srv/shop-2"]).hint
