"""list, inspect, logs, stats, export: looking at containers."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .boot import get, observe, status_of
from .call import Call, say
from .encode import iso, render, to_json
from .errors import AppleError
from .images import ready
from .podman import PodmanError
from .shapes import identifiers, payloads, record_of

UNITS = {
    "B": 1,
    "kB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}


def list_containers(call: Call) -> int:
    """`container list`: in no order; up to 0.9 its JSON lists all, asked or not."""
    with call.store.transaction() as state:
        live = observe(call, state)
        ids = identifiers(state)
        everything = call.args["all"] or (not call.at_least(0, 10) and call.args["format"] == "json")
        if not everything:
            ids = [one for one in ids if status_of(state, live, one) == "running"]
        random.shuffle(ids)
        shown = payloads(call, state, live, ids)
        rows = [["ID", "IMAGE", "OS", "ARCH", "STATE", "STARTED"]]
        for identifier in ids:
            record = record_of(state, identifier)
            made = record["configuration"]
            started = iso(record["started"]) if record["started"] else ""
            rows.append(
                [
                    identifier,
                    made["image"]["reference"],
                    made["platform"]["os"],
                    made["platform"]["architecture"],
                    status_of(state, live, identifier),
                    started,
                ]
            )
    text = render(call.settings, call.args["format"], shown, rows, ids if call.args["quiet"] else None)
    if text:
        say(text)
    return 0


def inspect(call: Call) -> int:
    """`container inspect`: unknown ids are an error since 1.0, left out before; not in the order asked."""
    asked = list(dict.fromkeys(call.args["container_ids"]))
    with call.store.transaction() as state:
        live = observe(call, state)
        known = identifiers(state)
        found = [one for one in asked if one in known]
        random.shuffle(found)
        missing = [one for one in asked if one not in known]
        if missing and call.at_least(1):
            raise AppleError(f"container not found: {', '.join(missing)}", "notFound")
        shown = payloads(call, state, live, found)
    say(to_json(call.settings, shown, pretty=call.at_least(1)))
    return 0


def materialised(call: Call, identifier: str) -> dict[str, Any]:
    """The record of a container that has been started at least once. Raises AppleError."""
    with call.store.transaction() as state:
        observe(call, state)
        record = get(state, identifier)
    if record["podman"] is None:
        raise AppleError(
            f"failed to open container logs: no bundle for container {identifier}", "internalError"
        )
    return record


def logs(call: Call) -> int:
    """`container logs`: the init process's two streams as one, since its last start."""
    record = materialised(call, call.args["container_id"])
    if call.args["boot"]:
        say(f"[    0.000000] Linux version {record['kernel']}")
        return 0
    words = ["logs", "--since", iso(int(record["started"]))]
    words += ["--follow"] if call.args["follow"] else []
    words += ["--tail", str(call.args["lines"])] if call.args["lines"] is not None else []
    sys.stdout.flush()
    return subprocess.call(
        ["podman", *words, record["podman"]],
        stdin=subprocess.DEVNULL,
        stderr=1,
        env=call.podman.environment(),
    )


def export(call: Call) -> int:
    """`container export`: the root file system without mounts; a running one from 1.2.1 on."""
    identifier = call.args["container_id"]
    with call.store.transaction() as state:
        record = get(state, identifier)
        running = identifier in observe(call, state)
    if running and not call.at_least(1, 2, 1):
        raise AppleError("container is not stopped", "invalidState")
    if record["podman"] is None:
        raise AppleError(f"failed to export container {identifier}: no root file system", "internalError")
    output = call.args["output"]
    if output is not None and Path(output).is_dir():
        raise AppleError(f"refusing to overwrite directory at {Path(output).absolute()}; specify a file path")
    with tempfile.TemporaryDirectory(dir=ready(call)) as scratch:
        path = Path(scratch) / "archive.tar"
        try:
            call.podman.run("export", "--output", str(path), record["podman"])
        except PodmanError as error:
            raise AppleError(f"failed to export container: {error.text}", "internalError") from error
        if output is not None:
            shutil.move(path, output)
            return 0
        with path.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)
    return 0


def quantity(text: str) -> int:
    """podman's `1.5MB` as a number of bytes."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*([A-Za-z]+)\s*", text)
    return int(float(match[1]) * UNITS.get(match[2], 1)) if match else 0


def pair(text: str) -> tuple[int, int]:
    """podman's `1MB / 2MB`."""
    left, _, right = text.partition("/")
    return quantity(left), quantity(right)


def sample(call: Call, names: dict[str, str]) -> list[dict[str, Any]]:
    """One reading of the running containers' use; `names` maps podman names to ids."""
    if not names:
        return []
    shown = []
    for row in call.podman.json("stats", "--no-stream", "--format", "json", *names):
        used, limit = pair(row["mem_usage"])
        received, sent = pair(row["net_io"])
        read, written = pair(row["block_io"])
        shown.append(
            {
                "blockReadBytes": read,
                "blockWriteBytes": written,
                "cpuUsageUsec": seconds(row["cpu_time"]),
                "id": names[row["name"]],
                "memoryLimitBytes": limit,
                "memoryUsageBytes": used,
                "networkRxBytes": received,
                "networkTxBytes": sent,
                "numProcesses": int(row["pids"]),
            }
        )
    return shown


def seconds(text: str) -> int:
    """podman's `1m2.5s` or `12.3ms` in microseconds."""
    total = 0.0
    for number, unit in re.findall(r"([0-9.]+)(h|ms|us|µs|ns|m|s)", text):
        total += (
            float(number) * {"h": 3600e6, "m": 60e6, "s": 1e6, "ms": 1e3, "us": 1, "µs": 1, "ns": 1e-3}[unit]
        )
    return int(total)


def stats(call: Call) -> int:
    """`container stats`: two samples two seconds apart; as a table it goes on until it is interrupted."""
    asked = call.args["container_ids"]
    with call.store.transaction() as state:
        live = observe(call, state)
        for identifier in asked:
            if identifier not in identifiers(state):
                raise AppleError(f"no such container: {identifier}", "notFound")
        names = {state["containers"][one]["podman"]: one for one in live if not asked or one in asked}
    streaming = call.args["format"] in (None, "table") and not call.args["no_stream"]
    while True:
        if names:
            time.sleep(2)
        shown = sample(call, names)
        rows = [["Container ID", "Memory Usage", "Pids"]]
        rows += [[row["id"], str(row["memoryUsageBytes"]), str(row["numProcesses"])] for row in shown]
        say(render(call.settings, call.args["format"], shown, rows, None))
        if not streaming:
            return 0
