"""What a session costs beyond the engine's own calls: warm, cold, in a new container, and at its end.

Each round takes its turn at every kind, so that all meet the same load; what counts is the median of the
rounds, each in P of the same round. The raw calls are those that contenant makes, on a container made with
the same options.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

from tests.bench.interleave import NOTHING
from tests.real.conftest import Contenant, wait_for

pytestmark = [pytest.mark.bench, pytest.mark.real, pytest.mark.timeout(900)]

ROUNDS = 15
RAW = "raw-of-the-bench"
WORDS = ("sh", "-c", "echo there")
BUDGETS = {"warm": 10.0, "cold": 12.0, "create": 14.0, "end": 6.0}  # P beyond the raw calls
LOGGED = """#!/usr/bin/env python3
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
os.execv({real!r}, [{real!r}, *sys.argv[1:]])
"""


class Times(NamedTuple):
    """Seconds until the first output, and from it to the end."""

    first: float
    rest: float


def timed(argv: Sequence[str], cwd: Path, env: dict[str, str]) -> Times:
    """Of a command that writes something once."""
    begun = time.perf_counter()
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(argv, cwd=cwd, env=env, **pipes) as process:  # type: ignore[call-overload]
        line = process.stdout.readline()
        first = time.perf_counter()
        _, errors = process.communicate()
        done = time.perf_counter()
    assert (line, process.returncode) == (b"there\n", 0), errors
    return Times(first - begun, done - first)


class Bench:
    """One installation with three projects: a running container, a stopped one, and one that is made anew."""

    def __init__(self, contenant: Contenant, place: Path) -> None:
        self.contenant, self.place = contenant, place
        for name in ("running", "stopped", "new", "model"):
            (place / name).mkdir()
        self.running = self.hold("running")
        self.contenant.ok("--", "true", cwd=place / "stopped")
        self.options = self.options_of("model")

    def hold(self, name: str) -> str:
        """Keep a project's container running; its name."""
        where = self.place / name
        self.contenant.start("--", "sleep", "100000", cwd=where)
        found = wait_for(
            lambda: [
                row
                for row in self.contenant.rows(where)
                if row["state"] == "running" and row["project"] == str(where)
            ],
            60,
        )
        return str(found[0]["name"])

    def options_of(self, name: str) -> list[str]:
        """What contenant makes a container with, for one that is nobody's: without name and labels."""
        log, client = self.place / "calls", self.place / "bin" / self.contenant.engine
        client.parent.mkdir()
        real = shutil.which(self.contenant.engine, path=self.contenant.env["PATH"])
        client.write_text(LOGGED.format(log=str(log), real=real))
        client.chmod(0o755)
        path = f"{client.parent}:{self.contenant.env['PATH']}"
        self.contenant.ok("--", "true", cwd=self.place / name, env={"PATH": path})
        calls = [json.loads(line) for line in log.read_text().splitlines()]
        words = next(call for call in calls if "create" in call)
        return _without(words, ("--label", "--name"))

    def raw(self, *words: str) -> float:
        """Seconds that a call of the engine takes."""
        begun = time.perf_counter()
        self.contenant.raw(*words)
        return time.perf_counter() - begun

    def session(self, name: str) -> Times:
        """A session of contenant's in a project."""
        where = self.place / name
        return timed(self.contenant.argv("--", *WORDS), where, self.contenant.env)

    def engine_exec(self, name: str) -> Times:
        """The engine's own exec."""
        argv = [self.contenant.engine, "exec", name, *WORDS]
        return timed(argv, self.place, self.contenant.env)

    def round(self) -> dict[str, float]:
        """P in seconds, and what each kind costs beyond the raw calls, in P."""
        begun = time.perf_counter()
        subprocess.run(NOTHING, check=True)
        p = time.perf_counter() - begun
        raw, warm = self.engine_exec(self.running), self.session("running")
        made = self.raw(*self.options)
        started = self.raw("start", RAW)
        first = self.engine_exec(RAW).first
        self.raw("rm", "-f", RAW)
        cold = self.session("stopped").first
        self.contenant("clean", str(self.place / "new"), "--yes", cwd=self.place)
        new = self.session("new").first
        return {
            "P": p,
            "warm": (warm.first - raw.first) / p,
            "end": (warm.rest - raw.rest) / p,
            "cold": (cold - started - first) / p,
            "create": (new - made - started - first) / p,
        }


def _without(words: Sequence[str], options: Sequence[str]) -> list[str]:
    found, skip = [], False
    for word in words:
        if not skip and word not in options:
            found.append(word)
        skip = not skip and word in options
    at = found.index("create") + 1
    return [*found[:at], "--name", RAW, *found[at:]]


@pytest.fixture
def bench(contenant: Contenant, tmp_path: Path) -> Iterator[Bench]:
    yield Bench(contenant, tmp_path)
    if RAW in contenant.raw("ps", "-a", "--format", "{{.Names}}").split():
        contenant.raw("rm", "-f", RAW)


def test_sessions_keep_their_budgets(contenant: Contenant, bench: Bench) -> None:
    bench.round()
    rounds = [bench.round() for _ in range(ROUNDS)]
    print(f"\n\n{contenant.engine}: {ROUNDS} rounds, P = {median(one['P'] for one in rounds) * 1000:.1f} ms")
    print("| session | P beyond the raw calls | quartiles | budget |\n|---|---|---|---|")
    exceeded = []
    for kind, budget in BUDGETS.items():
        values = sorted(one[kind] for one in rounds)
        low, high = values[len(values) // 4], values[3 * len(values) // 4]
        print(f"| {kind} | {median(values):.1f} | {low:.1f} to {high:.1f} | {budget:.0f} |")
        if median(values) > budget:
            exceeded.append(kind)
    assert not exceeded
