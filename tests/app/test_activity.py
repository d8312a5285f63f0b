"""The agent's activity: one small file that the agent could make anything of."""

from __future__ import annotations

import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contenant.app import activity, notify
from contenant.app.activity import UNKNOWN, Activity, most_urgent
from contenant.core.ages import from_text
from contenant.paths import asset

NAME = "contenant-shop-0a1b2c3d"


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The agent's part of a home."""
    monkeypatch.setenv("CONTENANT_HOME", str(tmp_path))
    place = tmp_path / "state" / "homes" / NAME / "agent"
    place.mkdir(parents=True)
    return place


def hook(agent: Path, word: str, **env: str) -> None:
    """What the agent runs."""
    given = {"PATH": os.environ["PATH"], "CLAUDE_CONFIG_DIR": str(agent), "CONTENANT_SESSION": "s1"}
    done = subprocess.run(
        [asset("image") / "activity", word], env=given | env, capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b""), "its output would go to the model"


def test_the_hooks_words_are_read_until_the_session_ends(agent: Path) -> None:
    assert activity.read(NAME, "s1") == UNKNOWN
    for word in ("idle", "working", "waiting"):
        hook(agent, word)
        assert activity.read(NAME, "s1").word == word
    assert activity.read(NAME, "s2") == UNKNOWN
    hook(agent, "ended")
    assert activity.read(NAME, "s1") == UNKNOWN


def test_the_same_word_again_does_not_change_since_when(agent: Path) -> None:
    hook(agent, "working")
    file = agent / activity.FOLDER / "s1"
    os.utime(file, (1_790_000_000, 1_790_000_000))
    hook(agent, "working")
    assert activity.read(NAME, "s1").since == "2026-09-21T14:13:20.000Z"
    hook(agent, "idle")
    assert activity.read(NAME, "s1").since > "2026-09-21T14:13:20.000Z"


def test_a_hook_without_a_session_or_a_place_does_nothing(agent: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    hook(agent, "working", CONTENANT_SESSION="")
    hook(agent, "working", CONTENANT_SESSION="../../x")
    hook(agent, "working", CLAUDE_CONFIG_DIR="")
    hook(agent, "working", CLAUDE_CONFIG_DIR=str(tmp_path / "file" / "below"))
    assert list(agent.iterdir()) == []


def test_whatever_the_agent_puts_there_is_no_more_than_a_word(agent: Path, tmp_path: Path) -> None:
    folder = agent / activity.FOLDER
    folder.mkdir()
    file = folder / "s1"
    for content in (b"", b"\x1b[31mworking", b"x" * 10_000_000, b"\xff\xfe", b"busy\n"):
        file.write_bytes(content)
        assert activity.read(NAME, "s1") == UNKNOWN
    file.write_text("working")
    ahead = (datetime.now(UTC) + timedelta(days=900)).timestamp()
    os.utime(file, (ahead, ahead))
    assert from_text(activity.read(NAME, "s1").since) <= datetime.now(UTC)
    file.unlink()
    (tmp_path / "elsewhere").write_text("working")
    file.symlink_to(tmp_path / "elsewhere")
    assert activity.read(NAME, "s1") == UNKNOWN
    file.unlink()
    os.mkfifo(file)
    assert activity.read(NAME, "s1") == UNKNOWN
    file.unlink()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    assert activity.read(NAME, "elsewhere") == UNKNOWN


def test_of_several_sessions_the_one_that_waits_counts() -> None:
    idle, early, late = Activity("idle", "1"), Activity("working", "2"), Activity("working", "3")
    assert most_urgent([]) == most_urgent([UNKNOWN]) == UNKNOWN
    assert most_urgent([idle, late, UNKNOWN, early]) == early
    assert most_urgent([idle, early, Activity("waiting", "9")]).word == "waiting"


def test_turning_to_waiting_or_idle_is_told_and_nothing_else(
    agent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PAUSE", 0.05)
    told: list[str] = []
    with notify.watching(NAME, "s1", lambda name, text: told.append(f"{name}: {text}")):
        for word in ("idle", "working", "waiting", "working", "idle"):
            hook(agent, word)
            time.sleep(0.4)
    hook(agent, "waiting")
    time.sleep(0.2)
    assert told == [f"{NAME}: the agent waits for you", f"{NAME}: the agent is done"]


def test_the_desktop_is_told_by_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    there: set[str] = set()
    monkeypatch.setattr(notify, "find_program", lambda name: name if name in there else None)
    assert notify.desktop(NAME, "-x") == []
    there.add("osascript")
    assert notify.desktop(NAME, "-x")[-2:] == ["-x", NAME]
    there.add("notify-send")
    assert notify.desktop(NAME, "-x") == ["notify-send", "--app-name=contenant", "--", NAME, "-x"]
