"""`make bench-peers`: contenant beside plain scripts and beside peers from PyPI, on one machine in one run.

In each round every tool of an engine takes its turn: a shell in a new container, a second one in the same
container, what the tool weighs meanwhile, and the removal. Lists are measured the same way, with 1, 100 and
1,000 containers there. The table goes between the markers of docs/performance.md, the walls to build/.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import peers_tools as tools
from tests.bench.peers_fleet import Fleet, Installation
from tests.bench.peers_places import (
    CLAUDE,
    PEER,
    Place,
    contenant_image,
    docker_daemon,
    peer_image,
    podman_store,
    to_docker,
)
from tests.bench.peers_stats import Summary, summarise
from tests.bench.peers_table import Cell, Column, Missing, Row, replaced, table, verdict
from tests.bench.peers_terminal import Shell, wall

ROOT = Path(__file__).resolve().parents[2]
PAGE, BUILD = ROOT / "docs/performance.md", ROOT / "build"
CONTENANT = str(Path(sys.executable).with_name("contenant"))
SIZES = tuple(int(size) for size in os.environ.get("BENCH_SIZES", "1,100,1000").split(","))
# Rounds: as many as the seconds allow, so that a slow machine is done in time, too.
FEWEST, MOST = 4, 20
SECONDS = {"podman": 55.0, "docker": 110.0}  # for sessions; more tools take turns on docker
LIST_SECONDS = (10.0, 15.0, 35.0)  # by size
LISTS = tuple(f"list-{size}" for size in SIZES)
COLUMNS = (
    Column("new", "shell, new container"),
    Column("existing", "shell, existing one"),
    *(Column(key, f"list of {size:,}") for key, size in zip(LISTS, SIZES, strict=True)),
    Column("clean", "clean"),
    Column("memory", "memory, MiB", 1 << 20, 0),
)
Series = dict[
    tuple[str, str, str], list[float]
]  # engine, tool, key of a column -> values in the rounds' order


class Side(NamedTuple):
    """One engine with the tools on it."""

    place: Place
    tools: Sequence[tools.Tool]
    fleet: Fleet


def session(tool: tools.Tool, note: Callable[[str, float], None]) -> None:
    """One turn of a tool: all that is measured of a container's life."""
    first = tool.new()
    if first is None:
        return
    with Shell(first, tool.env, tool.project, press=tool.press) as shell:
        note("new", shell.ready())
        tool.noted(shell)
        note("memory", shell.weight())
        if second := tool.existing():
            with Shell(second, tool.env, tool.project) as other:
                note("existing", other.ready())
                other.leave()
        if not tool.throwaway:
            shell.leave()
        clean = tool.clean()
        assert clean is not None
        note("clean", wall(clean, tool.env, tool.project))


def rounds(seconds: float) -> Iterator[bool]:
    """One round after the other until the time is over; whether it counts, as the first does not."""
    yield False
    deadline = time.monotonic() + seconds
    for number in range(MOST):
        if number >= FEWEST and time.monotonic() > deadline:
            return
        yield True


def measure(side: Side, series: Series) -> None:
    """All rounds of one engine."""
    for counts in rounds(SECONDS[side.place.engine]):
        for tool in side.tools:
            session(tool, _noting(series, tool, counts=counts))
    for size, key, seconds in zip(SIZES, LISTS, LIST_SECONDS, strict=True):
        side.fleet.grow(size)
        for counts in rounds(seconds):
            for tool in side.tools:
                if (argv := tool.listing()) and "list" not in tool.missing:
                    _noting(series, tool, counts=counts)(key, wall(argv, tool.env, tool.project))
        print(f"{side.place.engine}: {size} containers listed", flush=True)


def _noting(series: Series, tool: tools.Tool, *, counts: bool) -> Callable[[str, float], None]:
    def note(key: str, value: float) -> None:
        if counts:
            series.setdefault((tool.place.engine, tool.name, key), []).append(value)

    return note


def rows(side: Sequence[tools.Tool], series: Series) -> list[Row]:
    """The rows of an engine's table."""

    def cell(tool: tools.Tool, key: str) -> Cell:
        values = series.get((tool.place.engine, tool.name, key))
        if values is None:
            return Missing(tool.missing[key.partition("-")[0]])
        return summarise(values)

    return [Row(tool.name, {column.key: cell(tool, column.key) for column in COLUMNS}) for tool in side]


def sides(stack: ExitStack, scratch: Path) -> tuple[list[Side], Mapping[str, str], int]:
    """Both engines, ready; why a package is not there; the image's size."""
    image = contenant_image(Place("podman", {}, ""), scratch / "builder", CONTENANT)
    podman, docker = stack.enter_context(podman_store()), stack.enter_context(docker_daemon())
    size = peer_image(podman, image, scratch)
    to_docker(podman, docker, image, scratch)
    installed = {package.name: tools.install(package, BUILD / "peers") for package in tools.PACKAGES}
    without = {name: found for name, found in installed.items() if isinstance(found, str)}
    there = {name: found for name, found in installed.items() if not isinstance(found, str)}
    return [_side(place, scratch / place.engine, there) for place in (podman, docker)], without, size


