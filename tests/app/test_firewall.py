"""Rules given by command: recorded first, then in force; refused as a whole; ended by themselves."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contenant import host
from contenant.app import configuration, firewall, firewall_look, firewall_why, policy
from contenant.app.firewall import RuleChange
from contenant.app.ledger import Ledger
from contenant.core import changes
from contenant.core.ages import to_text
from contenant.core.policy_rules import Wish
from contenant.core.records import RuleRecord
from contenant.errors import (
    EngineUnavailableError,
    FirewallError,
    NotFoundError,
    PathRefusedError,
    UsageError,
)
from tests.app.world import World


@pytest.fixture
def live(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The policies that running containers were told to read, in order."""
    told: list[str] = []

    def apply_live(engine: Any, name: str) -> None:
        document = json.loads((policy.policy_dir(name) / "policy.json").read_text())
        told.append(document["hash"])

    monkeypatch.setattr(policy, "apply_live", apply_live)
    return told


def allow(world: World, *names: str, project: str = "shop", until: str = "") -> list[RuleChange]:
    return firewall.give(world.project(project), Wish("allow", names, "needed", until), world.ui)


def give(world: World, kind: Any, *names: str) -> list[RuleChange]:
    return firewall.give(world.project("shop"), Wish(kind, names), world.ui)


def rules(world: World, project: str = "shop") -> list[RuleRecord]:
    with Ledger() as ledger:
        return ledger.store().rules(str(world.project(project).resolve()))


def kinds(world: World) -> list[str]:
    return [event.kind for event in world.events()]


def document(world: World) -> dict[str, Any]:
    """The policy as the container reads it."""
    report = world.reports()[0]
    found: dict[str, Any] = json.loads((policy.policy_dir(report.name) / "policy.json").read_text())
    return found


def in_force(world: World) -> str:
    with Ledger() as ledger:
        return ledger.store().containers()[0].policy


def names(world: World) -> set[str]:
    return {entry["name"] for entry in document(world)["policy"]["allow"]}


def test_a_rule_before_the_first_run(world: World, live: list[str]) -> None:
    change = allow(world, "Example.com")[0]
    assert (change.kind, change.entry, change.change, change.in_force) == (
        "allow",
        "example.com",
        "added",
        "at the next start",
    )
    assert [(rule.text, rule.reason) for rule in rules(world)] == [("example.com", "needed")]
    world.run("shop")
    with Ledger() as ledger:
        stored = ledger.store().policy(change.policy)
    assert stored is not None
    assert stored.reason == "allow example.com: needed"
    assert "example.com" in names(world)
    assert in_force(world) == change.policy
    assert live == []


def test_a_running_container_gets_it_at_once(world: World, live: list[str]) -> None:
    world.run("shop")
    before = in_force(world)
    change = allow(world, "example.com")[0]
    assert change.in_force == "now"
    assert live == [change.policy] == [in_force(world)]
    assert change.policy != before
    with Ledger() as ledger:
        stored = ledger.store().policy(change.policy)
    assert stored is not None
    assert (stored.parent, stored.reason) == (before, "allow example.com: needed")
    world.run("shop")
    assert live == [change.policy], "the next run has nothing to change"


def test_the_intent_is_on_record_before_the_container_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("shop")
    seen: list[str] = []
    monkeypatch.setattr(policy, "apply_live", lambda engine, name: seen.extend(kinds(world)[-2:]))
    allow(world, "example.com")
    assert seen == ["rule.added", "policy.stored"]
    assert kinds(world)[-1] == "container.policy"


def test_a_project_s_file_widens_only_where_it_is_trusted(world: World, live: list[str]) -> None:
    """A command must neither forget what a trusted file opens nor let an untrusted one open anything."""
    path = world.project("shop")
    configuration.file_of(path).write_text('[firewall]\nallow = ["asked.example.com"]\n')
    world.run("shop")
    allow(world, "first.example.com")
    assert "asked.example.com" not in names(world)
    configuration.trust(configuration.read_request(path))
    allow(world, "second.example.com")
    assert {"asked.example.com", "first.example.com", "second.example.com"} <= names(world)
    assert firewall_why.explain(path, "asked.example.com", 443, world.ui)["rule"]["layer"] == "project"


