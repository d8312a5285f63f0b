"""The limit on running containers on real engines: eight starts at once, two places."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.real.conftest import Contenant, owner

pytestmark = pytest.mark.real
ENGINES = ("podman", "docker", "container-1.2.2")
STARTS, PLACES = 8, 2


def running(contenant: Contenant, own: str) -> int:
    """How many containers of the installation the engine runs."""
    if contenant.engine != "container":
        return len(contenant.raw("ps", "--quiet", "--filter", f"label=dev.contenant.host={own}").split())
    found = json.loads(contenant.raw("list", "--format", "json"))
    return sum(item["configuration"]["labels"].get("dev.contenant.host") == own for item in found)


def test_eight_starts_at_once(contenant: Contenant, tmp_path: Path) -> None:
    contenant.env = {**contenant.env, "CONTENANT_MAX_RUNNING": str(PLACES)}
    paths = [tmp_path / f"p{number}" for number in range(STARTS)]
    for path in paths:
        path.mkdir()
    own = owner(contenant)
    begun = [contenant.start("--", "sleep", "3", cwd=path) for path in paths]
    seen, deadline = [], time.monotonic() + 240
    while any(one.poll() is None for one in begun):
        assert time.monotonic() < deadline
        seen.append(running(contenant, own))
    said = [one.communicate()[1].decode() for one in begun]
    assert [one.returncode for one in begun] == [0] * STARTS, said
    assert 1 <= max(seen) <= PLACES
    if contenant.engine == "podman":  # it starts one well before another has ended
        assert max(seen) == PLACES
    assert sum("waiting for a place" in text for text in said) >= STARTS - PLACES - 1
