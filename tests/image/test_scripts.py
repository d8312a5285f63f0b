"""The scripts of the image."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from contenant.image.recipe import read_files
from contenant.paths import asset

IMAGE = asset("image")
SHELL = sorted(
    path
    for path, file in read_files(IMAGE).items()
    if file.content.split(b"\n", 1)[0].startswith((b"#!/bin/bash", b"#!/bin/sh", b"# shellcheck shell="))
)
ROOT = ["entrypoint", "session", "session-agent"]


@pytest.mark.parametrize("path", SHELL)
def test_shellcheck_has_nothing_to_say(path: str) -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", path], cwd=IMAGE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_there_are_scripts() -> None:
    assert {"entrypoint", "session", "session-agent", "common.sh", "stages/apt.sh", "stages/system"} <= set(
        SHELL
    )


@pytest.mark.parametrize("path", ROOT)
def test_root_reads_no_function_from_its_environment(path: str) -> None:
    assert (IMAGE / path).read_text().startswith("#!/bin/bash -p\n")


def test_the_agents_settings_pin_what_a_project_could_bend() -> None:
    managed = json.loads((IMAGE / "managed-settings.json").read_text())
    assert managed["env"]["ANTHROPIC_BASE_URL"] == "https://api.anthropic.com"
    assert managed["env"]["DISABLE_AUTOUPDATER"] == managed["env"]["DISABLE_UPDATES"] == "1"
    assert managed["permissions"] == {"defaultMode": "bypassPermissions"}
    assert managed["skipDangerousModePermissionPrompt"] is True


def test_the_agents_hooks_say_what_it_does_and_nothing_else() -> None:
    hooks = json.loads((IMAGE / "managed-settings.json").read_text())["hooks"]
    said = {
        (event, entry.get("matcher", ""), hook["command"].removeprefix("/usr/local/lib/contenant/activity "))
        for event, entries in hooks.items()
        for entry in entries
        for hook in entry["hooks"]
    }
    assert said == {
        ("SessionStart", "", "idle"),
        ("UserPromptSubmit", "", "working"),
        ("PreToolUse", "AskUserQuestion|ExitPlanMode", "waiting"),
        ("PostToolUse", "", "working"),
        ("Notification", "permission_prompt|elicitation_dialog", "waiting"),
        ("Notification", "idle_prompt", "idle"),
        ("Stop", "", "idle"),
        ("SessionEnd", "", "ended"),
    }


def test_the_agents_seed_trusts_the_project_and_nothing_else() -> None:
    seed = json.loads((IMAGE / "claude.json").read_text())
    assert seed["hasCompletedOnboarding"] is True
    assert list(seed["projects"]) == ["/project"]
    assert seed["projects"]["/project"]["hasTrustDialogAccepted"] is True
