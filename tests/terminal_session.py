"""A terminal of its own for a test, with `contenant.process.attach` in its foreground."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# argv: tty, raw output, ignore SIGHUP, file for the exit code, command…
PROGRAM = """
import fcntl, signal, sys, termios, time
from pathlib import Path
from contenant.process import attach
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
tty, raw, deaf = (word == "True" for word in sys.argv[1:4])
if deaf:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
told = lambda number: print("told of", number, flush=True)
code = attach(sys.argv[5:], env={"CONTENANT_A": "b"}, tty=tty, on_signal=told, raw_output=raw)
if sys.argv[4]:
    Path(sys.argv[4]).write_text(str(code))
print("code", code, flush=True)
time.sleep(60)
"""
RAW = "import os, sys, time, tty; tty.setraw(0); "


class Pty:
    """A new session on a new terminal, which runs `attach` on a command."""

    def __init__(
        self, *command: str, tty: bool = True, raw_output: bool = False, deaf: bool = False, note: str = ""
    ) -> None:
        self.output = b""
        self.fd, other = pty.openpty()
        options = [str(tty), str(raw_output), str(deaf), note]
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *options, *command],
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
            cwd=ROOT,
        )
        os.close(other)
        self.pid = self._process.pid

    def write(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def read_until(self, mark: bytes, seconds: float = 15) -> bytes:
        deadline = time.monotonic() + seconds
        while mark not in self.output and time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.output += os.read(self.fd, 65536)
                except OSError:
                    break
        assert mark in self.output, self.output
        return self.output

    def flags(self) -> tuple[int, int, int]:
        """Input, output and local flags of the terminal."""
        attributes = termios.tcgetattr(self.fd)
        return attributes[0], attributes[1], attributes[3]

    def child_pid(self) -> int:
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self.fd)
        self.fd = -1

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self.fd >= 0:
            os.close(self.fd)


def python(code: str) -> tuple[str, str, str]:
    """The command line that runs some Python."""
    return sys.executable, "-c", code


def cooked() -> tuple[int, int, int]:
    """The flags of a fresh terminal."""
    one, other = pty.openpty()
    try:
        attributes = termios.tcgetattr(other)
        return attributes[0], attributes[1], attributes[3]
    finally:
        os.close(one)
        os.close(other)
