"""The engine in memory: what tests can do to it. Its promises are in test_contract."""

from __future__ import annotations

import pytest

from contenant.core.values import ContainerSpec
from contenant.errors import EngineError, EngineUnavailableError
from tests.memory_engine import MemoryEngine, SimulatedCrashError

SPEC = ContainerSpec("contenant-app-00000001", "contenant:1", {"k": "v"}, (), {})


@pytest.fixture
def engine() -> MemoryEngine:
    one = MemoryEngine()
    one.add_image("contenant:1")
    return one


def names(engine: MemoryEngine) -> list[str]:
    return [report.name for report in engine.containers().result()]


def test_unreachable(engine: MemoryEngine) -> None:
    engine.create(SPEC)
    engine.unreachable()
    listing = engine.containers()
    with pytest.raises(EngineUnavailableError):
        listing.result()
    for call in (engine.version, engine.identity, lambda: engine.start(SPEC.name)):
        with pytest.raises(EngineUnavailableError):
            call()
    engine.unreachable(False)
    assert names(engine) == [SPEC.name]


def test_behind_our_back(engine: MemoryEngine) -> None:
    engine.create(SPEC)
    before = engine.containers()
    engine.rename(SPEC.name, "other")
    engine.add_foreign(SPEC.name)
    assert names(engine) == ["other", SPEC.name]
    engine.vanish("other")
    assert names(engine) == [SPEC.name]
    assert engine.state("other") is None
    assert [report.name for report in before.result()] == [SPEC.name]
    engine.stop_all()
    assert engine.state(SPEC.name) == "stopped"
    identity = engine.identity()
    engine.reinstall()
    assert names(engine) == []
    assert engine.identity() != identity


@pytest.mark.parametrize(("after", "state"), [(False, None), (True, "created")])
def test_crash(engine: MemoryEngine, after: bool, state: str | None) -> None:
    engine.version()
    engine.crash_at(2, after=after)
    engine.identity()
    with pytest.raises(SimulatedCrashError):
        engine.create(SPEC)
    assert engine.state(SPEC.name) == state
    engine.remove(SPEC.name)
    engine.create(SPEC)


def test_one_call_fails(engine: MemoryEngine) -> None:
    engine.create(SPEC)
    engine.fail_next("start", EngineError("no"))
    with pytest.raises(EngineError, match="no"):
        engine.start(SPEC.name)
    assert engine.state(SPEC.name) == "created"
    engine.start(SPEC.name)
    assert engine.calls == [("create", SPEC.name), ("start", SPEC.name), ("start", SPEC.name)]


def test_later_objects_are_younger(engine: MemoryEngine) -> None:
    engine.create(SPEC)
    engine.create(SPEC._replace(name="b"))
    first, second = engine.containers().result()
    assert first.created < second.created
    assert first.engine_id != second.engine_id
    assert engine.specs["b"].image == "contenant:1"


def test_apples_ids_are_names() -> None:
    engine = MemoryEngine("container")
    engine.add_image("contenant:1")
    assert engine.create(SPEC) == SPEC.name
