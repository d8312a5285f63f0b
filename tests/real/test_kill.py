"""contenant killed at any step, run again: one container, a true record."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.conftest import Contenant, mark, names

pytestmark = pytest.mark.real

# Runs contenant, and kills it with SIGKILL right before or right after its n-th write to the database.
KILLER = """
import os, signal, sys
from contenant.__main__ import main
from contenant.store.store import Store

number, when, sys.argv[1:] = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
apply, calls = Store.apply, []

def dying(self, changes):
    calls.append(changes)
    if len(calls) == number and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    apply(self, changes)
    if len(calls) == number and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)

Store.apply = dying
sys.exit(main())
"""


def run_and_kill(contenant: Contenant, project: Path, number: int, when: str, *arguments: str) -> bool:
    """Whether it got as far as that write."""
    argv = [sys.executable, "-c", KILLER, str(number), when, *arguments]
    done = subprocess.run(argv, cwd=project, env=contenant.env, capture_output=True, timeout=120, check=False)
    assert done.returncode in (-9, 0), done.stderr
    return done.returncode == -9


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("arguments", [("--", "true"), ("clean", "--yes")], ids=["run", "clean"])
def test_killed_at_every_step(
    contenant: Contenant, tmp_path: Path, arguments: tuple[str, ...], when: str
) -> None:
    number = 0
    killed = True
    while killed:
        number += 1
        project = tmp_path / f"p{number}"
        project.mkdir()
        if arguments[0] == "clean":
            contenant.ok("--", "true", cwd=project)
        killed = run_and_kill(contenant, project, number, when, *arguments)
        settled(contenant, project)
        contenant.ok("--", "true", cwd=project)
        row = settled(contenant, project)
        assert row == [("stopped", 0)]
    assert number > 2, "the loop must have killed it at several steps"


def settled(contenant: Contenant, project: Path) -> list[tuple[str, int]]:
    """State and live sessions of the project's containers, which are what the engine has."""
    rows = [row for row in contenant.rows(project) if row["project"] == str(project)]
    label = f"label=dev.contenant.project={project}"
    listed = ("ps", "-a", "--filter", label, "--filter", f"label={mark(contenant)}")
    real = contenant.raw(*listed, "--format", "{{.Names}}").split()
    assert sorted(names(rows)) == sorted(real)
    assert len(rows) <= 1
    return [(row["state"], row["sessions_live"]) for row in rows]
