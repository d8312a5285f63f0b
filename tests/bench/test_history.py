"""What a filtered page of the history costs, in instructions, beside thousands of sessions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contenant import host
from contenant.core import changes
from contenant.core.ages import to_text
from contenant.store.store import open_store
from tests.bench.interleave import NOTHING
from tests.store.samples import START, image, made, session

pytestmark = pytest.mark.bench
SESSIONS = 20_000
BUDGET = 8.0  # P
POLICY = '{"allow":[{"name":"a.example.com"}],"deny":[],"host":[],"inbound":[],"mode":"block"}'
FILTERS = (
    "--image 2.1.0",
    "--image 9.9.9",
    "--exit-code 77",
    f"--policy {'f' * 64}",
    "--credential 000000000003",
    "--contacted a.example.com",
    "--denied a.example.com",
    "--allowed a.example.com",
    "--since 2026-02-05 --until 2026-02-06",
)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CONTENANT_HOME with many sessions under one policy, on seven credentials."""
    place = tmp_path_factory.mktemp("history")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTENANT_HOME", str(place))
        with open_store(now=lambda: datetime.now(UTC), host_id=host.installation_id()) as store:
            store.apply([*made(), changes.image_built(image("i1"))])
            store.apply([changes.policy_stored("f" * 64, POLICY, "block", "", "", "me")])
            for first in range(0, SESSIONS, 1000):
                store.apply([change for number in range(first, first + 1000) for change in _session(number)])
    return place


def _session(number: int) -> list[changes.Change]:
    begun = to_text(START + timedelta(minutes=number))
    credential = f"{number % 7:012x}"
    start = session(f"{number:026d}", started=begun, policy="f" * 64, credential=credential)
    return [
        changes.session_starting(start, "p1"),
        changes.session_ended(start.id, "p1", "exited", number % 3),
    ]


def instructions(argv: list[str], home: Path) -> int:
    """Of one run, as valgrind counts them."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("CONTENANT_")}
    env = others | {"CONTENANT_HOME": str(home), "PYTHONHASHSEED": "0"}
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *argv]
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return int(re.findall(r"Collected : (\d+)", done.stderr)[0])


def test_a_filtered_page_keeps_its_budget(state: Path) -> None:
    unit = instructions(list(NOTHING), state)
    instructions(
        [sys.executable, "-m", "contenant", "history", "diff", "last", "last"], state
    )  # compiles, if need be
    print(f"\nP = {unit / 1e6:.1f} million instructions; {SESSIONS} sessions")
    exceeded = []
    for wanted in FILTERS:
        argv = [
            sys.executable,
            "-m",
            "contenant",
            "history",
            "sessions",
            *wanted.split(),
            "--limit",
            "50",
            "--json",
        ]
        cost = instructions(argv, state) / unit
        print(f"history sessions {wanted[:40]:40} {cost:5.2f} P of {BUDGET} P")
        if cost > BUDGET:
            exceeded.append(wanted)
    assert not exceeded
