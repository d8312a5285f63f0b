"""What every engine promises, the one in memory included: life and death of containers and images."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant.core.values import ContainerReport, ContainerSpec
from contenant.engines.base import ContainerMissingError, Engine
from contenant.engines.podman import Podman
from contenant.errors import EngineError
from tests.memory_engine import MemoryEngine
from tests.real.engine_fixtures import MARK, small_image_of

NAME = "contenant-test-contract"
NONE = "contenant-test-none"
CGROUPS_V2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
REAL = [pytest.param(name, marks=pytest.mark.real) for name in ("podman", "docker")]


@pytest.fixture(scope="module", params=["memory", *REAL])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "memory":
        return MemoryEngine()
    real: Engine = request.getfixturevalue(f"{request.param}_engine")
    return real


@pytest.fixture(scope="module")
def image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with small_image_of(engine, tmp_path_factory.mktemp("image")) as reference:
        yield reference


@pytest.fixture
def spec(engine: Engine, image: str) -> Iterator[ContainerSpec]:
    """A container to be made; gone when the test is over."""
    engine.remove(NAME)
    yield ContainerSpec(NAME, image, MARK, (), {})
    engine.remove(NAME)


def find(engine: Engine, name: str = NAME) -> ContainerReport | None:
    return next((report for report in engine.containers().result() if report.name == name), None)


def state(engine: Engine) -> str | None:
    report = find(engine)
    return report.state if report else None


def test_version_and_identity(engine: Engine) -> None:
    version = engine.version()
    assert version.client[0].isdigit()
    assert (engine.name == "docker") == bool(version.server)
    assert engine.identity() == engine.identity() != ""


def test_a_container_goes_through_its_life(engine: Engine, spec: ContainerSpec) -> None:
    labels = MARK | {"dev.contenant.project": "/a%20b", "dev.contenant.managed": "1"}
    before = time.time()
    identifier = engine.create(spec._replace(labels=labels))
    made = find(engine)
    assert made is not None
    assert (made.engine_id, made.state) == (identifier, "created")
    for name in ("dev.contenant.project", "dev.contenant.managed"):
        assert made.labels[name] == labels[name]
    assert made.image.endswith(spec.image)
    if not isinstance(engine, MemoryEngine):
        hours = {time.strftime("%Y-%m-%dT%H", time.gmtime(moment)) for moment in (before, time.time())}
        assert made.created[:13] in hours

    engine.start(NAME)
    engine.start(NAME)
    running = find(engine)
    assert running is not None
    assert (running.engine_id, running.state) == (identifier, "running")
    engine.stop(NAME, 5)
    engine.stop(NAME, 5)
    assert state(engine) == "stopped"
    engine.start(NAME)
    assert state(engine) == "running"
    engine.remove(NAME)
    engine.remove(NAME)
    assert find(engine) is None


def test_a_container_that_never_ran_can_be_stopped(engine: Engine, spec: ContainerSpec) -> None:
    engine.create(spec)
    engine.stop(NAME, 1)
    assert state(engine) in ("created", "stopped")


def test_what_is_not_there_is_said_to_be_missing(engine: Engine) -> None:
    for call in (engine.start, engine.stop, engine.inspect):
        with pytest.raises(ContainerMissingError, match=NONE):
            call(NONE)
    assert engine.image(f"{NONE}:1") is None
    engine.remove(NONE)
    engine.remove_image(f"{NONE}:1")


def test_a_name_is_given_once(engine: Engine, spec: ContainerSpec) -> None:
    engine.create(spec)
    with pytest.raises(EngineError, match="name is taken"):
        engine.create(spec)


def test_create_never_pulls(engine: Engine) -> None:
    with pytest.raises(EngineError, match="image is not there"):
        engine.create(ContainerSpec(NONE, f"{NONE}:1", {}, (), {}))


def test_an_image_tells_its_labels_and_digest(engine: Engine, image: str) -> None:
    report = engine.image(image)
    assert report is not None
    assert report.reference == image
    assert report.digest.startswith("sha256:")
    assert report.labels["dev.contenant.test"] == "1"
    assert report.created.startswith("20")
    assert report.size > 0


def test_an_image_in_use_stays(engine: Engine, spec: ContainerSpec) -> None:
    engine.create(spec)
    with pytest.raises(EngineError):
        engine.remove_image(spec.image)
    assert engine.image(spec.image) is not None
    assert find(engine) is not None


def test_a_pull_without_a_registry_is_false(engine: Engine) -> None:
    assert engine.pull(f"127.0.0.1:9/{NONE}:1") is False


def test_what_running_containers_use(engine: Engine, spec: ContainerSpec) -> None:
    engine.create(spec)
    if isinstance(engine, Podman) and os.geteuid() != 0 and not CGROUPS_V2:
        with pytest.raises(EngineError, match="without cgroups v2"):
            engine.loads().result()
        return
    assert NAME not in {load.name for load in engine.loads().result()}
    engine.start(NAME)
    (load,) = [load for load in engine.loads().result() if load.name == NAME]
    assert load.cpu is not None or load.cpu_seconds is not None
