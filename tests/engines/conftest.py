"""Fixtures of the engine tests: stand-in executables, and real engines for the contract suite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines.fake_cli import FakeCli
from tests.real.engine_fixtures import (  # fixtures are found by name
    docker_engine,
    docker_host,
    doomed,
    podman_engine,
    real_engine,
    small_image,
)

__all__ = ["docker_engine", "docker_host", "doomed", "podman_engine", "real_engine", "small_image"]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], FakeCli]:
    """Makes an executable of that name, first on PATH, which does nothing and succeeds."""
    return lambda name: FakeCli(name, tmp_path, monkeypatch)
