"""What most use cases are tried on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.world import World


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
