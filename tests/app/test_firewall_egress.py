"""The firewall's record: taken over after sessions and on demand; never a session's failure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contenant import host
from contenant.app import (
    egress,
    firewall,
    firewall_probe,
    firewall_registries,
    firewall_suggest,
    firewall_why,
    run,
)
from contenant.app import policy as policy_module
from contenant.app.egress import LogQuery
from contenant.app.ledger import Ledger
from contenant.app.project import container_dir, identify
from contenant.core import changes
from contenant.core.ages import to_text
from contenant.core.egress import MANY
from contenant.core.policy_rules import Wish
from contenant.core.records import EgressRecord
from contenant.errors import FirewallError, NotFoundError, UsageError
from contenant.process import ProcessTimeoutError, Result
from tests.app.world import World
from tests.memory_engine import MemoryEngine


class Box:
    """The firewall of a container, as far as the host asks it: rows that wait, and a cursor."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: list[str] = []
        self.waiting: list[dict[str, Any]] = []
        self.seq = 0
        self.failure: Callable[[], Result] | None = None

    def tried(self, name: str, **more: Any) -> None:
        """Something tries to leave, at the moment of the next question unless told otherwise."""
        base = {
            "ts": 0.0,
            "layer": "dns",
            "verdict": "deny",
            "policy": "p",
            "name": name,
            "dst": "",
            "port": 53,
            "proto": "udp",
            "uid": -1,
            "count": 2,
            "sent": 0,
            "received": 0,
        }
        self.seq += 1
        self.waiting.append(base | more | {"seq": self.seq})

    def start(self, argv: Sequence[str]) -> Box:
        assert argv[3] == egress.COLLECT
        self.asked.append(argv[5] if len(argv) > 4 else "")
        return self

    def result(self, timeout: float) -> Result:
        if self.failure is not None:
            return self.failure()
        taken = int(self.asked[-1].partition(":")[2] or 0)
        self.waiting = [row for row in self.waiting if row["seq"] > taken]
        return Result(0, self.text(), "")

    def leave(self, text: str | None = None) -> Path:
        """What a container that stops writes for the host; the file."""
        found = identify(self.world.project("shop"))[1]
        path = container_dir(found) / "sessions" / "egress.jsonl"
        path.write_text(self.text() if text is None else text)
        return path

    def text(self) -> str:
        for row in self.waiting:
            row["ts"] = row["ts"] or host.now().timestamp()
        tail = {"cursor": f"box:{self.seq}", "suppressed": {}, "counters": {}}
        return "".join(json.dumps(line) + "\n" for line in (*self.waiting, tail))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    found = World(monkeypatch)
    yield found
    found.close()


@pytest.fixture
def box(world: World, monkeypatch: pytest.MonkeyPatch) -> Box:
    found = Box(world)
    monkeypatch.setattr(egress, "start", found.start)
    monkeypatch.setattr(run, "BRIEF", -1.0)  # after every session
    return found


def log(world: World, **more: Any) -> list[EgressRecord]:
    return egress.log(LogQuery(world.project("shop"), **more), world.ui).rows


def told(world: World) -> list[str]:
    found = [text for text in world.ui.said if text.startswith("firewall:")]
    world.ui.said.clear()
    return found


def test_a_session_is_told_what_it_was_refused(world: World, box: Box) -> None:
    box.tried("example.com", count=3)
    box.tried("api.anthropic.com", verdict="allow")
    assert world.run("shop") == 0
    times = "3\N{MULTIPLICATION SIGN}"
    assert told(world) == [
        f"firewall: blocked example.com ({times}); contenant firewall allow example.com --reason '…'"
    ]
    rows = log(world)
    with Ledger() as ledger:
        session = ledger.store().sessions()[0]
    assert {(row.destination, row.verdict, row.session_id) for row in rows} == {
        ("example.com", "deny", session.id),
        ("api.anthropic.com", "allow", session.id),
    }


