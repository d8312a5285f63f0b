"""`make bench-growth`: what `list`, `history` and a session cost when containers and records are many.

Twice, on podman with a store of its own: with 1, 100 and 1,000 containers that contenant knows, and beside
one container with ever more records of what is past, up to 10,000 projects and 1,000,000 events. At each
size the commands take turns with the engine's own calls. The table goes between the markers of the page,
the picture to docs/pictures/growth.svg, the walls to build/.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.growth_plot import Line, Panel, draw
from tests.bench.peers import BUILD, CONTENANT, PAGE, ROOT, machine
from tests.bench.peers_fleet import Fleet, Installation
from tests.bench.peers_places import Place, call, contenant_image, peer_image, podman_store
from tests.bench.peers_stats import summarise
from tests.bench.peers_table import Column, Row, replaced, table, verdict
from tests.bench.peers_terminal import wall
from tests.bench.scale import Size, fill
from tests.terminal_client import Client

CONTAINERS = tuple(int(size) for size in os.environ.get("BENCH_SIZES", "1,100,1000").split(","))
EVENTS = tuple(10**power for power in range(3, int(os.environ.get("BENCH_POWERS", "6")) + 1))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "10"))
PICTURE = ROOT / "docs/pictures/growth.svg"
NAMES = ("list", "engine's ps", "session", "engine's exec", "history")
Walls = dict[str, list[float]]


class Bench:
    """One installation whose first container runs a session meanwhile, so that another one in it is warm."""

    def __init__(self, place: Place, home: Path, project: Path) -> None:
        self.place, self.project = place, project
        env = {**place.env, "CONTENANT_HOME": str(home), "CONTENANT_ENGINE": place.engine}
        self.installation = Installation(CONTENANT, env, home)
        self.holder = Client((CONTENANT, "--", "sh", "-c", "echo held; read line"), env=env, cwd=project)
        self.holder.until(b"held", 60)
        rows = json.loads(self.installation.ok("list", "--json"))
        self.container = next(row["name"] for row in rows if row["state"] == "running")

    def rounds(self, count: int) -> Walls:
        """Walls of each command in seconds, by turns, after a round that does not count."""
        engine = self.place.engine
        commands: Mapping[str, Sequence[str]] = {
            "list": (CONTENANT, "list"),
            "engine's ps": (engine, "ps", "--all", "--no-trunc", "--format", "json"),
            "session": (CONTENANT, "--", "true"),
            "engine's exec": (engine, "exec", self.container, "true"),
            "history": (CONTENANT, "history", "--limit", "50"),
        }
        walls: Walls = {name: [] for name in commands}
        for number in range(count + 1):
            for name, argv in commands.items():
                seconds = wall(argv, self.installation.env, self.project)
                if number:
                    walls[name].append(seconds)
        return walls

    def close(self) -> None:
        """End the session, and remove what contenant made."""
        self.holder.type(b"\r")
        self.holder.process.wait(60)
        self.holder.close()
        self.installation.ok("clean", str(self.project), "--yes", "--force")


def against_containers(place: Place, scratch: Path) -> dict[int, Walls]:
    """More and more containers; the one that is there first is the session's."""
    project = scratch / "warm"
    project.mkdir(parents=True)
    bench = Bench(place, scratch / "home", project)
    fleet = Fleet(place, bench.installation, scratch / "fleet", beside=1)
    found = {}
    for size in CONTAINERS:
        fleet.grow(size - 1)
        found[size] = bench.rounds(ROUNDS)
        print(f"{size} containers", flush=True)
    bench.close()
    return found


def against_records(place: Place, scratch: Path) -> dict[int, Walls]:
    """More and more of what is past, each time in an installation of its own."""
    found = {}
    for events in EVENTS:
        home, project = scratch / f"home-{events}", scratch / f"warm-{events}"
        project.mkdir(parents=True)
        env = {**place.env, "CONTENANT_HOME": str(home), "CONTENANT_ENGINE": place.engine}
        (home / "state").mkdir(parents=True, mode=0o700)
        host = call(
            sys.executable,
            "-c",
            "from contenant.host import installation_id; print(installation_id())",
            env=env,
        )
        fill(home / "state/contenant.db", host, Size(events // 100, events // 10, events, 0))
        bench = Bench(place, home, project)
        found[events] = bench.rounds(ROUNDS)
        bench.close()
        print(f"{events} events", flush=True)
    return found


def rows(found: Mapping[int, Walls], what: str) -> list[Row]:
    """A row of the table for each size."""
    return [
        Row(f"{size:,} {what}{'s' if size > 1 else ''}", {name: summarise(walls[name]) for name in NAMES})
        for size, walls in found.items()
    ]


def panel(title: str, across: str, found: Mapping[int, Walls]) -> Panel:
    """A panel of the picture."""
    return Panel(
        title,
        across,
        [Line(name, list(found), [summarise(walls[name]).p50 for walls in found.values()]) for name in NAMES],
    )


def page(parts: Sequence[Sequence[Row]], facts: Mapping[str, object]) -> str:
    """What stands between the markers."""
    columns = [Column(name, name) for name in NAMES]
    every = [row for part in parts for row in part]
    intro = (
        f"{facts['day']}, {facts['machine']}, podman {facts['podman']}; {facts['load']}. {ROUNDS} rounds "
        f"after one that does not count; seconds, p50 / p90. {verdict(every)}"
    )
    picture = "![Seconds against containers and against recorded events](pictures/growth.svg)"
    return "\n\n".join([intro, picture, table(every, columns)])


def main() -> None:
    for name in [name for name in os.environ if name.startswith("CONTENANT_") and "TEST" not in name]:
        del os.environ[name]
    begun, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-growth-") as scratch_name, podman_store() as place:
        scratch = Path(scratch_name)
        image = contenant_image(Place("podman", {}, ""), scratch / "builder", CONTENANT)
        peer_image(place, image, scratch)
        containers = against_containers(place, scratch / "containers")
        records = against_records(place, scratch / "records")
    facts = {
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(),
        "podman": place.version,
        "load": f"load at the start {load:.1f}, at the end {os.getloadavg()[0]:.1f}",
        "seconds": round(time.monotonic() - begun),
    }
    BUILD.mkdir(exist_ok=True)
    raw = {**facts, "containers": containers, "events": records}
    (BUILD / "bench-growth.json").write_text(json.dumps(raw, indent=1) + "\n")
    text = page([rows(containers, "container"), rows(records, "event")], facts)
    print(text, f"\n{facts['seconds']} s", flush=True)
    PICTURE.parent.mkdir(exist_ok=True)
    panels = [
        panel("containers there", "containers", containers),
        panel("records of what is past", "events; a hundredth as many projects", records),
    ]
    draw(panels, PICTURE)
    PAGE.write_text(replaced(PAGE.read_text(), "bench-growth", text))


if __name__ == "__main__":
    main()
