"""`contenant top` as a person sees it: once into a pipe; on a terminal refreshed, leaving no trace there."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from contenant.app.top import Frame, Row
from contenant.cli.render import Output
from contenant.cli.top import draw
from contenant.core.records import ContainerRecord
from contenant.errors import EngineUnavailableError
from tests.cli.conftest import Run
from tests.cli.world import populate

STATS = """#!/bin/sh
echo x >>"{calls}"
n=$(wc -l <"{calls}")
printf '[{{"name": "{name}", "cpu_time": "%ss", "mem_usage": "50MB / 8GB", "pids": "7"}}]' "$n"
"""
ROW = Row("contenant-shop-1", "/home/me/shop", "running", 1, 151.6, 50 << 20, 8 << 30, 7, "podman")


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: Path) -> ContainerRecord:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    made = populate(tmp_path / "shop", tmp_path / "bin")
    (tmp_path / "bin" / "podman").write_text(STATS.format(calls=calls, name=made.name))
    return made


def test_into_a_pipe(run: Run, container: ContainerRecord, tmp_path: Path) -> None:
    result = run("top", "--json")
    assert (result.code, result.err) == (0, "")
    (row,) = json.loads(result.out)
    assert (row["name"], row["project"], row["pids"]) == (container.name, str(tmp_path / "shop"), 7)
    assert row["cpu"] > 0
    assert "50M" not in result.out
    plain = run("top").out
    assert plain.splitlines()[0].split() == [
        *("NAME", "PROJECT", "STATE", "SESSIONS", "ACTIVITY", "CPU", "MEMORY", "PIDS", "ENGINE")
    ]
    assert "\x1b" not in plain


def test_an_engine_that_is_gone(
    run: Run, container: ContainerRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin" / "podman").unlink()
    result = run("top")
    assert (result.code, result.out) == (3, "")


def read_until(handle: int, text: bytes, seconds: float = 20) -> bytes:
    data, deadline = b"", time.monotonic() + seconds
    while text not in data:
        assert select.select([handle], [], [], max(0.0, deadline - time.monotonic()))[0], data
        try:
            data += os.read(handle, 65536)
        except OSError:  # the other side is closed
            break
    assert text in data, data
    return data


@pytest.mark.parametrize("how", ["q", "ctrl-c", "term"])
def test_on_a_terminal(container: ContainerRecord, calls: Path, how: str) -> None:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 100, 0, 0))
    before = termios.tcgetattr(slave)
    argv = [sys.executable, "-m", "contenant", "top"]
    process = subprocess.Popen(
        argv,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(slave), os.O_RDWR)),  # its controlling terminal
    )
    try:
        screen = read_until(master, b"q ends")
        assert screen.startswith(b"\x1b[?1049h\x1b[?25l")
        assert container.name.encode() in screen
        deadline = time.monotonic() + 15
        while len(calls.read_text().splitlines()) < 3:
            assert time.monotonic() < deadline, "it looks again"
            time.sleep(0.05)
        if how == "term":
            process.send_signal(signal.SIGTERM)
        else:
            os.write(master, {"q": b"q", "ctrl-c": b"\x03"}[how])
        read_until(master, b"\x1b[?25h\x1b[?1049l")
        assert process.wait(10) == 0
        assert termios.tcgetattr(slave) == before
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def test_a_screen_holds_what_fits() -> None:
    rows = tuple(ROW._replace(name=f"contenant-shop-{n}", project=f"/p/\x1b[2J{n}") for n in range(40))
    output = Output("table", io.StringIO(), width=60)
    lines = draw(Frame(rows, {}), output, 12)
    assert len(lines) == 12
    assert lines[-2:] == ["… 31 more", "q ends"]
    assert all(len(line) <= 60 for line in lines)
    assert "\x1b" not in "".join(lines)
    assert draw(Frame((), {"docker": "no daemon"}), output, 12)[-2:] == [
        "docker: not available: no daemon",
        "q ends",
    ]
    assert draw(EngineUnavailableError("podman hangs", hint="wait"), output, 12) == [
        "not available: podman hangs",
        "wait",
    ]
