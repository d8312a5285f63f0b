"""What records cost when there are very many: 10,000 projects, 100,000 sessions, 1,000,000 events."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from contenant.core import labels
from tests.bench.count import instructions, unit
from tests.bench.scale import Size, fill, key, path_of
from tests.cli.world import PODMAN

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

BIG = Size()
SMALL = Size(projects=25, sessions=250, events=2500)
VERIFY_S, MEMORY_MB, LIST_P, HISTORY_P, RECORD = 20.0, 8.0, 1.0, 8.0, 0.10

VERIFY = """
import sys, time
from contenant.store.snapshot import Snapshot
from contenant.store.verify import verify
from pathlib import Path
with Snapshot.open(Path(sys.argv[1]), sys.argv[2]) as view:
    began = time.monotonic()
    proof = verify(view.events())
status = dict(line.split(':', 1) for line in Path('/proc/self/status').read_text().splitlines())
most = status['VmHWM'].split()[0]  # ru_maxrss would be the parent's
print(proof.length, proof.fault or "-", time.monotonic() - began, most)
"""

RECORD_SESSIONS = """
import sys
from datetime import UTC, datetime
from contenant.core import changes
from contenant.core.records import SessionRecord
from contenant.store.store import open_store
moment = "2026-11-01T09:00:00.000Z"
with open_store(f"sqlite:///{sys.argv[1]}", now=lambda: datetime.now(UTC), host_id=sys.argv[2]) as store:
    for _ in range(int(sys.argv[5])):
        own = store.new_id()
        session = SessionRecord(own, sys.argv[4], "i", "p", ("true",), False, False, 1, "1", "b", moment)
        store.apply([changes.session_starting(session, sys.argv[3])])
        store.apply([changes.session_ended(own, sys.argv[3], "exited", 0)])
"""


class World(NamedTuple):
    """An installation with records and a podman that knows its containers."""

    name: str
    env: Mapping[str, str]
    host: str
    database: Path


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    """The same 25 containers, with very little and very much that is past."""
    made = {
        name: _world(tmp_path_factory.mktemp(name), name, size)
        for name, size in (("small", SMALL), ("big", BIG))
    }
    yield made
    for world in made.values():
        shutil.rmtree(world.env["CONTENANT_HOME"])


def _world(place: Path, name: str, size: Size) -> World:
    home, bin_ = place / "contenant", place / "bin"
    for each in (home / "state", bin_):
        each.mkdir(parents=True)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CONTENANT_")}
    env = {
        **kept,
        "CONTENANT_HOME": str(home),
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "CONTENANT_ENGINE": "podman",
    }
    code = "from contenant.host import installation_id; print(installation_id())"
    asked = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    host = asked.stdout.strip()
    fill(home / "state/contenant.db", host, size)
    step = size.projects // size.there
    reports = [_report(number, host) for number in range(0, size.projects, step)]
    (bin_ / "ps.json").write_text(json.dumps(reports))
    (bin_ / "podman").write_text(PODMAN.format(answer=bin_ / "ps.json"))
    (bin_ / "podman").chmod(0o755)
    return World(name, env, host, home / "state/contenant.db")


def _report(number: int, host: str) -> dict[str, Any]:
    from contenant.core.names import container_name

    path = path_of(number)
    marks = {labels.MANAGED: "1", labels.CONTAINER: key("c", number)}
    marks |= {labels.HOST: labels.encode(host), labels.PROJECT: labels.encode(path)}
    shape = {"Names": [container_name(path)], "State": "exited", "Image": "contenant:2.1.330-0123456789ab"}
    return {"Id": f"{number:064x}", "Created": 1790000000, "Labels": marks, **shape}


@pytest.fixture(scope="module")
def report() -> Iterator[Callable[[str, str, str], None]]:
    """Rows of the table, printed at the end."""
    rows: list[tuple[str, str, str]] = []
    yield lambda what, found, budget: rows.append((what, found, budget))
    print("\n\n| 10,000 projects, 100,000 sessions, 1,000,000 events | measured | budget |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


@pytest.fixture(scope="module")
def p() -> int:
    """The unit; and every module is compiled, as it is after an installation."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(ROOT / "contenant")], check=True)
    return unit(os.environ)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "contenant", *arguments]


