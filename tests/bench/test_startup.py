"""What the commands cost, against P (`python -I -c pass`) and the engine's own calls, interleaved."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.interleave import NOTHING, Timing, interleave
from tests.real.conftest import Contenant, wait_for

pytestmark = [pytest.mark.bench, pytest.mark.real]
ROUNDS = 20


@pytest.fixture
def warm(contenant: Contenant, project: Path) -> Iterator[str]:
    """A container that another session keeps running; its name."""
    holder = contenant.start("--", "sleep", "1000", cwd=project)
    wait_for(lambda: [row for row in contenant.rows(project) if row["state"] == "running"])
    yield str(contenant.rows(project)[0]["name"])
    holder.kill()


def test_commands_keep_their_budgets(contenant: Contenant, project: Path, warm: str) -> None:
    os.chdir(project)
    installed = str(Path(sys.executable).with_name("contenant"))
    commands = {
        "P": NOTHING,
        "engine exec": (contenant.engine, "exec", warm, "true"),
        "contenant -- true": (installed, "--", "true"),
        "engine ps": (contenant.engine, "ps", "-a", "--format", "{{json .}}"),
        "contenant list": (installed, "list"),
        "contenant list --json": (installed, "list", "--json"),
        "contenant history --json": (installed, "history", "--json"),
        "contenant --version": (installed, "--version"),
        "contenant --help": (installed, "--help"),
        "contenant sh<Tab>": (installed,),
        "contenant show s<Tab>": (installed,),
    }
    completing = {"_CONTENANT_COMPLETE": "bash"}
    more = {
        "contenant sh<Tab>": completing | {"COMP_LINE": "contenant sh"},
        "contenant show s<Tab>": completing | {"COMP_LINE": "contenant show s"},
    }
    measured = interleave(commands, ROUNDS, contenant.env, more)
    unit = measured["P"].least
    print(f"\n{contenant.engine}: {ROUNDS} interleaved rounds; P = {unit * 1000:.1f} ms\n")
    for timing in measured.values():
        walls = f"{timing.least * 1000:8.1f} ms {timing.median * 1000:8.1f} ms"
        print(f"{timing.name:26} {walls} {share(timing, unit):6.1f} P")
    over = {
        "contenant -- true": measured["engine exec"].least,
        "contenant list": measured["engine ps"].least,
        "contenant list --json": measured["engine ps"].least,
    }
    budgets = {
        "contenant -- true": 16.0,  # with its end; test_sessions.py says what its beginning may cost
        "contenant list": 5.0,
        "contenant list --json": 5.0,
        "contenant history --json": 6.0,
        "contenant --version": 3.5,
        "contenant --help": 4.0,
        "contenant sh<Tab>": 4.0,
        "contenant show s<Tab>": 4.0,
    }
    exceeded = []
    for name, budget in budgets.items():
        own = (measured[name].least - over.get(name, 0.0)) / unit
        print(f"{name:26} {own:5.1f} P of {budget} P{' over the engine' if name in over else ''}")
        if own > budget:
            exceeded.append(name)
    assert not exceeded


def share(timing: Timing, unit: float) -> float:
    """A wall time in P."""
    return timing.least / unit
