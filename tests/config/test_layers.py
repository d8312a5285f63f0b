"""Layers: which one wins, where each value comes from, and that a project by itself never widens anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core.settings import CUSTOMISATIONS, KEYS, Settings
from contenant.core.settings_layers import Source, merge, read_tables, read_words, rows
from contenant.core.settings_values import Place
from contenant.errors import ConfigError, UsageError

HERE = Place("/home/me", "/home/me/code")


def user(**tables: Any) -> Source:
    return read_tables(tables, "user", "/c/config.toml", HERE)


def project(**tables: Any) -> Source:
    return read_tables(tables, "project", "/p/.contenant.toml", HERE)


def test_defaults() -> None:
    settings = merge([], trusted=False)
    assert settings.engine is None
    assert (settings.cpus, settings.memory, settings.read_only, settings.keep_running) == (0, 0, False, False)
    assert settings.firewall.mode == "block"
    assert settings.protect == "auto"
    assert settings.ssh is False
    assert settings.home_sync == CUSTOMISATIONS
    assert {row.layer for row in rows(settings)} == {"default"}


def test_the_later_layer_wins_and_is_named() -> None:
    variable = read_words("env", {"memory": ("CONTENANT_MEMORY", "6g")}, HERE)
    option = read_words("flag", {"cpus": ("--cpus", "3")}, HERE)
    settings = merge([user(memory="4g", cpus=2), project(memory="2g"), variable, option], trusted=False)
    assert (settings.memory, settings.cpus) == (6 << 30, 3)
    assert settings.origins["memory"][0] == ("env", "CONTENANT_MEMORY", "memory")
    assert settings.origins["cpus"][0] == ("flag", "--cpus", "cpus")


def test_lists_grow_and_each_item_has_its_origin() -> None:
    settings = merge(
        [user(firewall={"deny": ["a.test"]}), project(firewall={"deny": ["a.test", "b.test"]})], trusted=False
    )
    assert settings.firewall.deny == ("a.test", "b.test")
    assert [origin.layer for origin in settings.origins["firewall.deny"]] == ["user", "project"]


def test_variables_are_merged_by_name() -> None:
    flag = read_words("flag", {"env": ("--env", ("B=2", "C"))}, HERE)
    settings = merge([user(env={"A": "1", "B": "1"}), flag], trusted=False)
    assert settings.env == {"A": "1", "B": "2", "C": None}
    assert [origin.layer for origin in settings.origins["env"]] == ["user", "flag", "flag"]


@pytest.mark.parametrize(
    ("base", "asked"),
    [
        ({}, {"engine": "docker"}),
        ({}, {"memory": "64g"}),
        ({"memory": "2g"}, {"memory": "3g"}),
        ({}, {"cpus": 32}),
        ({"cpus": 2}, {"cpus": 4}),
        ({"read_only": True}, {"read_only": False}),
        ({}, {"env": {"A": "1"}}),
        ({"env": {"A": "1"}}, {"env": {"A": "2"}}),
        ({}, {"env": {"A": True}}),
        ({}, {"mounts": ["/:/host"]}),
        ({}, {"mounts": ["~:/host:ro"]}),
        ({}, {"publish": ["8080:80"]}),
        ({}, {"keep_running": True}),
        ({}, {"stop_seconds": 60}),
        ({}, {"image": {"ca_certificates": ["ca.pem"]}}),
        ({}, {"image": {"containerfile": "Containerfile"}}),
        ({}, {"claude": {"version": "latest"}}),
        ({"claude": {"version": "2.1.331"}}, {"claude": {"version": "2.1.330"}}),
        ({"claude": {"version": "2.1.330"}}, {"claude": {"version": "2.1.331"}}),
        ({}, {"firewall": {"mode": "off"}}),
        ({"firewall": {"mode": "audit"}}, {"firewall": {"mode": "off"}}),
        ({}, {"firewall": {"allow": ["evil.test"]}}),
        ({}, {"firewall": {"presets": ["github"]}}),
        ({"firewall": {"telemetry": False}}, {"firewall": {"telemetry": True}}),
        ({}, {"protect": "warn"}),
        ({"protect": "warn"}, {"protect": "off"}),
        ({"protect": "strict"}, {"protect": "auto"}),
        ({}, {"ssh": True}),
        ({"home": {"sync": ["skills"]}}, {"home": {"sync": ["skills", "settings.json"]}}),
    ],
)
def test_what_widens_waits_for_trust(base: dict[str, Any], asked: dict[str, Any]) -> None:
    before = merge([user(**base)], trusted=False)
    after = merge([user(**base), project(**asked)], trusted=False)
    (item,) = after.pending
    assert item.origin.layer == "project"
    assert after._replace(pending=()) == before
    granted = merge([user(**base), project(**asked)], trusted=True)
    assert granted.pending == ()
    assert granted._replace(origins={}) != before._replace(origins={})


@pytest.mark.parametrize(
    ("base", "asked"),
    [
        ({"memory": "4g"}, {"memory": "2g"}),
        ({}, {"memory": "1g"}),
        ({"cpus": 4}, {"cpus": 2}),
        ({}, {"cpus": 4}),
        ({}, {"read_only": True}),
        ({"keep_running": True}, {"keep_running": False}),
        ({}, {"stop_seconds": 1}),
        ({"firewall": {"mode": "off"}}, {"firewall": {"mode": "audit"}}),
        ({"firewall": {"mode": "audit"}}, {"firewall": {"mode": "block"}}),
        ({}, {"firewall": {"deny": ["x.test"]}}),
        ({"firewall": {"telemetry": True}}, {"firewall": {"telemetry": False}}),
        ({"protect": "off"}, {"protect": "warn"}),
        ({}, {"protect": "strict"}),
        ({"ssh": True}, {"ssh": False}),
        ({}, {"home": {"sync": ["skills"]}}),
    ],
)
def test_what_tightens_takes_effect_at_once(base: dict[str, Any], asked: dict[str, Any]) -> None:
    before = merge([user(**base)], trusted=False)
    after = merge([user(**base), project(**asked)], trusted=False)
    assert after.pending == ()
    assert after._replace(origins={}) != before._replace(origins={})


def test_asking_for_what_is_allowed_already_is_no_question() -> None:
    same: dict[str, Any] = {
        "mounts": ["/a:/a"], "env": {"A": "1"}, "publish": ["80:80"], "firewall": {"allow": ["x.test"]}
    }  # fmt: skip
    settings = merge([user(**same), project(**same)], trusted=False)
    assert settings.pending == ()


names = st.sampled_from(["a.test", "b.test", "c.test"])
tables = st.fixed_dictionaries(
    {},
    optional={
        "engine": st.sampled_from(["podman", "docker"]),
        "cpus": st.integers(1, 16),
        "memory": st.sampled_from(["512m", "1g", "2g", "8g"]),
        "read_only": st.booleans(),
        "env": st.dictionaries(st.sampled_from("AB"), st.one_of(st.sampled_from("12"), st.just(True))),
        "mounts": st.lists(st.sampled_from(["/a:/a", "/a:/a:ro", "/b:/b"])),
        "publish": st.lists(st.sampled_from(["80:80", "81:80"])),
        "keep_running": st.booleans(),
        "stop_seconds": st.integers(0, 30),
        "image": st.fixed_dictionaries(
            {}, optional={"containerfile": st.just("C"), "ca_certificates": st.lists(st.just("ca.pem"))}
        ),
        "claude": st.fixed_dictionaries({}, optional={"version": st.sampled_from(["latest", "2.1.330"])}),
        "firewall": st.fixed_dictionaries(
            {},
            optional={
                "mode": st.sampled_from(["block", "audit", "off"]),
                "allow": st.lists(names),
                "deny": st.lists(names),
                "presets": st.lists(names),
                "telemetry": st.booleans(),
            },
        ),
        "protect": st.sampled_from(["auto", "strict", "warn", "off"]),
        "ssh": st.booleans(),
        "home": st.fixed_dictionaries({}, optional={"sync": st.lists(st.sampled_from(CUSTOMISATIONS))}),
    },
)


def reach(settings: Settings) -> dict[str, set[object]]:
    """What a container may do under these settings, as sets: more in a set is more reach."""
    firewall = settings.firewall
    openness = {"block": 0, "audit": 1, "off": 2}[firewall.mode]
    weakness = {"strict": 0, "auto": 1, "warn": 2, "off": 3}[settings.protect]
    return {
        "engine": {settings.engine},
        "cpus": set(range(settings.cpus or 1000)),
        "memory": set(range((settings.memory or 1000 << 28) >> 28)),
        "write": set() if settings.read_only else {"project"},
        "env": set(settings.env.items()),
        "mounts": set(settings.mounts),
        "publish": set(settings.publish),
        "keep": {"on"} if settings.keep_running else set(),
        "stop": set(range(settings.stop_seconds)),
        "ca": set(settings.ca_certificates),
        "file": {settings.containerfile},
        "claude": {settings.claude_version},
        "mode": set(range(openness)),
        "hosts": set(firewall.allow) - set(firewall.deny),
        "presets": set(firewall.presets),
        "telemetry": {"on"} if firewall.telemetry else set(),
        "protect": set(range(weakness)),
        "ssh": {"on"} if settings.ssh else set(),
        "home": set(settings.home_sync),
        "database": {settings.database_url},
    }


@given(tables, tables)
def test_an_untrusted_project_never_widens(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    before = reach(merge([user(**mine)], trusted=False))
    after = reach(merge([user(**mine), project(**theirs)], trusted=False))
    assert [name for name in after if not after[name] <= before[name]] == []


@given(tables, tables)
def test_nothing_is_lost_between_effect_and_pending(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    """With trust the project has its way in full; what differs without it is what was pending."""
    granted = merge([user(**mine), project(**theirs)], trusted=True)
    held = merge([user(**mine), project(**theirs)], trusted=False)
    assert granted.pending == ()
    differing = {key for key, _ in {row[:2] for row in rows(granted)} ^ {row[:2] for row in rows(held)}}
    assert {item.key for item in held.pending} >= differing


@given(tables, tables)
def test_every_item_has_an_origin(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    for trusted in (False, True):
        shown = rows(merge([user(**mine), project(**theirs)], trusted=trusted))
        assert {row.key for row in shown} == set(KEYS)


@pytest.mark.parametrize(
    ("tables", "message", "hint"),
    [
        ({"memroy": "4g"}, "/c/config.toml:memroy: no such setting", "memory"),
        ({"firewall": {"alow": []}}, "/c/config.toml:firewall.alow: no such setting", "firewall.allow"),
        ({"firewal": {"mode": "off"}}, "/c/config.toml:firewal: no such setting", "firewall"),
        ({"firewall": "off"}, "/c/config.toml:firewall: not a table", "[firewall]"),
        ({"zzzz": 1}, "/c/config.toml:zzzz: no such setting", "known are"),
        ({"memory": 4}, "/c/config.toml:memory: not an amount", "4g"),
        ({"cpus": "many"}, "/c/config.toml:cpus: not a whole number", ""),
        ({"engine": "rkt"}, "/c/config.toml:engine: not one of container, podman, docker", ""),
        ({"mounts": "/a:/a"}, "/c/config.toml:mounts: not a list", "["),
        ({"mounts": [3]}, "/c/config.toml:mounts: not a text", ""),
        ({"env": ["A=1"]}, "/c/config.toml:env: not a table", "[env]"),
        ({"read_only": 1}, "/c/config.toml:read_only: neither true nor false", ""),
        ({"home": {"sync": ["../x"]}}, "/c/config.toml:home.sync: not a name in", ""),
    ],
)
def test_wrong_files_are_refused_by_name(tables: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        user(**tables)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


def test_a_project_cannot_name_the_database() -> None:
    with pytest.raises(ConfigError, match="a project cannot set this"):
        project(database_url="postgresql://evil/db")


def test_wrong_variables_and_options_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="CONTENANT_CPUS: not a whole number"):
        read_words("env", {"cpus": ("CONTENANT_CPUS", "x")}, HERE)
    with pytest.raises(UsageError, match="--mount: not a mount"):
        read_words("flag", {"mounts": ("--mount", ("x",))}, HERE)


def test_lists_in_variables_stand_between_commas() -> None:
    source = read_words("env", {"firewall.allow": ("CONTENANT_FIREWALL_ALLOW", "a.test, b.test")}, HERE)
    assert merge([source], trusted=False).firewall.allow == ("a.test", "b.test")


def test_what_is_shown_holds_no_secret() -> None:
    settings = merge(
        [user(env={"TOKEN": "s3cret"}, database_url="postgresql://me:s3cret@db/x")], trusted=False
    )
    shown = {row.key: row.value for row in rows(settings)}
    assert shown["env"] == "TOKEN=…"
    assert shown["database_url"] == "postgresql://me:***@db/x"
    held = merge([project(env={"TOKEN": "s3cret"})], trusted=False)
    assert "s3cret" not in repr([item.text for item in held.pending])
