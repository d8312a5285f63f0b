"""Another version of the agent, and back, on real engines and with a version that the registry really has."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from contenant.image.versions import shipped
from tests.npm import Npm
from tests.real.conftest import LINUX, Contenant

pytestmark = pytest.mark.real
ENGINES = (*LINUX, "container-1.2.2")
OWN = shipped().version
OTHER = next(version for version in ("2.1.331", "2.1.332") if version != OWN)
SAYS = {version: f"{version} (Claude Code)\n" for version in (OWN, OTHER)}


def in_list(contenant: Contenant, cwd: Path) -> dict[str, tuple[str, bool]]:
    """Project -> version in its container, and whether it is marked."""
    return {Path(row["project"]).name: (row["claude"], row["outdated"]) for row in contenant.rows(cwd)}


def without_network(contenant: Contenant, place: Path) -> dict[str, str]:
    """The environment in which npm reaches no registry."""
    npm = Npm(place)
    npm.switch("down")
    return {"PATH": f"{place}{os.pathsep}{contenant.env['PATH']}"}


@pytest.mark.timeout(900)
def test_up_with_a_pin_kept_and_back_without_a_network(
    contenant: Contenant, project: Path, tmp_path: Path
) -> None:
    pinned = tmp_path / "pinned"
    pinned.mkdir()
    (pinned / ".contenant.toml").write_text(f'claude.version = "{OWN}"\n')
    contenant.ok("config", "trust", "--yes", cwd=pinned)
    offline = without_network(contenant, tmp_path / "npm")

    # Without a registry: who asks is told that nothing is known, and nothing changes.
    assert contenant.ok("--", "claude", "--version", cwd=project, env=offline) == SAYS[OWN]
    contenant.ok("--", "true", cwd=pinned, env=offline)
    done = contenant("image", "outdated", "--json", cwd=project, env=offline)
    assert (done.returncode, json.loads(done.stdout)["latest"]) == (0, None), done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    failed = contenant("image", "upgrade", cwd=project, env=offline)
    assert failed.returncode == 1 and "network request failed" in failed.stderr, failed.stderr
    assert in_list(contenant, project) == {"shop": (OWN, False), "pinned": (OWN, False)}

    # With it: chosen once its image is built; the idle container moves, the pinned one is where it should be.
    words = ("image", "upgrade", "--to", OTHER, "--recreate-idle", "--json")
    moved: dict[str, Any] = json.loads(contenant.ok(*words, cwd=project, timeout=600))
    told = [(item["project"], item["claude"], item["result"]) for item in moved["containers"]]
    assert told == [(str(project), OWN, "recreated")], moved
    assert in_list(contenant, project) == {"shop": (OTHER, False), "pinned": (OWN, False)}
    assert contenant.ok("--", "claude", "--version", cwd=project) == SAYS[OTHER]
    known = json.loads(contenant.ok("image", "outdated", "--json", cwd=project))
    assert (known["chosen"], known["containers_behind"]) == (OTHER, 0)
    assert known["latest"], known

    # And back, with the image that is there: no network is needed.
    back = json.loads(contenant.ok("image", "rollback", "--json", cwd=project, env=offline))
    assert (back["to"], back["built"]) == (OWN, False)
    assert in_list(contenant, project) == {"shop": (OTHER, True), "pinned": (OWN, False)}
    assert contenant.ok("--recreate", "--", "claude", "--version", cwd=project, env=offline) == SAYS[OWN]
    rows = json.loads(contenant.ok("history", "sessions", str(project), "--json", cwd=project))
    assert [row["claude"] for row in rows] == [OWN, OTHER, OWN]
    found = json.loads(contenant.ok("history", "sessions", "--image", OTHER, "--json", cwd=project))
    assert [row["id"] for row in found] == [rows[1]["id"]]
    steps = [row["summary"] for row in contenant.history(project, "--kind", "claude")]
    assert steps == [f"{OTHER} → {OWN} (rollback)", f"{OWN} → {OTHER} (upgrade)", OTHER]
