"""After a lost database: the sessions that live in a container are on record again, and end as others do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contenant import host
from contenant.app import session
from contenant.app.ledger import Ledger
from contenant.app.project import container_dir, identify
from contenant.core.records import SessionRecord
from contenant.core.values import ExecSpec
from contenant.paths import state_dir
from contenant.store.ids import new_id
from tests.app.world import World

Begin = Callable[..., str]


@pytest.fixture
def inside(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What lives in the container, a line each, as it says itself; every exec is answered with it."""
    lines: list[str] = []

    def exec_argv(name: str, spec: ExecSpec) -> list[str]:
        del name, spec
        return ["printf", "%s\n", *lines]

    monkeypatch.setattr(world.engine, "exec_argv", exec_argv)
    yield lines


@pytest.fixture
def begin(world: World, inside: list[str]) -> Iterator[Begin]:
    """A session in the container; with a command, somebody on the host is at it."""
    started = []

    def make(verb: str, *argv: str) -> str:
        key = new_id(host.now())
        inside.append(f"{key} 17 4211 {verb} began")
        claim = container_dir(identify(world.project("a"))[1]) / "sessions" / f"{key}.pid"
        claim.write_text(f"17 4211 {verb} began\n")
        if argv:
            words = [session.WRAPPER, verb, key, "--", *argv]
            sleeper = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
            client = subprocess.Popen([*sleeper, *words], stdout=subprocess.PIPE)
            assert client.stdout is not None
            client.stdout.readline()
            started.append(client)
        return key

    yield make
    for client in started:
        client.kill()
        client.communicate()


def lose_the_database() -> None:
    for place in state_dir().glob("contenant.db*"):
        place.unlink()


def live() -> dict[str, SessionRecord]:
    with Ledger() as ledger:
        view = ledger.snapshot()
        return {found.id: found for found in view.live_sessions()} if view else {}


def test_sessions_are_found_with_what_is_known_of_them(world: World, begin: Begin) -> None:
    world.run("a")
    command, agent, alone = begin("run", "sh", "-c", "a  b"), begin("attach", "claude"), begin("attach")
    lose_the_database()
    (row,) = world.list().rows
    assert (row.sessions_live, row.sessions_total) == (3, 3)
    found = live()
    assert found[command].argv == ("sh", "-c", "a  b")
    assert (found[command].pid, found[command].pid_start) == (os.getpid(), host.start_time(os.getpid()))
    assert (found[command].kind, found[command].detachable) == ("command", False)
    assert (found[agent].argv, found[agent].kind, found[agent].detachable) == (("claude",), "agent", True)
    assert (found[alone].argv, found[alone].pid, found[alone].kind) == ((), 0, "agent")
    assert abs(host.now().timestamp() * 1000 - int(_millis(found[alone].started))) < 60_000
    before = len(world.events())
    world.list()
    assert len(world.events()) == before, "reconciled twice is reconciled once"
    assert [e.kind for e in world.events()].count("session.adopted") == 3


def _millis(moment: str) -> float:
    from contenant.core.ages import from_text

    return from_text(moment).timestamp() * 1000


def test_what_is_on_its_way_or_an_agents_relay_or_lost_is_none(
    world: World, inside: list[str], begin: Begin
) -> None:
    world.run("a")
    inside += [f"{new_id(host.now())}ssh 17 4 run began", f"{new_id(host.now())} 17 4 run", "x", ""]
    begin("run")  # whoever was at it is gone
    lose_the_database()
    (row,) = world.list().rows
    assert row.sessions_live == 0


def test_clean_spares_them_and_the_agent_is_come_back_to(
    world: World, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("a")
    agent = begin("attach")
    lose_the_database()
    world.list()
    (outcome,) = world.clean()
    assert (outcome.result, "1 live session" in outcome.detail) == ("kept", True)

    from contenant.core.plan_run import Desired, Facts, Options, plan_run

    with Ledger() as ledger:
        recorded = ledger.read("podman")
    (container,) = recorded.containers
    facts = Facts(container, world.reports()[0], None, recorded.sessions)
    asked = Options(recreate=False, force=False, new=False, agent=True, terminal=True)
    plan = plan_run(Desired(container.name, container.image, container.spec_hash), facts, asked)
    assert plan.attach is not None
    assert plan.attach.id == agent


def test_their_end_is_on_record(world: World, inside: list[str], begin: Begin) -> None:
    world.run("a")
    agent, other = begin("attach"), begin("attach")
    lose_the_database()
    world.list()
    name = identify(world.project("a"))[1]
    (container_dir(name) / "sessions" / f"{agent}.exit").write_text("3\n")
    world.list()
    assert set(live()) == {other}
    ended = [json.loads(e.data) for e in world.events() if e.kind == "session.ended" and e.subject == agent]
    assert [data["exit_code"] for data in ended] == [3]
    world.engine.set_state(name, "stopped")
    world.list()
    assert live() == {}


def test_a_session_whose_contenant_lives_records_its_own_end(
    world: World, inside: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database goes while a session lives; a list beside it takes both up again."""
    world.run("a")
    clients: list[subprocess.Popen[bytes]] = []

    def attach(argv: list[str], **given: Any) -> int:
        del argv, given
        (place,) = (container_dir(identify(world.project("a"))[1]) / "sessions").glob("*.pid")
        inside.append(f"{place.stem} 17 4211 run began")
        words = [session.WRAPPER, "run", place.stem, "--", "true"]
        sleeper = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
        clients.append(subprocess.Popen([*sleeper, *words], stdout=subprocess.PIPE))
        assert clients[0].stdout is not None
        clients[0].stdout.readline()
        place.write_text("17 4211 run began\n")
        lose_the_database()
        assert [row.sessions_live for row in world.list().rows] == [1]
        return 5

    for place in (container_dir(identify(world.project("a"))[1]) / "sessions").glob("*.pid"):
        place.unlink()
    monkeypatch.setattr(session, "attach", attach)
    try:
        assert world.run("a") == 5
    finally:
        for client in clients:
            client.kill()
            client.communicate()
    assert live() == {}
    ended = [json.loads(e.data) for e in world.events() if e.kind == "session.ended"]
    assert [(data["how"], data["exit_code"]) for data in ended] == [("exited", 5)]


def test_a_container_that_gives_no_answer_is_taken_up_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("a")
    lose_the_database()
    monkeypatch.setattr(world.engine, "exec_argv", lambda name, spec: [str(Path("/nonexistent/engine"))])
    assert [row.state for row in world.list().rows] == ["running"]


def test_nobody_asks_a_container_that_does_not_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("a", keep=False)
    lose_the_database()
    monkeypatch.setattr(world.engine, "exec_argv", lambda name, spec: pytest.fail("asked"))
    assert [row.state for row in world.list().rows] == ["stopped"]
