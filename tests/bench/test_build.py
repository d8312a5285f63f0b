"""Where a cold build's time goes, step by step, as the build itself puts it on record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.real.conftest import Contenant

pytestmark = [pytest.mark.bench, pytest.mark.real]


ENGINES = ("podman",)


@pytest.mark.timeout(1800)
def test_a_cold_build_by_step(contenant: Contenant, tmp_path: Path) -> None:
    contenant.ok("image", "build", "--no-cache", cwd=tmp_path, timeout=1800)
    build = json.loads(contenant.ok("image", "show", "--json", cwd=tmp_path))["build"]
    steps = build["steps"]
    print(f"\n{contenant.engine}: a cold build took {build['seconds']:.0f} s\n")
    for name, seconds in sorted(steps.items(), key=lambda item: -item[1]):
        print(f"{seconds:8.1f} s  {name[:70]}")
    assert steps["stage system"] > 1
    # What is fetched side by side counts once; an engine's own ending is within the last step.
    fetched = [steps.pop(name, 0.0) for name in ("base image", "Claude Code's package")]
    named = sum(steps.values()) + max(fetched)
    assert named > 0.8 * build["seconds"], "most of the time is accounted for"
