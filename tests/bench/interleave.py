"""Wall times of several commands, measured round-robin in one run, so that only their ratios are compared.

A single machine's load changes from minute to minute; commands that take turns all see the same load, and the
minimum of many rounds is what the command costs when nothing disturbs it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

NOTHING = (sys.executable, "-I", "-c", "pass")  # P: the unit of all budgets


class Timing(NamedTuple):
    """Wall times of one command, in seconds."""

    name: str
    least: float
    median: float


def interleave(
    commands: Mapping[str, Sequence[str]],
    rounds: int,
    env: Mapping[str, str] | None = None,
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Timing]:
    """Run every command once per round, after one warm-up round; a command that fails raises RuntimeError.

    `more`: variables of single commands.
    """
    walls: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, argv in commands.items():
            wall = _run(argv, {**(env or os.environ), **(more or {}).get(name, {})})
            if number:
                walls[name].append(wall)
    return {name: Timing(name, min(times), sorted(times)[len(times) // 2]) for name, times in walls.items()}


def _run(argv: Sequence[str], env: Mapping[str, str]) -> float:
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1, 2)]
    begun = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, env, file_actions=actions)
    _, status, _ = os.wait4(pid, 0)
    wall = time.perf_counter() - begun
    os.close(null)
    if status:
        raise RuntimeError(f"{' '.join(argv)} ended with {os.waitstatus_to_exitcode(status)}")
    return wall
