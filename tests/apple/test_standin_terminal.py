"""`-i -t` on a real pseudo-terminal: the flaw of the output mode, sizes, dropped signals, restoration."""

from __future__ import annotations

import os
import signal
import termios
import time
from collections.abc import Iterator

import pytest

from tests.apple.look import keep_running, refused
from tests.standins.apple.fixture import Standin
from tests.terminal_client import Client

pytestmark = pytest.mark.real
OFLAG, LFLAG = 1, 3


def client_of(standin: Standin, *words: str) -> Client:
    """A client of the stand-in on a terminal of its own."""
    return Client([str(standin.launcher), *words], env=standin.env)


@pytest.fixture
def shell(tiny: Standin) -> Iterator[Client]:
    keep_running(tiny, "term")
    client = client_of(tiny, "exec", "-i", "-t", "term", "sh")
    yield client
    client.close()


def test_the_terminal_is_raw_but_keeps_its_output_processing(shell: Client) -> None:
    shell.type(b"echo up-$((40+2))\n")
    shell.until(b"up-42")
    oflag, lflag = shell.mode()[OFLAG], shell.mode()[LFLAG]
    assert oflag & termios.OPOST and oflag & termios.ONLCR  # type: ignore[operator]
    assert not lflag & (termios.ICANON | termios.ECHO | termios.ISIG)  # type: ignore[operator]
    shell.type(b"exit 3\n")
    assert shell.process.wait(20) == 3
    assert shell.mode() == shell.before


def test_a_bare_newline_of_a_raw_program_is_spoilt(shell: Client) -> None:
    shell.type(b"stty raw; printf 'A\\nB'; stty sane; echo don''e\n")
    assert b"A\r\nB" in shell.until(b"done")


def test_window_sizes_reach_the_guest(shell: Client) -> None:
    shell.type(b"stty size; echo fir''st\n")
    assert b"24 80" in shell.until(b"first")
    shell.resize(31, 97)
    os.kill(shell.process.pid, signal.SIGWINCH)
    time.sleep(1)
    shell.type(b"stty size; echo seco''nd\n")
    assert b"31 97" in shell.until(b"second")


def test_control_c_is_a_byte_and_signals_to_the_client_are_dropped(shell: Client) -> None:
    shell.type(b"trap 'echo trap''ped' INT; echo re''ady; sleep 30\n")
    shell.until(b"ready")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        os.kill(shell.process.pid, number)
    time.sleep(0.5)
    assert shell.process.poll() is None and b"trapped" not in shell.seen
    time.sleep(0.5)
    shell.type(b"\x03")
    shell.until(b"trapped")


def test_the_guest_outlives_a_client_that_is_killed(shell: Client, tiny: Standin) -> None:
    shell.type(b"echo li''ve; sleep 2; touch /tmp/after; sleep 60\n")
    shell.until(b"live")
    shell.process.kill()
    shell.process.wait()
    deadline = time.monotonic() + 20
    while tiny.run("exec", "term", "test", "-e", "/tmp/after").returncode != 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert shell.mode() != shell.before


def test_without_a_terminal_i_and_t_are_refused(tiny: Standin) -> None:
    keep_running(tiny, "term")
    refused(tiny, "exec", "-it", "term", "true", text="ENOTTY")
    refused(tiny, "run", "-it", "--name", "never", "tiny:1", text="ENOTTY")
    assert tiny.run("inspect", "never").returncode == 1


def test_t_alone_is_a_terminal_in_the_guest_only(tiny: Standin) -> None:
    keep_running(tiny, "term")
    assert tiny.ok("exec", "-t", "term", "sh", "-c", "test -t 1 && echo $TERM") == "xterm\r\n"
    assert tiny.ok("exec", "-t", "-e", "TERM=vt100", "term", "sh", "-c", "echo $TERM") == "vt100\r\n"


def test_run_on_a_terminal(tiny: Standin) -> None:
    client = client_of(tiny, "run", "--rm", "-it", "tiny:1", "sh")
    client.type(b"echo ran-$((1+1)); exit 4\n")
    client.until(b"ran-2")
    assert client.process.wait(20) == 4
    assert client.mode() == client.before
    client.close()
