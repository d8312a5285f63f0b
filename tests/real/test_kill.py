"""contenant killed at any step, run again: one container, a true record."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from contenant.core.names import container_name
from tests.real.conftest import Contenant, mark, names, wait_for

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


KILLS, AT_ONCE = {"podman": 100, "docker": 20}, 8  # how many in all, and side by side
SECONDS = {"podman": 120.0, "docker": 40.0}  # after these, what was done has to do


@pytest.mark.timeout(420)
def test_killed_at_random_instants(contenant: Contenant, tmp_path: Path) -> None:
    """`run` and `clean` in several projects at once, each killed at an instant of its own; then one list."""
    wanted, seconds = KILLS[contenant.engine], SECONDS[contenant.engine]
    dice = random.Random(2026)
    projects = [tmp_path / f"p{number}" for number in range(AT_ONCE)]
    for project in projects:
        project.mkdir()
    began, kills, rounds = time.monotonic(), 0, 0
    while kills < wanted and time.monotonic() - began < seconds:
        rounds += 1
        kills += _kill_each(contenant, projects, dice, rounds)
        _wait_for_clients(contenant, projects)
        _check_rows(contenant, tmp_path)
    print(f"{kills} of {wanted} kills in {rounds} rounds and {time.monotonic() - began:.0f} s")
    assert kills >= wanted // 2, "a machine that slow shows too little"
    for project in projects:
        contenant.ok("--", "true", cwd=project)
    assert contenant("db", "check", cwd=tmp_path).returncode == 0
    assert {row["sessions_live"] for row in contenant.rows(tmp_path)} == {0}


def _kill_each(contenant: Contenant, projects: Sequence[Path], dice: random.Random, turn: int) -> int:
    """Start a command in each project, kill each at its instant; how many were killed before their end."""
    started = []
    for number, project in enumerate(projects):
        command = ("--", "true") if (number + turn) % 3 else ("clean", "--yes")
        started.append((dice.uniform(0.05, 4.0), contenant.start(*command, cwd=project)))
    begun, killed = time.monotonic(), 0
    for instant, process in sorted(started, key=lambda each: each[0]):
        time.sleep(max(0.0, begun + instant - time.monotonic()))
        killed += process.poll() is None
        process.kill()
        process.communicate(timeout=30)
    return killed


def _wait_for_clients(contenant: Contenant, projects: Sequence[Path]) -> None:
    """A killed contenant leaves the engine's client at its work; what that does is over when it is."""
    known = [container_name(str(project)).encode() for project in projects]
    client = contenant.engine.encode()

    def over() -> bool:
        for place in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if place.name.isdigit() and (place / "comm").read_bytes().strip() == client:
                    words = (place / "cmdline").read_bytes()
                    if any(name in words for name in known):
                        return False
        return True

    wait_for(over, 60, "the engine's clients to end")


def _check_rows(contenant: Contenant, place: Path) -> None:
    """One list, against what the engine says before and after it."""
    before = _real(contenant)
    rows = {row["name"]: row for row in contenant.rows(place)}
    after = _real(contenant)
    assert set(rows) == set(before) == set(after)
    for name, row in rows.items():
        assert row["state"] in (before[name], after[name]), row
        assert row["sessions_live"] == 0, row


def _real(contenant: Contenant) -> dict[str, str]:
    """The engine's containers of ours: name -> state, in our words."""
    form = "json" if contenant.engine == "podman" else "{{.Names}} {{.State}}"
    listed = contenant.raw("ps", "-a", "--filter", f"label={mark(contenant)}", "--format", form)
    states = {"exited": "stopped", "configured": "created", "stopping": "running", "initialized": "created"}
    pairs = [line.split() for line in listed.splitlines()]
    if form == "json":  # podman's templates have words for people
        pairs = [[row["Names"][0], row["State"]] for row in json.loads(listed)]
    return {name: states.get(state, state) for name, state in pairs}
