"""The limit on running containers on a real engine: eight starts at once, two places."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.real.conftest import Contenant, mark

pytestmark = pytest.mark.real
ENGINES = ("podman",)
STARTS, PLACES = 8, 2


def test_eight_starts_at_once(contenant: Contenant, tmp_path: Path) -> None:
    contenant.env = {**contenant.env, "CONTENANT_MAX_RUNNING": str(PLACES)}
    paths = [tmp_path / f"p{number}" for number in range(STARTS)]
    for path in paths:
        path.mkdir()
    begun = [contenant.start("--", "sleep", "3", cwd=path) for path in paths]
    seen, deadline = [], time.monotonic() + 120
    while any(one.poll() is None for one in begun):
        assert time.monotonic() < deadline
        seen.append(len(contenant.raw("ps", "--quiet", "--filter", f"label={mark(contenant)}").split()))
    said = [one.communicate()[1].decode() for one in begun]
    assert [one.returncode for one in begun] == [0] * STARTS, said
    assert max(seen) == PLACES
    assert sum("waiting for a place" in text for text in said) >= STARTS - PLACES - 1
