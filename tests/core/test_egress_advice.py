"""Suggestions from the record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from contenant.core.egress import Refusal
from contenant.core.egress_advice import HOST_NAME, to_close, to_open
from contenant.core.policy import Line, Policy, PolicyLayer, Rule, resolve
from contenant.core.policy_presets import all_presets, default_layer
from contenant.core.records import RuleRecord
from contenant.suffixes import is_public_suffix

PRESETS = all_presets({"pip": ("index.pack.age",)})


def policy(*layers: PolicyLayer) -> Policy:
    return resolve([default_layer(telemetry=False), *layers], PRESETS, is_public_suffix, 0)


def lines(*texts: str, source: str = "") -> tuple[Line, ...]:
    return tuple(Line(text, source=source) for text in texts)


def refused(name: str, **more: Any) -> Refusal:
    fields = {"port": 443, "attempts": 3, "sessions": 1, "last_seen": "", "verdict": "deny", "by_name": True}
    return Refusal(name, **fields | more)  # type: ignore[arg-type]


def opened(*found: Refusal, in_force: Policy | None = None) -> list[tuple[str, str, str]]:
    suggestions = to_open(found, in_force or policy(), PRESETS, is_public_suffix)
    return [(item.name, item.why, item.command) for item in suggestions]


def test_a_preset_that_would_cover_it_is_suggested() -> None:
    assert opened(refused("raw.githubusercontent.com"), refused("index.pack.age")) == [
        ("index.pack.age", "refused 3 times in 1 session", "contenant firewall preset pypi"),
        ("raw.githubusercontent.com", "refused 3 times in 1 session", "contenant firewall preset github"),
    ]


def test_those_of_most_sessions_come_first() -> None:
    names = [
        item[0]
        for item in opened(
            refused("a.example.com", attempts=99),
            refused("b.example.com", sessions=4),
            refused("c.example.com", attempts=1),
        )
    ]
    assert names == ["b.example.com", "a.example.com", "c.example.com"]


def test_ports_counts_and_audit() -> None:
    found = opened(
        refused("git.example.com", port=22, attempts=1, sessions=2),
        refused("a.example.com", verdict="would-deny"),
    )
    assert found == [
        (
            "git.example.com:22",
            "refused once in 2 sessions",
            "contenant firewall allow git.example.com --port 22 --reason '…'",
        ),
        (
            "a.example.com",
            "would be refused 3 times in 1 session",
            "contenant firewall allow a.example.com --reason '…'",
        ),
    ]


def test_what_is_open_by_now_denied_on_purpose_or_an_address_is_left_alone() -> None:
    in_force = policy(
        PolicyLayer(
            "user", allow=lines("*.open.example.com"), deny=lines("shut.example.com", "*.no.example.com")
        )
    )
    assert not opened(
        refused("x.open.example.com"),
        refused("shut.example.com"),
        refused("y.no.example.com"),
        refused("192.0.2.7", by_name=False),
        in_force=in_force,
    )


def closed(
    in_force: Policy, *rules: RuleRecord, used: Iterable[tuple[str, int]] = (), old: bool = True
) -> list[tuple[str, str]]:
    def names(_rule: Rule) -> Iterable[tuple[str, int]]:
        return used

    found = to_close(in_force, rules, lambda _rule: old, names, 30)
    assert all(item.why == "allowed, and not used for 30 days" for item in found)
    return [(item.name, item.command) for item in found]


def rule(kind: Any, text: str) -> RuleRecord:
    return RuleRecord("r", "p", kind, text, "", "me", "2027-01-01T00:00:00.000Z")


def test_what_was_not_used_can_go() -> None:
    in_force = policy(
        PolicyLayer("user", allow=lines("idle.example.com", "busy.example.com", source="config.toml")),
        PolicyLayer("command", allow=lines("own.example.com", "git.example.com:22", "host:5432")),
    )
    rules = [rule("allow", text) for text in ("own.example.com", "git.example.com:22", "host:5432")]
    assert closed(in_force, *rules, used=[("busy.example.com", 80), ("git.example.com", 443)]) == [
        ("git.example.com:22", "contenant firewall remove git.example.com:22"),
        ("host:5432", "contenant firewall remove host:5432"),
        ("idle.example.com", "take it out of config.toml"),
        ("own.example.com", "contenant firewall remove own.example.com"),
    ]
    assert closed(in_force, *rules, used=[(HOST_NAME, 5432), ("git.example.com", 22)]) == [
        ("busy.example.com", "take it out of config.toml"),
        ("idle.example.com", "take it out of config.toml"),
        ("own.example.com", "contenant firewall remove own.example.com"),
    ]


def test_what_is_new_stays_and_so_does_the_base() -> None:
    in_force = policy(PolicyLayer("command", allow=lines("own.example.com")))
    assert closed(in_force, rule("allow", "own.example.com"), old=False) == []
    assert closed(policy()) == []


def test_a_preset_is_used_when_one_of_its_hosts_is() -> None:
    in_force = policy(PolicyLayer("command", presets=lines("github", "login")))
    rules = [rule("preset", "github"), rule("preset", "login")]
    assert closed(in_force, *rules, used=[("api.github.com", 443)]) == [
        ("login", "contenant firewall remove login")
    ]
