"""Pictures are drawn with `make pictures` only: they say how it looks, and nobody can compare that."""

from __future__ import annotations

import pytest

from tests.marks import leave_out
from tests.real.conftest import built, contenant, engine_env, pytest_generate_tests
from tests.real.engine_fixtures import podman_engine
from tests.real.test_agent import api

__all__ = ["api", "built", "contenant", "engine_env", "podman_engine", "pytest_generate_tests"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave them out unless `-m pictures` asks for them."""
    leave_out("pictures", config, items)
