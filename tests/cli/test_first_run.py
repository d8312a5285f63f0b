"""What a person at a terminal is told: before a first run, and while something takes long."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contenant.app.results import RunRequest
from contenant.cli.first_run import introduce
from contenant.errors import PathRefusedError
from contenant.paths import state_dir
from tests.app.world import SilentUi
from tests.cli.conftest import Run
from tests.cli.world import populate

SECONDS = 60.0  # until a program has ended, on a busy machine


class Voice(SilentUi):
    def show(self, text: str) -> None:
        self.said.append(text)


def at_a_terminal(*arguments: str, cwd: Path, env: dict[str, str], piped: bool = False) -> str:
    """All that contenant writes on a terminal; with `piped`, on standard error alone, which is none."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "contenant", *arguments]
    error = subprocess.PIPE if piped else follower
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdin=follower, stdout=follower, stderr=error, start_new_session=True
    )
    os.close(follower)
    text, deadline = b"", time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            if not select.select([leader], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the last one left the terminal
                break
            text += piece
        if process.stderr:
            text = process.stderr.read()
        process.wait(SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(leader)
        if process.stderr:
            process.stderr.close()
    return text.decode().replace("\r\n", "\n")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Without any engine: what would be begun is refused at once."""
    (tmp_path / "empty").mkdir()
    return {**os.environ, "PATH": str(tmp_path / "empty"), "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "shop"
    path.mkdir()
    return path


def test_a_first_run_says_in_five_lines_what_it_does_and_says_it_once(
    shop: Path, env: dict[str, str]
) -> None:
    first = at_a_terminal(cwd=shop, env=env)
    told, _, rest = first.partition("contenant: error:")
    assert rest, first
    lines = told.splitlines()
    assert len(lines) == 5
    assert lines[0] == "contenant is run here for the first time. It is going to"
    assert "make a container for ~/shop," in lines[2]
    assert "open Claude Code there" in lines[4]
    assert "for the first time" not in at_a_terminal(cwd=shop, env=env)


def test_who_reads_no_terminal_or_wants_quiet_is_told_nothing(shop: Path, env: dict[str, str]) -> None:
    assert "for the first time" not in at_a_terminal("-q", cwd=shop, env=env)
    assert "for the first time" not in at_a_terminal("--", "true", cwd=shop, env=env, piped=True)
    assert "run true there" in at_a_terminal("--", "true", cwd=shop, env=env)


def test_a_path_that_is_refused_is_no_first_run() -> None:
    ui = Voice()
    with pytest.raises(PathRefusedError):
        introduce(RunRequest(Path("/")), ui)  # type: ignore[arg-type]
    assert not ui.said
    assert not (state_dir() / "introduced").exists()


def test_who_has_a_database_was_there_before(shop: Path) -> None:
    state_dir().mkdir(parents=True)
    (state_dir() / "contenant.db").touch()
    ui = Voice()
    introduce(RunRequest(shop), ui)  # type: ignore[arg-type]
    assert not ui.said


SLOW = """#!/bin/sh
case "$*" in *ps*) /bin/sleep 4; exec /bin/cat "{answer}" ;; esac
exit 125
"""


def test_an_engine_that_is_slow_is_not_waited_for_in_silence(
    tmp_path: Path, shop: Path, env: dict[str, str]
) -> None:
    populate(tmp_path / "blog", tmp_path / "bin")
    (tmp_path / "bin" / "podman").write_text(SLOW.format(answer=tmp_path / "bin" / "ps.json"))
    env = env | {"PATH": str(tmp_path / "bin")}
    written = at_a_terminal("list", cwd=shop, env=env)
    assert "\r\x1b[Kcontenant list is at work (" in written
    line, _, table = written.rpartition("\r\x1b[K")
    assert line.rpartition("\r\x1b[K")[2].startswith("contenant list is at work (")
    assert table.startswith("NAME")
    assert "is at work" not in at_a_terminal("list", cwd=shop, env=env | {"TERM": "dumb"})
    begun = at_a_terminal("--", "true", cwd=shop, env=env)
    assert "\r\x1b[Kbringing the container up (" in begun
    line, _, rest = begun.rpartition("\r\x1b[K")
    assert rest.startswith("contenant: error:"), "the line goes before anything else is said"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("show blg", "did you mean /"),
        ("stop blo", "did you mean /"),
        ("port list blgo", "did you mean /"),
        ("verify --drift blgo", "did you mean /"),
        ("firewall preset githb", "did you mean github?"),
        ("list --sort nme", "did you mean name?"),
        ("history sesions", "did you mean sessions?"),
        ("port lst", "did you mean list?"),
        ("help fierwall", "did you mean firewall?\n"),
        ("lst", "did you mean list? (a project path goes behind run)"),
        ("--recrate", "did you mean --recreate?"),
    ],
)
def test_what_was_meant(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, hint: str
) -> None:
    populate(tmp_path / "blog", tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path / "home")
    done = run(*words.split())
    assert done.code in (2, 4)
    assert hint in done.err
    if hint.endswith("/"):
        assert f"did you mean {tmp_path}/blog?" in done.err
