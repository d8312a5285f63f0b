"""Tests that run only when they are asked for."""

from __future__ import annotations

import pytest


def leave_out(mark: str, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests that bear a mark out, unless `-m` names it."""
    if mark in (config.option.markexpr or ""):
        return
    left_out = [item for item in items if item.get_closest_marker(mark)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
