"""The service as a run needs it, as far as no engine is asked; the rest is in tests/real/test_apple.py."""

from __future__ import annotations

import pytest

from contenant.app import service
from contenant.app.inventory import Survey, refuse_silence
from contenant.core.values import EngineName
from contenant.errors import EngineUnavailableError
from tests.app.world import World
from tests.memory_engine import MemoryEngine
from tests.store.samples import container


def test_engines_without_a_service_are_asked_nothing() -> None:
    engine = MemoryEngine()
    assert service.ask_release(engine)() == ""
    assert engine.calls == []


def test_only_a_container_of_another_release_was_left_behind() -> None:
    made = container()._replace(engine_version="1.0.0")
    (told,) = service.left_behind("1.2.2", made)
    assert "made by container 1.0.0, now it is 1.2.2" in told and "--recreate" in told
    assert service.left_behind("1.0.0", made) == ()
    assert service.left_behind("", made) == ()
    assert service.left_behind("1.2.2", None) == ()
    assert service.left_behind("1.2.2", made._replace(engine_version="")) == ()


def survey(*answered: EngineName, **silent: str) -> Survey:
    errors = {name: EngineUnavailableError(why) for name, why in silent.items()}
    return Survey(dict.fromkeys(answered, ()), {}, errors)


def test_silence_is_refused_where_nothing_can_be_done() -> None:
    mine, other = (container()._replace(engine=name) for name in ("podman", "container"))
    refuse_silence(survey("podman"), [mine])
    refuse_silence(survey("podman", container="hangs"), [])
    refuse_silence(survey("podman", container="hangs"), [mine, other])
    for asked, wanted in (
        (survey("podman", container="hangs"), [other]),
        (survey(container="hangs"), []),
        (survey(container="hangs"), [other]),
    ):
        with pytest.raises(EngineUnavailableError, match="hangs"):
            refuse_silence(asked, wanted)


def test_stop_and_clean_of_an_engine_that_does_not_answer_change_nothing() -> None:
    world = World()
    try:
        world.run("a")
        before = world.recorded(), len(world.events())
        world.engine.unreachable()
        for act in (lambda: world.stop("a"), world.clean, lambda: world.clean(force=True)):
            with pytest.raises(EngineUnavailableError):
                act()
        assert (world.recorded(), len(world.events())) == before
    finally:
        world.close()
