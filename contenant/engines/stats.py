"""What containers use, as the engines' `stats` say it. Pure.

podman 4.3: a list of objects whose values are texts for people, sizes in powers of 1000 (`units.HumanSize`);
its `cpu_percent` is, without streaming, the average since the container's start: the time it used is taken.
docker: one object a line, `CPUPerc` over the last second, sizes in powers of 1024. Apple's `container` since
0.7: numbers; the time used in microseconds.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from contenant.core.values import Load

_SIZE = r"([0-9.]+)\s*([kKMGTP]?)(i?)B"
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_SPANS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def read_podman(text: str) -> tuple[Load, ...]:
    """`podman stats --no-stream --format json`."""
    return tuple(_podman(item) for item in json.loads(text or "[]") or () if not _is_idle(item))


def _is_idle(item: Mapping[str, Any]) -> bool:
    """podman 4.3 shows containers that do not run, too, with nothing but zeros."""
    return (item.get("cpu_time"), item.get("pids")) == ("0s", "0")


def _podman(item: Mapping[str, Any]) -> Load:
    used, limit = _sizes(item.get("mem_usage"))
    seconds = _span(str(item.get("cpu_time") or ""))
    return Load(str(item["name"]), None, seconds, used, limit, _count(item.get("pids")))


def read_docker(text: str) -> tuple[Load, ...]:
    """`docker stats --no-stream --format {{json .}}`: one object a line."""
    return tuple(_docker(json.loads(line)) for line in text.splitlines() if line.strip())


def _docker(item: Mapping[str, Any]) -> Load:
    used, limit = _sizes(item.get("MemUsage"))
    percent = re.fullmatch(r"([0-9.]+)%", str(item.get("CPUPerc")))
    share = float(percent[1]) if percent else None
    return Load(str(item["Name"]), share, None, used, limit, _count(item.get("PIDs")))


def read_apple(text: str) -> tuple[Load, ...]:
    """`container stats --no-stream --format json`."""
    return tuple(_apple(item) for item in json.loads(text or "[]") or ())


def _apple(item: Mapping[str, Any]) -> Load:
    spent = item.get("cpuUsageUsec")
    return Load(
        str(item["id"]),
        None,
        None if spent is None else float(spent) / 1e6,
        int(item.get("memoryUsageBytes") or 0),
        int(item.get("memoryLimitBytes") or 0),
        _count(item.get("numProcesses")),
    )


def _sizes(text: object) -> tuple[int, int]:
    """`1.5MiB / 2GiB` in bytes, 0 for what is not said."""
    found = re.findall(_SIZE, str(text or ""))
    sizes = [
        round(float(number) * (1024 if binary else 1000) ** _POWERS[unit]) for number, unit, binary in found
    ]
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (0, 0)


def _span(text: str) -> float | None:
    """Go's `1m2.5s` in seconds."""
    parts = re.findall(r"([0-9.]+)(h|ms|us|µs|ns|m|s)", text)
    return sum(float(number) * _SPANS[unit] for number, unit in parts) if parts else None


def _count(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 0
