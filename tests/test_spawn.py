"""Programs that are asked one thing: what they said, how they ended, and that nothing is left of them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from contenant.spawn import ProcessTimeoutError, Result, Spawned


def sh(script: str) -> Spawned:
    return Spawned(["/bin/sh", "-c", script])


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture(autouse=True)
def nothing_left() -> object:
    """No descriptor stays open."""
    before = len(os.listdir("/dev/fd"))
    yield
    assert len(os.listdir("/dev/fd")) == before


def test_output_and_code() -> None:
    assert sh("echo out; echo err >&2; exit 3").result(20) == Result(3, "out\n", "err\n")
    assert sh("kill -9 $$").result(20).code == 137
    assert sh(r"printf '\377'").result(20).stdout == "�"


def test_much_output_on_both_streams() -> None:
    result = sh("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2").result(20)
    assert (len(result.stdout), len(result.stderr)) == (300000, 300000)


def test_no_input_no_terminal_a_built_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    script = "cat; echo ${LC_ALL-none} $LANG; cut -d ' ' -f 6 /proc/$$/stat; echo $$"
    text, session, own = sh(script).result(20).stdout.splitlines()
    assert (text, session) == ("none C.UTF-8", own)


def test_signals_that_python_ignores_are_as_usual() -> None:
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN
    ignored = int(sh("grep SigIgn /proc/self/status").result(20).stdout.split()[1], 16)
    assert not ignored & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)


def test_one_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    asked = sh(f"sleep 600 & echo $! > {tmp_path}/pid; echo $$ > {tmp_path}/own; wait")
    while not (tmp_path / "own").exists():
        time.sleep(0.01)
    with pytest.raises(ProcessTimeoutError, match=r"/bin/sh did not end within 0\.3 s"):
        asked.result(0.3)
    assert gone(int((tmp_path / "own").read_text()))
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while not gone(child) and time.monotonic() < deadline and _state(child) != "Z":
        time.sleep(0.01)
    assert gone(child) or _state(child) == "Z"


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_one_that_will_not_hear_is_killed() -> None:
    asked = sh("trap '' TERM; echo ready; while :; do sleep 0.1; done")
    began = time.monotonic()
    with pytest.raises(ProcessTimeoutError):
        asked.result(0.5)
    assert time.monotonic() - began < 10


def test_cancelling_is_quick_and_may_be_repeated() -> None:
    asked = sh("exec sleep 600")
    began = time.monotonic()
    asked.cancel()
    asked.cancel()
    assert time.monotonic() - began < 2


def test_what_cannot_be_started_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Spawned([str(tmp_path / "none")])
    (tmp_path / "plain").write_text("")
    with pytest.raises(PermissionError):
        Spawned([str(tmp_path / "plain")])
