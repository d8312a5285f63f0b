"""Rules given by command: rows, events, and who gets to see them."""

from __future__ import annotations

import json

from contenant.core import changes
from contenant.store.history import Filter, read
from contenant.store.store import Store
from tests.store.samples import kinds, made, project, rule


def test_a_rule_counts_until_it_is_removed(store: Store) -> None:
    store.apply([*made(), changes.rule_added(rule())])
    assert store.rules("/work/one") == [rule()]
    store.apply([changes.rule_removed(rule(), "taken back")])
    assert store.rules("/work/one") == []
    store.apply([changes.rule_removed(rule(), "ended")])
    assert kinds(store)[-2:] == ["rule.added", "rule.removed"]


def test_rules_are_those_of_one_project_oldest_first(store: Store) -> None:
    store.apply([*made(), changes.project_added(project("p2", "/work/two"))])
    late, early = rule("r1", added="2026-02-02T00:00:00.000Z"), rule("r2", added="2026-02-01T00:00:00.000Z")
    store.apply([changes.rule_added(r) for r in (late, early, rule("r3", "p2"))])
    assert [r.id for r in store.rules("/work/one")] == ["r2", "r1"]
    assert [r.id for r in store.rules("/work/two")] == ["r3"]
    store.apply([changes.project_forgotten("p2", "asked")])
    assert store.rules("/work/two") == []


def test_ended_rules(store: Store) -> None:
    ended = rule("r1", until="2026-01-31T10:00:00.000Z")
    lasting, ending = rule("r2"), rule("r3", until="2026-01-31T10:00:00.001Z")
    store.apply([*made(), *(changes.rule_added(r) for r in (ended, lasting, ending))])
    assert store.ended_rules("2026-01-31T10:00:00.000Z") == [ended]
    store.apply([changes.rule_removed(ended, "ended")])
    assert store.ended_rules("2026-01-31T10:00:00.000Z") == []


def test_history_says_what_and_why(store: Store) -> None:
    store.apply([*made(), changes.rule_added(rule()), changes.rule_removed(rule(), "taken back")])
    rows = list(read(store._database.rows, store.host_id, Filter(None, "", "", ("rule",)), 0))
    assert [row.summary for row in rows] == ["allow a.example.com: taken back", "allow a.example.com: needed"]
    event = list(store.events())[-1]
    assert (event.project_id, json.loads(event.data)["text"]) == ("p1", "a.example.com")


def test_a_policy_says_when_its_first_entry_ends(store: Store) -> None:
    store.apply([changes.policy_stored("f" * 64, "{}", "block", "e" * 64, "why", "me", "2026-02-01")])
    policy = store.policy("f" * 64)
    assert policy is not None
    assert (policy.parent, policy.expires) == ("e" * 64, "2026-02-01")
