"""Type into an interactive shell as a person does, and wait for what it shows: no pause may be too short.

    typist.py SHELL SETUP [TYPED SHOWN]...

SHELL is the command line of one, SETUP is typed first. TYPED is typed, with \\t and \\n as in C; then SHOWN,
a regular expression, must match what the terminal got since. Prints the lines that matched; exit code 1 where
one does not come within a minute.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import sys
import time
from collections.abc import Sequence

PATIENCE = 60.0
# Colours, titles, and what a shell asks its terminal.
ESCAPES = re.compile(
    r"\x1b\[[0-9;:?<=>]*[A-Za-z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[=>]|[\x07\x08\r]|\x1b\([A-Z]"
)


class Terminal:
    """A shell's other end."""

    def __init__(self, argv: Sequence[str]) -> None:
        child, self._end = pty.fork()
        if child == 0:
            os.execvpe(argv[0], list(argv), {**os.environ, "TERM": "xterm"})  # noqa: S606
        self._raw = b""

    def type(self, text: str) -> None:
        """Forget what was shown so far, and write."""
        self._raw = b""
        os.write(self._end, text.encode())

    def wait(self, pattern: str) -> bool:
        """Whether it is shown in time."""
        until = time.monotonic() + PATIENCE
        while not re.search(pattern, self.shown()):
            ready, _, _ = select.select([self._end], [], [], max(0.0, until - time.monotonic()))
            try:
                more = os.read(self._end, 65536) if ready else b""
            except OSError:  # the shell ended
                more = b""
            if not more:
                return False
            self._raw += more
        return True

    def shown(self) -> str:
        """Since the last `type`, without what only moves and colours."""
        return ESCAPES.sub("", self._raw.decode(errors="replace"))


def main(words: Sequence[str]) -> int:
    shell, setup, *rest = words
    terminal = Terminal(shlex.split(shell))
    steps = [("", r"[$%#>] *$"), (f"{setup}; echo rea''dy\n", r"ready\n[^\0]*[$%#>] ?$")]
    steps += [(unescaped(typed), shown) for typed, shown in zip(rest[::2], rest[1::2], strict=True)]
    for number, (typed, shown) in enumerate(steps):
        if typed:
            terminal.type(typed)
        if not terminal.wait(shown):
            print(f"typist: after {typed!r} came no {shown!r}, but:\n{terminal.shown()}", file=sys.stderr)
            return 1
        if number > 1:
            line = next(line for line in terminal.shown().splitlines() if re.search(shown, line))
            print(f"{typed!r:18} {line.strip()}")
    return 0


def unescaped(text: str) -> str:
    return text.replace(r"\t", "\t").replace(r"\n", "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
