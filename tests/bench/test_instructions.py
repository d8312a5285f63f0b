"""What commands cost in instructions, which no other work on the machine changes: run with all other tests.

The unit is P, the instructions of an interpreter that does nothing. A command that costs more than its budget
fails, and so does one that costs 3 % more than it did when `STORED` was written: `python -X importtime -m
contenant …` shows what is loaded. After a change that is wanted, or that made one cheaper, write down the new
numbers, which `pytest tests/bench/test_instructions.py -s` prints.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.bench.count import instructions, unit
from tests.cli.world import populate

pytestmark = [pytest.mark.untraced, pytest.mark.timeout(300)]

PODMAN = """#!/bin/sh
for word in "$@"; do
    case $word in
        ps) exec /bin/cat "{answer}" ;;
        exec) exit 0 ;;
    esac
done
exit 125
"""

# A session in a running container up to the moment when the engine's client takes over.
UNTIL_EXEC = """
import os, sys
from contenant import __main__, process
def attach(*_args, **_more):
    sys.stderr.flush()
    os._exit(0)
process.attach = attach
sys.argv[:] = ["contenant", "--", "true"]
raise SystemExit("no session was begun, but " + str(__main__.main()))
"""

BASH = ("_CONTENANT_COMPLETE", "bash")
KEEP = ("CONTENANT_KEEP_RUNNING", "1")
INSTALLED = str(Path(sys.executable).with_name("contenant"))


class Cost(NamedTuple):
    """A command, what it may cost and what it cost, in P."""

    argv: tuple[str, ...]
    budget: float
    stored: float
    env: tuple[tuple[str, str], ...] = ()


STORED_P = 40.8e6  # instructions; the stored costs hold for this interpreter and those that cost the same
SAME, WORSE = 0.02, 0.03
STORED = {
    "--version": Cost((INSTALLED, "--version"), 3.5, 3.10),
    "--help": Cost((INSTALLED, "--help"), 4.0, 3.46),
    "completion, commands": Cost((INSTALLED,), 4.0, 3.21, (BASH, ("COMP_LINE", "contenant sh"))),
    "completion, projects": Cost((INSTALLED,), 4.0, 3.85, (BASH, ("COMP_LINE", "contenant show s"))),
    "completion, drop folder": Cost((INSTALLED,), 4.0, 3.55, (BASH, ("COMP_LINE", "contenant get r"))),
    "history --json": Cost((INSTALLED, "history", "--json"), 6.0, 4.72),
    "list": Cost((INSTALLED, "list"), 6.0, 5.64),
    "list --json": Cost((INSTALLED, "list", "--json"), 6.0, 5.63),
    "-- true, up to the exec": Cost((sys.executable, "-c", UNTIL_EXEC), 10.0, 8.69, (KEEP,)),
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, str], Path]:
    """An environment with a podman that runs one container, and that container's project."""
    bin_, project = tmp_path / "bin", tmp_path / "shop"
    populate(project, bin_)
    (bin_ / "podman").write_text(PODMAN.format(answer=bin_ / "ps.json"))
    env = {
        "PATH": f"{bin_}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "CONTENANT_HOME": os.environ["CONTENANT_HOME"],
    }
    return env, project


def test_commands_keep_their_budgets(world: tuple[dict[str, str], Path]) -> None:
    env, project = world
    # puts the rules in force that the record lacks
    subprocess.run(
        (INSTALLED, "--", "true"), env=env | dict([KEEP]), cwd=project, check=True, stderr=subprocess.DEVNULL
    )
    with ThreadPoolExecutor(2) as pool:
        p = pool.submit(unit, env)
        costs = {
            name: pool.submit(instructions, cost.argv, env | dict(cost.env), project)
            for name, cost in STORED.items()
        }
        found = {name: cost.result() / p.result() for name, cost in costs.items()}
    same = abs(p.result() / STORED_P - 1) <= SAME
    print(f"\n\nP = {p.result() / 1e6:.1f} million instructions{'' if same else ', not as stored'}")
    print("| command | P | before | budget |\n|---|---|---|---|")
    for name, cost in STORED.items():
        print(f"| `{name}` | {found[name]:.2f} | {cost.stored:.2f} | {cost.budget:.1f} |")
    exceeded = [name for name, cost in STORED.items() if found[name] > cost.budget]
    dearer = [name for name, cost in STORED.items() if same and found[name] > cost.stored * (1 + WORSE)]
    assert (exceeded, dearer) == ([], [])
