"""Benchmarks run with `make bench` only: they measure, and a loaded machine would make them lie.

What is counted in instructions or engine calls bears no mark, and runs with all tests.
"""

from __future__ import annotations

import compileall
from pathlib import Path

import pytest

import contenant as package
from tests.marks import leave_out
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


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """What an installation does; the environment may have Python write no byte code."""
    assert package.__file__ is not None
    assert compileall.compile_dir(str(Path(package.__file__).parent), quiet=1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave benchmarks out unless `-m bench` asks for them."""
    leave_out("bench", config, items)
