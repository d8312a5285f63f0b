"""Fixtures of the image's tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contenant.image.certificates import VARIABLES
from tests.image.containers import box, image, podman_engine, quiet_box  # fixtures, found by name

__all__ = ["box", "image", "podman_engine", "quiet_box"]


@pytest.fixture
def fresh_environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forget the certificates that the environment names."""

    def forget() -> None:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)

    return forget
