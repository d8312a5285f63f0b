"""Rules given by command: what a wish does to those that count, and the layer they make."""

from __future__ import annotations

from typing import Any

import pytest

from contenant.core.policy import resolve
from contenant.core.policy_presets import AGENT, all_presets, default_layer
from contenant.core.policy_rules import Wish, amend, layer, seconds, with_port, withdraw
from contenant.core.records import RuleRecord
from contenant.errors import NotFoundError, UsageError
from contenant.suffixes import is_public_suffix

AT = "2027-01-15T08:00:00.000Z"
LATER = "2027-01-15T10:00:00.000Z"
NOW = seconds(AT)


def rule(kind: Any, text: str, key: str = "r1", **more: Any) -> RuleRecord:
    return RuleRecord(key, "p1", kind, text, more.pop("reason", "needed"), "me", AT, **more)


def resolved(*rules: RuleRecord, now: int = NOW) -> tuple[str, set[str], set[str]]:
    policy = resolve([default_layer(telemetry=False), layer(rules)], all_presets({}), is_public_suffix, now)
    return policy.mode, {str(r.pattern) for r in policy.allow}, {str(r.pattern) for r in policy.deny}


def test_the_layer_holds_every_kind() -> None:
    rules = [
        rule("allow", "a.example.com"),
        rule("deny", "b.example.com"),
        rule("preset", "login"),
        rule("mode", "audit"),
    ]
    mode, allowed, denied = resolved(*rules)
    assert mode == "audit"
    assert {AGENT, "a.example.com", "claude.ai"} <= allowed
    assert denied == {"b.example.com"}


def test_the_layer_says_who_why_and_until_when() -> None:
    line = layer([rule("allow", "a.example.com", until=LATER)]).allow[0]
    assert line == ("a.example.com", "needed", seconds(LATER), "me on 2027-01-15")


def test_a_rule_ends_with_the_second_it_names() -> None:
    mine = rule("allow", "a.example.com", until=LATER)
    assert "a.example.com" in resolved(mine, now=seconds(LATER) - 1)[1]
    assert "a.example.com" not in resolved(mine, now=seconds(LATER))[1]
    assert seconds("") == 0


def test_a_new_entry_begins_and_nothing_ends() -> None:
    done = amend([], Wish("allow", ("A.Example.com.", "b.example.com:22"), "why"), is_public_suffix)
    assert [wish.texts for wish in done.begins] == [("a.example.com",), ("b.example.com:22",)]
    assert {(wish.kind, wish.reason) for wish in done.begins} == {("allow", "why")}
    assert done.ends == ()


def test_the_last_word_about_an_entry_counts() -> None:
    old = rule("allow", "a.example.com")
    done = amend([old], Wish("deny", ("a.example.com",)), is_public_suffix)
    assert done.ends == (old,)
    assert [wish.kind for wish in done.begins] == ["deny"]
    closed = rule("deny", "a.example.com")
    done = amend([closed], Wish("allow", ("a.example.com",), "now it is"), is_public_suffix)
    assert done.ends == (closed,)


def test_the_same_again_changes_nothing_and_another_end_does() -> None:
    old = rule("allow", "a.example.com")
    assert amend([old], Wish("allow", ("a.example.com",), "needed"), is_public_suffix) == ((), ())
    done = amend([old], Wish("allow", ("a.example.com",), "needed", LATER), is_public_suffix)
    assert done.ends == (old,)
    assert done.begins[0].until == LATER


def test_one_mode_at_a_time() -> None:
    old = rule("mode", "off")
    done = amend([old, rule("allow", "a.example.com", "r2")], Wish("mode", ("block",)), is_public_suffix)
    assert done.ends == (old,)
    assert done.begins[0].texts == ("block",)


def test_entries_and_ports_stay_apart() -> None:
    old = rule("allow", "a.example.com:22")
    assert amend([old], Wish("allow", ("a.example.com",), "needed"), is_public_suffix).ends == ()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("allow", text) for text in ("*", "*.com", "a;b.example.com", "10.0.0.1", "one", "", "host")),
        *(("deny", text) for text in ("*.co.uk", "a.example.com:22", "host:22")),
    ],
)
def test_one_bad_entry_refuses_the_whole_wish(kind: Any, text: str) -> None:
    with pytest.raises(UsageError):
        amend([], Wish(kind, ("good.example.com", text), "why"), is_public_suffix)


def test_taking_back() -> None:
    rules = [
        rule("allow", "a.example.com"),
        rule("deny", "b.example.com", "r2"),
        rule("preset", "login", "r3"),
        rule("mode", "audit", "r4"),
    ]
    done = withdraw(rules, ["A.example.com", "login", "b.example.com"], is_public_suffix)
    assert [r.text for r in done.ends] == ["a.example.com", "login", "b.example.com"]
    assert done.begins == ()


def test_what_no_rule_says_cannot_be_taken_back() -> None:
    rules = [rule("allow", "a.example.com")]
    with pytest.raises(NotFoundError, match=r"no rule given by command says c\.example\.com") as caught:
        withdraw(rules, ["a.example.com", "c.example.com"], is_public_suffix)
    with pytest.raises(NotFoundError, match="no preset github was given by command"):
        withdraw(rules, ["github"], is_public_suffix)
    assert "firewall deny c.example.com" in caught.value.hint


def test_port_option() -> None:
    assert with_port("a.example.com", 22) == "a.example.com:22"
    with pytest.raises(UsageError):
        with_port("a.example.com:22", 23)