def test_the_records_are_what_they_say(worlds: dict[str, World]) -> None:
    """Else nothing below means anything."""
    for world, containers in ((worlds["small"], 25), (worlds["big"], 25)):
        done = subprocess.run(
            command("list", "--json"), env=world.env, capture_output=True, text=True, check=True
        )
        rows = json.loads(done.stdout)
        assert (len(rows), {row["state"] for row in rows}) == (containers, {"stopped"})
        assert {row["sessions_total"] for row in rows} == {10}


def test_list(worlds: dict[str, World], p: int, report: Any) -> None:
    for arguments in (("list",), ("list", "--json")):
        counts = {name: instructions(command(*arguments), world.env) for name, world in worlds.items()}
        more = (counts["big"] - counts["small"]) / p
        found = f"{counts['big'] / 1e6:.0f} M instructions, {more:+.2f} P against few records"
        report(f"`{' '.join(arguments)}`, 25 containers", found, f"+{LIST_P:.0f} P")
        assert more <= LIST_P


PAGES = (
    ("--limit", "50"),
    ("--kind", "session", "--limit", "50"),
    ("PATH", "--limit", "50"),
    ("PATH", "--kind", "container", "--since", "2024-06-01", "--limit", "50"),
    ("--kind", "egress", "--until", "2025-01-01", "--limit", "50"),
)


def test_a_page_of_history(worlds: dict[str, World], p: int, report: Any) -> None:
    """The whole command, the start of the interpreter included."""
    exceeded = []
    for name in PAGES:
        counts = {}
        for world, number in ((worlds["big"], 5000), (worlds["small"], 20)):
            words = [path_of(number) if word == "PATH" else word for word in name]
            counts[world.name] = instructions(command("history", *words, "--json"), world.env)
        own, more = counts["big"] / p, (counts["big"] - counts["small"]) / p
        found = f"{own:.1f} P, {more:+.2f} P against few records"
        report(f"`history {' '.join(name)}`", found, f"{HISTORY_P:.0f} P")
        if own > HISTORY_P:
            exceeded.append((name, own))
    assert not exceeded


def test_verify(worlds: dict[str, World], report: Any) -> None:
    memory, seconds = {}, 0.0
    for name, world in worlds.items():
        argv = [sys.executable, "-c", VERIFY, str(world.database), world.host]
        done = subprocess.run(argv, env=world.env, capture_output=True, text=True, check=True)
        length, fault, wall, rss = done.stdout.split()
        assert (int(length), fault) == (_events(world), "-")
        memory[name], seconds = int(rss) / 1024, float(wall)
    more = memory["big"] - memory["small"]
    report("verify the audit log", f"{seconds:.1f} s", f"{VERIFY_S:.0f} s")
    report(
        "its memory", f"{memory['big']:.0f} MB, {more:+.1f} MB against few records", f"+{MEMORY_MB:.0f} MB"
    )
    assert seconds <= VERIFY_S
    assert more <= MEMORY_MB


def _events(world: World) -> int:
    """How many are in the file: the lists above added what they found of each project's directory."""
    with contextlib.closing(sqlite3.connect(world.database)) as database:
        count: int = database.execute("SELECT count(*) FROM event").fetchone()[0]
    assert count >= (BIG if world.name == "big" else SMALL).events
    return count


def test_recording_a_session(worlds: dict[str, World], report: Any) -> None:
    """The last test: it writes."""
    costs = {}
    for name, world in worlds.items():
        number = 5000 // 400 * 400 if name == "big" else 12
        argv = [sys.executable, "-c", RECORD_SESSIONS, str(world.database), world.host]
        argv += [key("p", number), key("c", number)]
        some, many = (instructions([*argv, count], world.env) for count in ("10", "110"))
        costs[name] = (many - some) / 100
    more = costs["big"] / costs["small"] - 1
    found = f"{costs['big'] / 1e6:.2f} M instructions, {more:+.1%} against few records"
    report("record a session, start and end", found, f"±{RECORD:.0%}")
    assert abs(more) <= RECORD
