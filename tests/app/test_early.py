"""What a new container needs is asked for before it is known that it will be made, and never twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contenant.engines.survey import Pending
from contenant.errors import EngineError
from contenant.paths import state_dir
from tests.app.world import IMAGE, World


@pytest.fixture
def order(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the engine was asked, surveys and lists alone, and which surveys were given up unread."""
    told: list[str] = []
    survey, containers = world.engine.survey, world.engine.containers

    def begun(reference: str) -> Pending:
        told.append(f"survey {reference}")
        return survey(reference)._replace(given_up=lambda: told.append("given up"))

    def listed() -> object:
        told.append("list")
        return containers()

    monkeypatch.setattr(world.engine, "survey", begun)
    monkeypatch.setattr(world.engine, "containers", listed)
    yield told


def test_a_first_start_surveys_before_it_lists(world: World, order: list[str]) -> None:
    world.run("shop")
    assert order[:2] == [f"survey {IMAGE}", "list"]
    assert order.count(f"survey {IMAGE}") == 1


def test_a_known_container_needs_none(world: World, order: list[str]) -> None:
    world.run("shop")
    order.clear()
    world.run("shop")
    assert set(order) == {"list"}
    world.run("shop", recreate=True)
    assert order.count(f"survey {IMAGE}") == 1


def test_what_is_not_needed_is_given_up(world: World, order: list[str]) -> None:
    world.run("shop")
    for file in state_dir().glob("contenant.db*"):
        file.unlink()
    order.clear()
    world.run("shop")  # the container is there, and recorded again from its labels
    assert order[:3] == [f"survey {IMAGE}", "list", "given up"]
    world.engine.fail_next("containers", EngineError("the store is locked"))
    order.clear()
    with pytest.raises(EngineError, match="locked"):
        world.run("other")
    assert order == [f"survey {IMAGE}", "list", "given up"]
