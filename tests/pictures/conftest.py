"""Pictures are drawn with `make pictures` only: they say how it looks, and nobody can compare that."""

from __future__ import annotations

import pytest

from tests.real.conftest import built, contenant, engine_env, pytest_generate_tests
from tests.real.engine_fixtures import podman_engine

__all__ = ["built", "contenant", "engine_env", "podman_engine", "pytest_generate_tests"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave them out unless `-m pictures` asks for them."""
    if "pictures" in (config.option.markexpr or ""):
        return
    left_out = [item for item in items if item.get_closest_marker("pictures")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