def test_a_session_without_refusals_hears_nothing(world: World, box: Box) -> None:
    box.tried("api.anthropic.com", verdict="allow")
    world.run("shop")
    assert told(world) == []


def test_each_session_hears_its_own(world: World, box: Box) -> None:
    box.tried("a.example.com")
    world.run("shop")
    assert "a.example.com" in told(world)[0]
    box.tried("b.example.com")
    world.run("shop")
    assert "a.example.com" not in (text := told(world)[0])
    assert "b.example.com" in text


def test_the_cursor_is_remembered_and_nothing_counts_twice(world: World, box: Box) -> None:
    box.tried("example.com")
    world.run("shop")
    world.run("shop")
    assert box.asked == ["", "box:1"]
    assert [row.attempts for row in log(world)] == [2]
    events = [event.kind for event in world.events()]
    assert events.count("egress.collected") == 1


def test_what_was_opened_meanwhile_is_no_news(world: World, box: Box) -> None:
    world.run("shop")
    box.tried("example.com")
    firewall.give(world.project("shop"), Wish("allow", ("example.com",), "needed"), world.ui)
    world.run("shop")
    assert told(world) == []
    assert [row.destination for row in log(world, refused=True)] == ["example.com"]


@pytest.mark.parametrize("kind", ["timeout", "exit", "nonsense", "half"])
def test_a_container_that_does_not_tell_is_no_failure_of_the_session(
    world: World, box: Box, kind: str
) -> None:
    def fail() -> Result:
        if kind == "timeout":
            raise ProcessTimeoutError(["podman"], 5)
        return {
            "exit": Result(1, "", "no such thing"),
            "nonsense": Result(0, "\x00[]{}\n7\n", ""),
            "half": Result(0, json.dumps({"cursor": "box:1"})[:-3], ""),
        }[kind]

    box.failure = fail
    box.tried("example.com")
    assert world.run("shop") == 0
    assert told(world) == []
    assert log(world) == []
    assert any(text.startswith("the record may be behind") for text in world.ui.said)
    box.failure = None
    assert [row.destination for row in log(world)] == ["example.com"], "the container kept it"


def test_an_engine_that_cannot_be_started_is_no_failure_either(world: World) -> None:
    assert world.run("shop") == 0  # the engine in memory has no client to start


def test_a_flood_stays_bounded(world: World, box: Box) -> None:
    for number in range(3000):
        box.tried(f"n{number}.example.com")
    world.run("shop")
    rows = log(world)
    assert len(rows) == 301
    assert sum(row.attempts for row in rows) == 6000
    data = [event.data for event in world.events() if event.kind == "egress.collected"]
    assert len(data) == 1
    assert len(data[0]) < 150_000


def test_a_flood_that_goes_on_stays_bounded(world: World, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "MAX_OF_CONTAINER", 5)
    for number in range(4):
        for each in range(3):
            box.tried(f"n{number}-{each}.example.com")
        world.run("shop")
    rows = log(world)
    assert sum(row.attempts for row in rows) == 24
    assert len([row for row in rows if row.destination != MANY]) == 5
    assert len(rows) == 5 + 3  # one for each session after the bound was reached


def test_the_record_is_taken_before_a_container_goes(world: World, box: Box) -> None:
    world.run("shop")
    box.tried("late.example.com")
    world.stop("shop")
    assert [row.destination for row in log(world)] == ["late.example.com"]
    world.run("shop")
    box.tried("later.example.com")
    world.clean(force=True)
    with Ledger() as ledger:
        project = ledger.store().project_by_path(str(world.project("shop").resolve()))
        assert project is not None
        names = {row.destination for row in ledger.store().egress(project.id)}
    assert names == {"late.example.com", "later.example.com"}


