"""What must never happen without an event: the life of containers and sessions, and what they are run by."""

from __future__ import annotations

import shutil

import pytest

from contenant import config
from contenant.app import audit, session
from contenant.process import ProcessTimeoutError, Result
from tests.app.world import World


def kinds(world: World, topic: str) -> list[str]:
    return [event.kind for event in world.events() if event.kind.startswith(topic)]


def test_the_life_of_a_container_and_of_its_sessions(world: World) -> None:
    world.run("a", keep=False)
    world.run("a", recreate=True)
    world.stop("a")
    world.clean()
    assert kinds(world, "container.") == [
        *("container.creating", "container.created", "container.state", "container.state"),
        *("container.removing", "container.gone"),
        *("container.creating", "container.created", "container.state", "container.state"),
        *("container.removing", "container.gone"),
    ]
    assert kinds(world, "session.") == ["session.starting", "session.ended"] * 2
    assert kinds(world, "policy.")[0] == "policy.stored"
    assert audit.verify().holds


def test_settings_that_changed_are_on_record_at_the_next_run(world: World) -> None:
    world.run("a")
    assert kinds(world, "config.") == []
    config.user_path().parent.mkdir(parents=True, exist_ok=True)
    config.user_path().write_text("cpus = 2\n")
    world.run("a")
    world.run("a")
    config.project_path(world.project("a")).write_text('memory = "1g"\n')
    world.run("a")
    config.user_path().unlink()
    world.run("a")
    assert kinds(world, "config.") == ["config.changed"] * 3


def test_a_change_of_policy_is_an_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("a")
    monkeypatch.setenv("CONTENANT_FIREWALL_ALLOW", "api.example.com")
    world.run("a")
    assert "container.policy" in kinds(world, "container.policy")
    assert len(set(kinds(world, "policy.stored"))) == 1
    assert len(kinds(world, "policy.stored")) == 2


@pytest.mark.parametrize(("answer", "state"), [("", "stopped"), ("01k0\n", "running"), (None, "running")])
def test_sessions_that_a_lost_database_knew_keep_their_container(
    world: World, monkeypatch: pytest.MonkeyPatch, answer: str | None, state: str
) -> None:
    def capture(argv: list[str], *, timeout: float) -> Result:
        if answer is None:
            raise ProcessTimeoutError(argv, timeout)
        return Result(0, answer, "")

    world.run("a")
    shutil.rmtree(world.home / "state")
    monkeypatch.setattr(session, "capture", capture)
    world.run("a", keep=False)
    assert [report.state for report in world.reports()] == [state]
    assert kinds(world, "container.")[0] == "container.adopted"
