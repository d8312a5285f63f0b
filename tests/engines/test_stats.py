"""What each engine says that containers use."""

from __future__ import annotations

import json

import pytest

from contenant.core.values import Load
from contenant.engines.stats import read_apple, read_docker, read_podman
from contenant.errors import EngineError, EngineUnavailableError
from tests.engines.fake_cli import FakeCli, docker, podman

PODMAN = [
    {
        "id": "9d725d97f18c",
        "name": "contenant-shop-1",
        "cpu_time": "1m2.5s",
        "cpu_percent": "12.30%",
        "avg_cpu": "12.30%",
        "mem_usage": "41.2MB / 8.2GB",
        "mem_percent": "0.50%",
        "net_io": "430B / 1.2kB",
        "block_io": "-- / --",
        "pids": "17",
    }
]
DOCKER = {
    "BlockIO": "0B / 0B",
    "CPUPerc": "153.25%",
    "Container": "f00d",
    "ID": "f00d",
    "MemPerc": "0.10%",
    "MemUsage": "1.5MiB / 2GiB",
    "Name": "contenant-shop-1",
    "NetIO": "876B / 0B",
    "PIDs": "4",
}
APPLE = [
    {
        "id": "contenant-shop-1",
        "cpuUsageUsec": 2500000,
        "memoryUsageBytes": 1048576,
        "memoryLimitBytes": 4294967296,
        "networkRxBytes": 1,
        "networkTxBytes": 2,
        "blockReadBytes": 3,
        "blockWriteBytes": 4,
        "numProcesses": 9,
    }
]


def test_podman() -> None:
    load = Load("contenant-shop-1", None, 62.5, 41_200_000, 8_200_000_000, 17)
    assert read_podman(json.dumps(PODMAN)) == (load,)
    short = {**PODMAN[0], "cpu_time": "12.5ms", "mem_usage": "-- / --", "pids": "--"}
    assert read_podman(json.dumps([short])) == (Load("contenant-shop-1", None, 0.0125, 0, 0, 0),)
    ended = {**PODMAN[0], "cpu_time": "0s", "mem_usage": "0B / 0B", "pids": "0"}
    assert read_podman(json.dumps([ended])) == ()
    assert read_podman("") == read_podman("[]") == read_podman("null") == ()


def test_docker() -> None:
    line = json.dumps(DOCKER)
    load = Load("contenant-shop-1", 153.25, None, 1_572_864, 2 << 30, 4)
    assert read_docker(f"{line}\n{line}\n") == (load, load)
    ended = json.dumps({**DOCKER, "CPUPerc": "--", "MemUsage": "-- / --", "PIDs": "--"})
    assert read_docker(ended) == (Load("contenant-shop-1", None, None, 0, 0, 0),)
    assert read_docker("") == ()


def test_apple() -> None:
    assert read_apple(json.dumps(APPLE)) == (Load("contenant-shop-1", None, 2.5, 1 << 20, 4 << 30, 9),)
    assert read_apple('[{"id": "x"}]') == (Load("x", None, None, 0, 0, 0),)
    assert read_apple("[]") == ()


def test_an_engine_that_cannot_say(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCli("podman", tmp_path, monkeypatch)  # type: ignore[arg-type]
    fake.answer(
        "stats*", stderr="Error: stats is not supported in rootless mode without cgroups v2", code=125
    )
    with pytest.raises(EngineError, match=r"podman cannot say what its containers use: .*rootless"):
        podman().loads().result()
    fake.answer("stats*", stdout='[{"nothing": 1}]')
    with pytest.raises(EngineUnavailableError, match="in a way contenant cannot read"):
        podman().loads().result()
    other = FakeCli("docker", tmp_path, monkeypatch)  # type: ignore[arg-type]
    other.answer("stats*", stdout=json.dumps(DOCKER))
    assert [load.pids for load in docker().loads().result()] == [4]
