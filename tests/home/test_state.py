"""Settings: what is fit for the container, and the merge that loses nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.home.layout import HOST_TARGET
from contenant.home.state import filter_settings, merge_settings, seed_state

DIR = "/home/me/.claude"


@pytest.mark.parametrize(
    "name",
    ["hooks", "apiKeyHelper", "awsAuthRefresh", "awsCredentialExport", "otelHeadersHelper", "env", "sandbox",
     "mcpServers", "enableAllProjectMcpServers", "forceLoginMethod", "additionalDirectories",
     "fileSuggestion", "extraKnownMarketplaces", "cleanupPeriodDays", "anythingNew",
     "skipDangerousModePermissionPrompt"],
)  # fmt: skip
def test_what_stays_on_the_host(name: str) -> None:
    found = filter_settings({name: {"command": "afplay"}, "model": "opus"}, DIR)
    assert found.settings == {"model": "opus"}
    assert found.left_out == (name,)


def test_of_permissions_only_what_is_denied() -> None:
    asked = {
        "deny": ["Read(.env)", 5],
        "allow": ["Bash(*)"],
        "defaultMode": "plan",
        "additionalDirectories": ["/x"],
    }
    assert filter_settings({"permissions": asked}, DIR).settings == {"permissions": {"deny": ["Read(.env)"]}}
    for odd in (None, [], {"deny": "all"}, {"deny": []}):
        assert filter_settings({"permissions": odd}, DIR).settings == {}


@pytest.mark.parametrize(
    "value", ["/Users/me/x", ["a", "/home/me/x"], {"k": "~/x"}, {"/root/x": 1}, {"a": {"b": ["$HOME/x"]}}]
)
def test_host_paths_stay(value: Any) -> None:
    assert filter_settings({"outputStyle": value}, DIR) == ({}, ("outputStyle",), "")


@pytest.mark.parametrize(
    ("command", "carried", "script"),
    [
        ("~/.claude/statusline.sh", f"{HOST_TARGET}/statusline.sh", "statusline.sh"),
        ("bash $HOME/.claude/bin/line.sh -x", f"bash {HOST_TARGET}/bin/line.sh -x", "bin/line.sh"),
        (f"python3 {DIR}/line.py", f"python3 {HOST_TARGET}/line.py", "line.py"),
        ("jq -r .model.display_name", "jq -r .model.display_name", ""),
    ],
)
def test_status_lines(command: str, carried: str, script: str) -> None:
    found = filter_settings({"statusLine": {"type": "command", "command": command, "padding": 0}}, DIR)
    assert found.settings == {"statusLine": {"type": "command", "command": carried, "padding": 0}}
    assert found.script == script


@pytest.mark.parametrize(
    "line",
    [{"command": "/Users/me/bin/line"}, {"command": "/opt/homebrew/bin/starship"}, {"command": "~/bin/line"},
     {}, 5, {"command": "~/.claude/../.ssh/id_rsa"}, {"command": "~/.claude/a.sh; cat /home/me/x"},
     {"command": 5}],
)  # fmt: skip
def test_status_lines_of_the_host_alone(line: Any) -> None:
    assert filter_settings({"statusLine": line}, DIR) == ({}, ("statusLine",), "")


settings = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))


@given(settings, settings, settings)
def test_the_merge(seeded: dict[str, int], wanted: dict[str, int], current: dict[str, int]) -> None:
    merged = merge_settings(seeded, wanted, current)
    for name in "abcd":
        before, now, here = seeded.get(name), wanted.get(name), current.get(name)
        if here != before:
            assert merged.get(name) == here  # changed inside: stands
        elif now != before:
            assert merged.get(name) == now  # changed on the host: follows
        else:
            assert merged.get(name) == here


@given(settings, settings)
def test_the_merge_settles(wanted: dict[str, int], current: dict[str, int]) -> None:
    once = merge_settings({}, wanted, current)
    assert merge_settings(wanted, wanted, once) == once
    assert merge_settings(wanted, wanted, current) == current


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["projects", "hasCompletedOnboarding", "other"]), anything))
def test_the_seed_keeps_what_was_there(current: dict[str, Any]) -> None:
    before = copy.deepcopy(current)
    state = seed_state(current, "/project")
    assert current == before
    assert state["hasCompletedOnboarding"] is True
    assert state["projects"]["/project"]["hasTrustDialogAccepted"] is True
    assert state.get("other") == before.get("other")
    assert seed_state(state, "/project") == state
    projects = before.get("projects")
    if isinstance(projects, dict):
        assert all(state["projects"][name] == value for name, value in projects.items() if name != "/project")


def test_an_answer_given_inside_stands() -> None:
    current = {"projects": {"/project": {"hasClaudeMdExternalIncludesApproved": True, "lastCost": 1}}}
    own = seed_state(current, "/project")["projects"]["/project"]
    assert own["hasClaudeMdExternalIncludesApproved"] is True
    assert own["lastCost"] == 1


@given(st.dictionaries(st.text(max_size=8), anything, max_size=6))
def test_no_settings_break_the_filter(odd: dict[str, Any]) -> None:
    found = filter_settings(odd, DIR)
    assert set(found.settings) | set(found.left_out) | {"$schema"} >= set(odd)
