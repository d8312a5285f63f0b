"""Instructions of one process, by valgrind: the same on an idle machine and on a busy one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def instructions(argv: Sequence[str], env: Mapping[str, str], cwd: Path = Path("/")) -> int:
    """How many instructions a command takes itself, the programs that it starts not counted.

    Raises RuntimeError where it fails.
    """
    valgrind = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--trace-children=no")
    done = subprocess.run(
        [*valgrind, *argv],
        env={**env, "PYTHONHASHSEED": "0"},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return int(found[1])


def unit(env: Mapping[str, str]) -> int:
    """P: the instructions of an interpreter that does nothing."""
    return instructions([sys.executable, "-I", "-c", "pass"], env)
