"""`contenant list` asks its engine before anything else, once, and leaves nothing running."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contenant.app import ahead
from tests.cli.world import populate

PODMAN = """#!/bin/sh
echo $$ "$@" >> {log}
exec /bin/cat {answer}
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where podman, which knows one container, writes its process id and what it is called with."""
    bin_ = tmp_path / "bin"
    populate(tmp_path / "shop", bin_)
    log = tmp_path / "calls"
    (bin_ / "podman").write_text(PODMAN.format(log=log, answer=bin_ / "ps.json"))
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    return log


def calls(log: Path, wait: bool = False) -> list[list[str]]:
    deadline = time.monotonic() + 20
    while wait and not (log.exists() and log.read_text().endswith("\n")) and time.monotonic() < deadline:
        time.sleep(0.02)
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "contenant", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--engine", "podman"), ("--engine=podman",)])
def test_a_list_is_one_call(log: Path, arguments: tuple[str, ...]) -> None:
    done = command("list", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "shop" in done.stdout
    assert [call[1] for call in calls(log)] == ["ps"]


def test_the_engine_is_asked_before_the_command_line_is_loaded(log: Path) -> None:
    script = (
        "import sys; sys.argv[1:] = ['list']; from contenant.app.ahead import asking, take\n"
        "with asking([]):\n"
        "    assert 'click' not in sys.modules and not [m for m in sys.modules if 'sqlite3' in m]\n"
        "    reports = take('podman').result()\n"
        "    assert take('podman') is None\n"
        "print(len(reports))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert len(calls(log)) == 1


@pytest.mark.parametrize("word", ["-h", "--help", "--engine", "--engine=docker"])
def test_nothing_is_asked_that_would_not_be_read(log: Path, word: str) -> None:
    with ahead.asking([word]):
        assert ahead.take("podman") is None
    assert not calls(log)


def test_a_list_nobody_took_is_given_up(log: Path, tmp_path: Path) -> None:
    (tmp_path / "bin/podman").write_text(f"#!/bin/sh\necho $$ >> {log}\nexec sleep 600\n")
    with ahead.asking(["--sort", "wombat"]):
        pid = int(calls(log, wait=True)[0][0])
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert ahead.take("podman") is None


def test_what_stands_in_the_way_is_left_to_the_command(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTENANT_ENGINE", "wombat")
    with ahead.asking([]):
        assert ahead.take("podman") is None
    done = command("list")
    assert done.returncode == 2
    assert "wombat" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_stream_takes_no_pipe(log: Path) -> None:
    shell = f'"{sys.executable}" -m contenant list <&- 2>&-'
    done = subprocess.run(["/bin/sh", "-c", shell], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0
    assert "shop" in done.stdout
    assert len(calls(log)) == 1
