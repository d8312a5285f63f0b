"""A container that somebody renamed: what is mounted in it stays where it is, under both names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contenant import host
from contenant.app import firewall, policy
from contenant.app.ledger import Ledger
from contenant.app.project import container_dir, identify
from contenant.core import changes
from contenant.core.policy_rules import Wish
from tests.app.world import World
from tests.core.samples import session as session_of


def renamed(world: World, new: str = "other") -> str:
    """A running container under another name; its own one."""
    world.run("a")
    name = identify(world.project("a"))[1]
    world.engine.rename(name, new)
    return name


def at_hand(name: str) -> Any:
    return json.loads((container_dir(name) / "policy" / "policy.json").read_text())


def test_a_rule_reaches_what_is_mounted_and_the_container_by_its_new_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = renamed(world)
    told: list[str] = []
    monkeypatch.setattr(policy, "apply_live", lambda engine, name: told.append(name))
    before = at_hand(name)
    wish = Wish("allow", ("a.example.com",), "because", "")
    (change,) = firewall.give(world.project("a"), wish, world.ui)
    assert (change.in_force, told) == ("now", ["other"])
    assert at_hand(name) == at_hand("other") != before
    assert "a.example.com" in json.dumps(at_hand(name))


def test_the_end_of_a_session_is_found_where_the_container_writes_it(world: World) -> None:
    name = renamed(world)
    (mine,) = world.every_container()
    fields = {"id": "s1", "container_id": mine.id, "argv": ("claude",), "kind": "agent"}
    record = session_of(**fields, detachable=True, pid=0, boot_id=host.boot_id())
    with Ledger() as ledger:
        ledger.store().apply([changes.session_starting(record, mine.project_id)])
    (container_dir(name) / "sessions" / "s1.pid").write_text("17 4211 attach began\n")
    assert [(row.name, row.sessions_live) for row in world.list().rows] == [("other", 1)]
    (container_dir(name) / "sessions" / "s1.exit").write_text("3\n")
    assert [row.sessions_live for row in world.list().rows] == [0]
    ended = [json.loads(e.data) for e in world.events() if e.kind == "session.ended" and e.subject == "s1"]
    assert [data["exit_code"] for data in ended] == [3]


def test_names_over_names_lead_to_one_place_and_go_with_the_container(world: World) -> None:
    name = renamed(world)
    world.list()
    world.engine.rename("other", "third")
    world.list()
    assert container_dir("third").resolve() == container_dir(name).resolve()
    world.engine.rename("third", name)
    world.list()
    assert not container_dir(name).is_symlink()
    world.engine.rename(name, "third")
    world.list()
    assert [outcome.result for outcome in world.clean(force=True)] == ["removed"]
    assert not container_dir("third").is_symlink()
    assert list((container_dir(name) / "policy").iterdir()) == []


def test_a_place_that_is_another_containers_is_left_alone(world: World) -> None:
    world.run("b", keep=False)
    other = identify(world.project("b"))[1]
    world.engine.vanish(other)
    world.list()
    (container_dir(other) / "policy" / "kept").write_text("x")
    renamed(world, other)
    world.list()
    assert not container_dir(other).is_symlink()
    assert (container_dir(other) / "policy" / "kept").exists()


def test_one_that_was_renamed_and_then_lost_from_the_records(world: World) -> None:
    name = renamed(world)
    for place in (world.home / "state" / "state").glob("contenant.db*"):
        place.unlink()
    assert [row.name for row in world.list().rows] == ["other"]
    assert container_dir("other").resolve() == container_dir(name).resolve()
