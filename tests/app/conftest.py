"""What most use cases are tried on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.world import World
from tests.fresh_database import fresh_database, made_before

__all__ = ["fresh_database", "made_before"]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An installation over an engine in memory; modules that need another one say so."""
    made = World(monkeypatch)
    yield made
    made.close()


@pytest.fixture
def shop(world: World) -> Path:
    """A project directory."""
    return world.project("shop")
