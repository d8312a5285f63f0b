"""Benchmarks run with `make bench` only: they measure, and a loaded machine would make them lie."""

from __future__ import annotations

import pytest

from tests.real.conftest import built, contenant, engine_env, project, pytest_generate_tests
from tests.real.engine_fixtures import docker_engine, docker_host, podman_engine

__all__ = [
    "built",
    "contenant",
    "docker_engine",
    "docker_host",
    "engine_env",
    "podman_engine",
    "project",
    "pytest_generate_tests",
]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave benchmarks out unless `-m bench` asks for them."""
    if "bench" in (config.option.markexpr or ""):
        return
    left_out = [item for item in items if item.get_closest_marker("bench")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