def test_a_command_that_succeeds_at_once_is_asked_about_later(
    world: World, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BRIEF", 60.0)
    world.run("shop")
    assert box.asked == []
    box.tried("example.com")
    with Ledger() as ledger:
        session = ledger.store().sessions()[0]
    assert [(row.destination, row.session_id) for row in log(world)] == [("example.com", session.id)]


def test_a_stopped_container_is_not_asked(world: World, box: Box) -> None:
    world.run("shop", keep=False)
    count = len(box.asked)
    log(world)
    assert len(box.asked) == count


def test_what_a_stopped_container_left_behind_is_taken_over_once(world: World, box: Box) -> None:
    world.run("shop")
    box.tried("a.example.com")
    log(world)  # up to here the host has it; the copy below holds it all the same
    box.tried("b.example.com")
    box.leave()
    world.engine.stop_all()
    asked = len(box.asked)
    for _ in range(2):
        assert {(row.destination, row.attempts) for row in log(world)} == {
            ("a.example.com", 2),
            ("b.example.com", 2),
        }
    assert len(box.asked) == asked
    world.run("shop")  # and the container, which has it still, is told that it was taken
    assert box.asked[-1] == "box:2"
    assert [row.attempts for row in log(world)] == [2, 2]


def test_an_older_copy_takes_nothing_back(world: World, box: Box) -> None:
    world.run("shop")
    box.tried("a.example.com")
    old = box.text()
    box.tried("b.example.com")
    log(world)
    box.leave(old)
    world.engine.stop_all()
    assert sorted(row.destination for row in log(world)) == ["a.example.com", "b.example.com"]
    world.run("shop")
    assert box.asked[-1] == "box:2"


@pytest.mark.parametrize("text", ["", "\0[]{}", '{"cursor": "box:1"', "[" * 100_000])
def test_a_copy_that_is_not_whole_is_passed_over(world: World, box: Box, text: str) -> None:
    world.run("shop")
    path = box.leave(text)
    world.engine.stop_all()
    assert log(world) == []
    assert not path.exists()


def test_a_copy_that_is_no_plain_file_is_passed_over(world: World, box: Box) -> None:
    world.run("shop")
    path = box.leave()
    path.unlink()
    path.symlink_to("/etc/passwd")
    world.engine.stop_all()
    assert log(world) == []


def test_what_a_container_left_behind_is_taken_before_it_is_removed(world: World, box: Box) -> None:
    world.run("shop")
    box.tried("late.example.com")
    box.leave()
    world.engine.stop_all()
    world.clean(force=True)
    assert [row.destination for row in log(world)] == ["late.example.com"]


def test_a_brief_command_hears_what_it_was_refused_when_the_container_stops_with_it(
    world: World, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BRIEF", 60.0)
    stop = world.engine.stop

    def stop_and_leave(name: str, seconds: int) -> None:
        box.leave()
        stop(name, seconds)

    monkeypatch.setattr(world.engine, "stop", stop_and_leave)
    box.tried("example.com")
    world.run("shop", keep=False)
    assert box.asked == []
    assert "blocked example.com" in told(world)[0]
    with Ledger() as ledger:
        session = ledger.store().sessions()[0]
    assert [row.session_id for row in log(world)] == [session.id]
    monkeypatch.setattr(run, "BRIEF", -1.0)
    box.tried("example.com")
    world.run("shop", keep=False)
    assert len(told(world)) == 1, "said once: at the end of the session"


def test_a_silent_engine_costs_only_what_is_new(world: World, box: Box) -> None:
    box.tried("example.com")
    world.run("shop")
    world.engine.unreachable()
    assert [row.destination for row in log(world)] == ["example.com"]
    assert any("the record may be behind" in text for text in world.ui.said)


def test_following(world: World, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "ROUND", 0.0)
    box.tried("before.example.com")
    world.run("shop")
    batches = egress.follow(LogQuery(world.project("shop"), refused=True), world.ui)
    assert next(batches) == []
    box.tried("a.example.com")
    box.tried("b.example.com", verdict="allow")
    assert [row.destination for row in next(batches)] == ["a.example.com"]
    box.tried("c.example.com")
    log(world)  # somebody else takes it over: it is seen all the same
    assert [row.destination for row in next(batches)] == ["c.example.com"]
    world.engine.stop_all()
    box.failure = lambda: Result(1, "", "not running")
    assert list(batches) == []
    assert any("has stopped" in text for text in world.ui.said)


def test_following_needs_a_running_container(world: World, box: Box) -> None:
    with pytest.raises(NotFoundError, match="no container"):
        next(egress.follow(LogQuery(world.project("shop")), world.ui))
    world.run("shop", keep=False)
    with pytest.raises(NotFoundError, match="does not run"):
        next(egress.follow(LogQuery(world.project("shop")), world.ui))


def test_why(world: World, box: Box) -> None:
    box.tried("github.com")
    world.run("shop")
    found = firewall_why.explain(world.project("shop"), "github.com", 443, world.ui)
    assert (found["reached"], found["rule"], found["presets"]) == (False, {}, ["github"])
    assert found["command"] == "contenant firewall preset github"
    assert found["policy"]["hash"] == found["policy"]["in_force"] != ""
    assert [(row["verdict"], row["attempts"]) for row in found["decisions"]] == [("deny", 2)]
    found = firewall_why.explain(world.project("shop"), "api.anthropic.com", 443, world.ui)
    assert (found["reached"], found["rule"]["layer"], found["command"]) == (True, "default", "")
    firewall.give(world.project("shop"), Wish("deny", ("github.com",), "no"), world.ui)
    found = firewall_why.explain(world.project("shop"), "github.com", 443, world.ui)
    assert (found["rule"]["layer"], found["rule"]["reason"], found["command"]) == ("command", "no", "")
    found = firewall_why.explain(world.project("shop"), "git.example.com:22", 443, world.ui)
    assert (found["port"], found["command"]) == (
        22,
        "contenant firewall allow git.example.com --port 22 --reason '…'",
    )
    with pytest.raises(UsageError):
        firewall_why.explain(world.project("shop"), "*.example.com", 443, world.ui)


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    moment = host.now() + timedelta(days=days)
    monkeypatch.setattr(host, "now", lambda: moment)


def test_suggestions(world: World, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.project("shop")
    assert firewall_suggest.suggest(path, world.ui).suggestions == []
    firewall.give(path, Wish("allow", ("used.example.com", "idle.example.com"), "x"), world.ui)
    box.tried("github.com")
    world.run("shop")
    box.tried("github.com")
    box.tried("other.example.com")
    world.run("shop")
    found = firewall_suggest.suggest(path, world.ui).suggestions
    assert [(item.name, item.sessions, item.command) for item in found] == [
        ("github.com", 2, "contenant firewall preset github"),
        ("other.example.com", 1, "contenant firewall allow other.example.com --reason '…'"),
    ]
    firewall.give(path, Wish("preset", ("github",)), world.ui)
    later(monkeypatch, 31)
    box.tried("used.example.com", verdict="allow", layer="tls", port=443, ts=host.now().timestamp() - 86400)
    found = firewall_suggest.suggest(path, world.ui).suggestions
    assert [(item.action, item.name) for item in found] == [
        ("remove", "idle.example.com"),
        ("remove", "github"),
    ]


REPORT = "apt\thttp://deb.pack.age/debian\nnpm\thttps://npm.pack.age/\n"


@pytest.fixture
def tools(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the image's package tools say; the containers that were asked."""
    asked: list[str] = []

    def capture(argv: Sequence[str], *, timeout: float) -> Result:
        assert argv[3] == firewall_registries.REGISTRIES
        asked.append(argv[2])
        return Result(0, REPORT, "")

    monkeypatch.setattr(firewall_registries, "capture", capture)
    return asked


def allowed(world: World) -> set[str]:
    with Ledger() as ledger:
        found = ledger.store().policy(ledger.store().containers()[0].policy)
    assert found is not None
    return {entry["name"] for entry in json.loads(found.rules)["allow"]}


def test_registries_are_what_the_image_says(world: World, box: Box, tools: list[str]) -> None:
    path = world.project("shop")
    firewall.give(path, Wish("preset", ("registries",)), world.ui)
    assert any("asked for its hosts at the next start" in text for text in world.ui.said)
    world.run("shop")
    assert {"deb.pack.age", "npm.pack.age"} <= allowed(world)
    world.run("shop")
    world.run("shop", keep=False)
    world.run("shop")
    assert len(tools) == 1, "the image is asked once"


def test_registries_of_a_running_container_are_asked_at_once(
    world: World, box: Box, tools: list[str]
) -> None:
    world.run("shop")
    assert tools == []
    firewall.give(world.project("shop"), Wish("preset", ("debian",)), world.ui)
    assert "deb.pack.age" in allowed(world)
    assert "npm.pack.age" not in allowed(world)
    assert len(tools) == 1


def test_a_preset_for_a_tool_that_is_not_there_opens_nothing_and_is_said(
    world: World, box: Box, tools: list[str]
) -> None:
    world.run("shop")
    firewall.give(world.project("shop"), Wish("preset", ("crates",)), world.ui)
    assert any("the image has no tool that names a host for it" in text for text in world.ui.said)


def test_an_image_that_does_not_say_keeps_it_closed(
    world: World, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firewall_registries, "capture", lambda argv, *, timeout: Result(1, REPORT, "no"))
    firewall.give(world.project("shop"), Wish("preset", ("registries",)), world.ui)
    assert world.run("shop") == 0
    assert "deb.pack.age" not in allowed(world)
    assert any("registries may open less than it should" in text for text in world.ui.said)


def probed(monkeypatch: pytest.MonkeyPatch, result: Result) -> list[list[str]]:
    seen: list[list[str]] = []

    def capture(argv: list[str], *, timeout: float) -> Result:
        seen.append(argv[4:])
        return result

    monkeypatch.setattr(firewall_probe, "capture", capture)
    return seen


SAID = """\
ok   rules: in the kernel as set
FAIL direct connection to 2001:db8::1: connected
no   example.com:22: refused: the name does not exist here
"""


def test_the_test_from_inside(world: World, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = probed(monkeypatch, Result(1, SAID, ""))
    world.run("shop")
    assert firewall_probe.test(world.project("shop"), "Example.com:22") == [
        ("ok", "rules", "in the kernel as set"),
        ("failed", "direct connection to 2001:db8::1", "connected"),
        ("refused", "example.com:22", "refused: the name does not exist here"),
    ]
    firewall_probe.test(world.project("shop"), "host:5432")
    firewall_probe.test(world.project("shop"), "")
    assert seen == [["example.com:22"], ["host.contenant.internal:5432"], []]


def test_what_cannot_be_tested(world: World, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError):
        firewall_probe.test(world.project("shop"), "")
    world.run("shop")
    probed(monkeypatch, Result(1, "", "contenant: firewall: not up"))
    with pytest.raises(FirewallError, match="not up"):
        firewall_probe.test(world.project("shop"), "")
    for bad in ("*.example.com", "--help", "a b", "10.0.0.1"):
        with pytest.raises(UsageError):
            firewall_probe.test(world.project("shop"), bad)


def test_live_change_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(argv: Sequence[str], *, timeout: float) -> Result:
        raise ProcessTimeoutError(argv, timeout)

    monkeypatch.setattr(policy_module, "capture", hang)
    with pytest.raises(FirewallError, match="could not be given the new policy"):
        policy_module.apply_live(MemoryEngine(), "shop")


def test_ended_rules_are_those_of_every_project(world: World) -> None:
    world.run("shop")
    past = to_text(host.now() - timedelta(hours=1))
    with Ledger() as ledger:
        project = ledger.store().projects()[0]
        firewall_rule = firewall.RuleRecord("r1", project.id, "allow", "a.example.com", "x", "me", past, past)
        ledger.store().apply([changes.rule_added(firewall_rule)])
    world.run("other")
    with Ledger() as ledger:
        assert ledger.store().rules(project.path) == []