def test_a_stopped_container_gets_it_at_its_start(world: World, live: list[str]) -> None:
    world.run("shop", keep=False)
    change = allow(world, "example.com")[0]
    assert change.in_force == "at the next start"
    assert live == []
    assert in_force(world) != change.policy
    assert "example.com" in names(world), "also one that somebody else starts"
    world.run("shop")
    assert in_force(world) == change.policy


def test_a_refused_policy_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(world, "old.example.com")
    world.run("shop")
    before, text = in_force(world), document(world)

    def refuse(engine: Any, name: str) -> None:
        raise FirewallError("it did not take the new policy", hint="")

    monkeypatch.setattr(policy, "apply_live", refuse)
    with pytest.raises(FirewallError):
        give(world, "deny", "old.example.com", "new.example.com")
    assert [(rule.kind, rule.text) for rule in rules(world)] == [("allow", "old.example.com")]
    assert (in_force(world), document(world)) == (before, text)
    assert kinds(world)[-3:] == ["rule.removed", "rule.removed", "rule.added"]
    monkeypatch.setattr(policy, "apply_live", lambda engine, name: pytest.fail("nothing to apply"))
    world.run("shop")


@pytest.mark.parametrize("bad", ["*", "10.0.0.1", "x;y.example.com", "*.co.uk"])
def test_a_bad_entry_refuses_the_whole_change(world: World, live: list[str], bad: str) -> None:
    world.run("shop")
    before, count = in_force(world), len(world.events())
    with pytest.raises(UsageError):
        allow(world, "good.example.com", bad)
    assert (in_force(world), len(world.events()), live, rules(world)) == (before, count, [], [])


def test_an_unknown_preset_is_refused(world: World) -> None:
    with pytest.raises(UsageError, match="no such preset"):
        give(world, "preset", "github", "nope")
    assert rules(world) == []


def test_the_last_word_counts(world: World, live: list[str]) -> None:
    world.run("shop")
    allow(world, "example.com")
    told = give(world, "deny", "example.com")
    assert [(change.change, change.kind) for change in told] == [("removed", "allow"), ("added", "deny")]
    assert "example.com" not in names(world)
    assert [entry["name"] for entry in document(world)["policy"]["deny"]] == ["example.com"]
    assert len(live) == 2


def test_the_same_again_changes_nothing(world: World, live: list[str]) -> None:
    world.run("shop")
    allow(world, "example.com")
    count = len(world.events())
    assert allow(world, "example.com") == []
    assert (len(world.events()), len(live)) == (count, 1)


def test_taking_back(world: World, live: list[str]) -> None:
    world.run("shop")
    before = in_force(world)
    allow(world, "example.com")
    told = firewall.take_back(world.project("shop"), ["example.com"], world.ui)
    assert [(change.entry, change.change) for change in told] == [("example.com", "removed")]
    assert in_force(world) == before == live[-1]
    with pytest.raises(NotFoundError):
        firewall.take_back(world.project("shop"), ["example.com"], world.ui)


def test_modes(world: World, live: list[str]) -> None:
    world.run("shop")
    give(world, "mode", "audit")
    give(world, "mode", "off")
    assert document(world)["policy"]["mode"] == "off"
    assert any("the firewall is off" in text for text in world.ui.said)
    assert world.list().rows[0].firewall == "off"
    firewall.take_back_mode(world.project("shop"), world.ui)
    assert document(world)["policy"]["mode"] == "block"
    assert rules(world) == []
    assert firewall.take_back_mode(world.project("shop"), world.ui) == []
    assert len(live) == 3


def test_rules_are_of_one_project(world: World) -> None:
    allow(world, "example.com")
    world.run("other")
    assert "example.com" not in names(world)