def _side(place: Place, scratch: Path, there: Mapping[str, tuple[Path, str]]) -> Side:
    home = scratch / "home"
    (home / ".claude").mkdir(parents=True)
    env = {"CONTENANT_HOME": str(home / "contenant"), "CONTENANT_ENGINE": place.engine}
    installation = Installation(CONTENANT, {**place.env, **env}, home / "contenant")
    found: list[tools.Tool] = [
        tools.Script(f"plain {place.engine} {place.version}", place, _project(scratch, "script"), {}),
        tools.Contenant("contenant", place, _project(scratch, "walled"), env, CONTENANT),
        tools.Unwalled("contenant, firewall off", place, _project(scratch, "open"), env, CONTENANT),
    ]
    found += _peers(place, scratch, home, there)
    return Side(place, found, Fleet(place, installation, scratch / "fleet"))


def _peers(
    place: Place, scratch: Path, home: Path, there: Mapping[str, tuple[Path, str]]
) -> list[tools.Tool]:
    """The peers that run on an engine."""
    claude = scratch / "claude"
    claude.write_text(CLAUDE)
    claude.chmod(0o755)
    found: list[tools.Tool] = []
    for name, (bin_, version) in there.items():
        env = {"HOME": str(home), "PATH": f"{bin_}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(home)}
        common = (f"{name} {version}", place, _project(scratch, name))
        if name == "paude":
            found.append(tools.Paude(*common, env))
        elif place.engine == "docker" and name == "cubbi":
            found.append(tools.Cubbi(*common, env))
        elif place.engine == "docker" and name == "sbclaude":
            found.append(tools.Sbclaude(*common, env, claude))
        elif place.engine == "docker" and name == "vibepod":
            own = {"VP_IMAGE_CLAUDE": PEER, "VP_PROXY_ENABLED": "false", "VP_AUTO_PULL": "false"}
            env |= {**own, "VP_CONFIG_DIR": str(home / "vibepod")}
            wall(("vp", "config", "allow-dir", str(common[2])), {**place.env, **env}, scratch)
            found.append(tools.Vibepod(*common, env))
    return found


def _project(scratch: Path, name: str) -> Path:
    path = scratch / "projects" / name
    path.mkdir(parents=True)
    return path


def machine() -> str:
    """What this is, for the page."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    system = f"Linux {platform.release()}, CPython {platform.python_version()}"
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {system}"


def heading(engine: str, found: Sequence[Row]) -> str:
    """What stands above an engine's table: how often each thing was measured."""
    first = found[1].cells  # contenant's: it does everything
    times = {key: cell.n for key, cell in first.items() if isinstance(cell, Summary)}
    lists = ", ".join(str(times[key]) for key in LISTS)
    return f"On {engine}; sessions n = {times['new']}, lists n = {lists}:"


def page(found: Mapping[str, Sequence[Row]], without: Mapping[str, str], facts: Mapping[str, Any]) -> str:
    """What stands between the markers."""
    intro = (
        f"{facts['day']}, {facts['machine']}; load at the start {facts['load'][0]:.1f}, at "
        f"the end {facts['load'][1]:.1f}. Seconds, p50 / p90, of the rounds after one that does not count. "
        f"{verdict([row for side in found.values() for row in side])}"
    )
    parts = [intro]
    for engine, side in found.items():
        parts += [heading(engine, side), table(side, COLUMNS)]
    left = {**tools.LEFT_OUT, **without}
    parts.append(
        "\n".join(["Not measured:", "", *(f"- {name}: {why}." for name, why in sorted(left.items()))])
    )
    return "\n\n".join(part.strip() for part in parts)


def main() -> None:
    for name in [name for name in os.environ if name.startswith("CONTENANT_") and "TEST" not in name]:
        del os.environ[name]
    begun, load = time.monotonic(), os.getloadavg()[0]
    series: Series = {}
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-peers-")))
        both, without, size = sides(stack, scratch)
        for side in both:
            measure(side, series)
        found = {side.place.engine: rows(side.tools, series) for side in both}
    facts = {
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(),
        "load": [load, os.getloadavg()[0]],
        "image_bytes": size,
        "seconds": round(time.monotonic() - begun),
    }
    BUILD.mkdir(exist_ok=True)
    raw = [
        {"engine": on, "tool": tool, "what": key, "values": all_} for (on, tool, key), all_ in series.items()
    ]
    (BUILD / "bench-peers.json").write_text(json.dumps({**facts, "series": raw}, indent=1) + "\n")
    text = page(found, without, facts)
    print(text, f"\n{facts['seconds']} s", flush=True)
    PAGE.write_text(replaced(PAGE.read_text(), "bench-peers", text))


if __name__ == "__main__":
    main()
