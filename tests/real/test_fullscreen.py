"""A full-screen program in a session, recorded on a pseudo-terminal: intact, and the terminal put back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.real.conftest import APPLE, Contenant, wait_for
from tests.terminal_client import Client

pytestmark = pytest.mark.real
ENGINES = ("podman", *APPLE)

# Frames as such programs write them: the alternate screen, a line feed alone to go one line down (as tmux and
# curses do), then a redraw in place, as Ink does it: up, erase, write again.
FRAME = (
    b"\x1b[?1049h\x1b[2J\x1b[H+------+\n\x1b[8D| one  |\n\x1b[8D| two  |\n\x1b[8D+------+"
    b"\x1b[2A\x1b[2K\x1b[G| won  |\n\n\x1b[2K\x1b[GDone\nstair\nstair"
)
PROGRAM = f"""
import os, sys, termios, tty
before = termios.tcgetattr(0)
tty.setraw(0)
os.write(1, {FRAME!r})
os.write(1, b"<drawn>")
while (key := os.read(0, 1)) != b"q":
    os.write(1, b"<key %d>" % key[0])
os.write(1, b"\\x1b[?1049l")
termios.tcsetattr(0, termios.TCSADRAIN, before)
sys.exit(5)
"""

Start = Callable[..., Client]


@pytest.fixture
def start(contenant: Contenant, project: Path) -> Iterator[Start]:
    """`contenant -- …` on a terminal of its own."""
    made: list[Client] = []

    def begin(*command: str) -> Client:
        made.append(Client(contenant.argv("--", *command), env=contenant.env, cwd=project))
        return made[-1]

    yield begin
    for client in made:
        client.close()


def ended(client: Client) -> int:
    """The exit code, with all that was written to the end."""
    wait_for(lambda: client.read(0) or client.process.poll() is not None, 30, "its end")
    while client.process.poll() is None or client.read(0.1):
        client.read(0.1)
    return client.process.returncode


def test_it_is_drawn_as_it_was_meant(start: Start) -> None:
    client = start("python3", "-c", PROGRAM)
    seen = client.until(b"<drawn>", 60)
    assert FRAME in seen, "byte by byte: each line feed stayed one"
    client.type(b"\x03\x1ax")
    client.until(b"<key 3><key 26><key 120>")
    assert client.mode() != client.before
    client.type(b"q")
    assert ended(client) == 5
    assert client.mode() == client.before


def test_control_c_ends_a_command_and_leaves_the_terminal_as_it_was(start: Start) -> None:
    client = start("sh", "-c", "echo up; exec sleep 60")
    client.until(b"up", 60)
    client.type(b"\x03")
    assert ended(client) == 130
    assert client.mode() == client.before


def test_a_client_that_is_killed_leaves_the_terminal_as_it_was(
    start: Start, contenant: Contenant, project: Path
) -> None:
    client = start("python3", "-c", PROGRAM)
    client.until(b"<drawn>", 60)
    (engine,) = children(client.process.pid)
    os.kill(engine, signal.SIGKILL)
    assert ended(client) == 137
    assert client.mode() == client.before
    assert client.seen.count(b"\x1b[?1049l") == 1, "the alternate screen is left"
    wait_for(lambda: contenant.rows(project)[0]["state"] == "stopped", 30, "nothing of it lives on")


def children(pid: int) -> list[int]:
    """The processes it started."""
    time.sleep(0.2)
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