def test_a_rule_beats_the_settings_and_a_denial_beats_a_rule(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTENANT_FIREWALL_MODE", "audit")
    monkeypatch.setenv("CONTENANT_FIREWALL_DENY", "shut.example.com")
    give(world, "mode", "block")
    allow(world, "shut.example.com")
    assert any("shut.example.com stays closed" in text for text in world.ui.said)
    world.run("shop")
    assert document(world)["policy"]["mode"] == "block"
    assert "shut.example.com" not in names(world)


def test_a_missing_project_is_refused(world: World) -> None:
    with pytest.raises(PathRefusedError):
        firewall.give(world.home / "nowhere", Wish("allow", ("example.com",), "x"), world.ui)


def test_a_silent_engine_is_said_and_the_rule_stays(world: World, live: list[str]) -> None:
    world.run("shop")
    world.engine.unreachable()
    with pytest.raises(EngineUnavailableError, match="recorded, but"):
        allow(world, "example.com")
    assert [rule.text for rule in rules(world)] == ["example.com"]
    assert live == []
    world.engine.unreachable(False)
    world.run("shop")
    assert live == [in_force(world)]


def test_a_crash_before_the_container_is_told_is_healed_by_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("shop")

    class CrashError(BaseException):
        pass

    def crash(engine: Any, name: str) -> None:
        raise CrashError

    monkeypatch.setattr(policy, "apply_live", crash)
    with pytest.raises(CrashError):
        give(world, "deny", "api.anthropic.com")
    told: list[str] = []
    monkeypatch.setattr(policy, "apply_live", lambda engine, name: told.append(name))
    world.run("shop")
    assert len(told) == 1
    assert "api.anthropic.com" not in names(world)


def soon(seconds: float) -> str:
    return to_text((host.now() + timedelta(seconds=seconds)).replace(microsecond=0))


def test_a_rule_ends_by_itself(world: World, live: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("shop")
    before = in_force(world)
    change = allow(world, "example.com", until=soon(3600))[0]
    with Ledger() as ledger:
        stored = ledger.store().policy(change.policy)
    assert stored is not None
    assert stored.expires == change.until
    entry = next(e for e in document(world)["policy"]["allow"] if e["name"] == "example.com")
    assert entry["until"] > host.now().timestamp(), "the container enforces it"
    later = host.now() + timedelta(hours=2)
    monkeypatch.setattr(host, "now", lambda: later)
    monkeypatch.setattr("contenant.app.run.time.time", later.timestamp)
    world.list()
    assert rules(world) == []
    ended = world.events()[-1]
    assert (ended.kind, json.loads(ended.data)["why"]) == ("rule.removed", "ended")
    world.run("shop")
    assert in_force(world) == before


def test_what_is_shown(world: World) -> None:
    allow(world, "example.com", until=soon(3600))
    shown = firewall_look.show(world.project("shop"), everything=False)
    assert [(e.kind, e.entry, e.layer, e.reason) for e in shown.entries] == [
        ("allow", "example.com", "command", "needed")
    ]
    assert (shown.mode, shown.in_force) == ("block", "")
    world.run("shop")
    give(world, "mode", "audit")
    allow(world, "host:5432")
    shown = firewall_look.show(world.project("shop"), everything=True)
    found = {(e.kind, e.entry, e.layer) for e in shown.entries}
    assert {
        ("mode", "audit", "command"),
        ("allow", "example.com", "command"),
        ("allow", "api.anthropic.com", "default"),
        ("host", "host:5432", "command"),
    } <= found
    assert shown.policy == shown.in_force


def test_differences(world: World) -> None:
    world.run("shop")
    first = in_force(world)
    allow(world, "example.com")
    path = world.project("shop")
    found, old, new = firewall_look.compare(path, first[:8], "current")
    assert (found.opened, found.closed, old, new) == (("allow example.com",), (), first, in_force(world))
    assert firewall_look.compare(path, "current", "wanted")[0] == ((), (), ())
    with pytest.raises(NotFoundError):
        firewall_look.compare(path, "ffffffff", "current")
    with pytest.raises(UsageError):
        firewall_look.compare(path, "f", "current")


def test_ambiguous_hashes(world: World) -> None:
    path = world.project("shop")
    world.run("shop")
    with Ledger() as ledger:
        ledger.store().apply(
            [changes.policy_stored(f"abcd{tail}", "{}", "block", "", "", "") for tail in "12"]
        )
    with pytest.raises(UsageError, match="2 policies begin with abcd"):
        firewall_look.compare(path, "abcd", "current")
    with pytest.raises(NotFoundError, match="no container"):
        firewall_look.compare(Path("/nowhere"), "current", "wanted")


def test_the_agent_can_read_what_holds(world: World) -> None:
    world.run("shop")
    readme = policy.policy_dir(world.reports()[0].name) / "README"
    assert "example.com" not in readme.read_text()
    allow(world, "example.com")
    assert "  example.com\n" in readme.read_text()
    assert readme.stat().st_mode & 0o777 == 0o644
