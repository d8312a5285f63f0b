"""A tool in a terminal of its own: when a shell in the container is ready, and what the tool weighs.

Ready is when the shell's prompt is there: every shell of the run has `PROMPT` for one, so that what a tool
prints on the way is not taken for it.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.terminal_client import Client

PROMPT = "ready>"  # ends a line: docker's log, which some tools show first, holds whole lines
SHELL = ("env", f"PS1={PROMPT}\n", "sh", "-i")
SECONDS = 60.0
_EVERY = 0.02  # seconds between two presses of Enter, where a tool loses what the shell wrote first


class Shell:
    """A tool's command line that ends in a shell. As a context, its client is gone at the end."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, *, press: bytes | None = None
    ) -> None:
        self.argv, self.press = list(argv), press
        self.begun = time.perf_counter()
        self.client = Client(self.argv, env=env, cwd=cwd)

    def ready(self) -> float:
        """Seconds from the start to the prompt. Raises RuntimeError where none comes.

        With `press`, Enter is pressed again and again once the tool has written that.
        """
        deadline = self.begun + SECONDS
        while PROMPT.encode() not in self.client.seen:
            if time.perf_counter() > deadline or self._ended():
                raise RuntimeError(f"no shell from {' '.join(self.argv)}: {self.said()}")
            if not self.client.read(_EVERY) and self.press is not None and self.press in self.client.seen:
                self.client.type(b"\r")
        return time.perf_counter() - self.begun

    def leave(self) -> None:
        """Type `exit`, and wait until the tool has ended."""
        self.client.type(b"exit\r")
        deadline = time.perf_counter() + SECONDS
        while not self._ended() and time.perf_counter() < deadline:
            self.client.read(0.05)

    def weight(self) -> int:
        """Bytes of memory of the tool and of what it started, by proportional set size; the engine's own
        processes, which belong to no client, are not in it.
        """
        return sum(_pss(pid) for pid in tree(self.client.process.pid))

    def said(self, pattern: str = r"(?s)(.{,1500})\Z") -> str:
        """What a pattern's group finds in the output, by default the end of it; "" where nothing matches."""
        found = re.search(pattern, self.client.seen.decode(errors="replace"))
        return found[1] if found else ""

    def _ended(self) -> bool:
        return self.client.process.poll() is not None and not self.client.read(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                children.setdefault(int(parent), []).append(int(entry.name))
    found = [root]
    for pid in found:  # grows while it is walked
        found += children.get(pid, [])
    return found


def _pss(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def wall(argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> float:
    """Seconds that a command takes without a terminal. Raises RuntimeError where it fails."""
    begun = time.perf_counter()
    done = subprocess.run(
        argv,
        env={**os.environ, **env},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(argv)} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}"
        )
    return seconds
