"""A program on a pseudo-terminal of its own, recorded."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class Client:
    """A program on a terminal of its own, and all that it wrote there."""

    def __init__(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(24, 80)
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.process = subprocess.Popen(
            argv,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            preexec_fn=self.own,
        )

    def own(self) -> None:
        """In the child: a session of its own, whose terminal this is."""
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def resize(self, rows: int, columns: int) -> None:
        """Change the window's size; the program is told by whoever wants it to know."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, text: bytes, seconds: float = 20) -> bytes:
        """All that was written, once this is in it."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            self.read(0.1)
        return self.seen

    def read(self, seconds: float) -> bool:
        """What comes within that time, at least a piece of it; False when nothing did."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.seen += os.read(self.master, 65536)
        return True

    def type(self, data: bytes) -> None:
        """Press keys."""
        os.write(self.master, data)

    def mode(self) -> list[object]:
        """The terminal's attributes, as tcgetattr gives them."""
        return termios.tcgetattr(self.slave)

    def close(self) -> None:
        """End the program and close the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for descriptor in (self.master, self.slave):
            os.close(descriptor)
