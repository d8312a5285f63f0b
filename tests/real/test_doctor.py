"""doctor on real engines: what it finds is so, and what it says mends it does."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import Contenant

pytestmark = pytest.mark.real

Rows = dict[str, dict[str, Any]]


def look(contenant: Contenant, *more: str, code: int = 0, **given: Any) -> Rows:
    """`contenant doctor --json` for the engine at hand: rows by id."""
    began = time.monotonic()
    done = contenant("doctor", "--engine", contenant.engine, "--json", *more, cwd=Path("/"), **given)
    assert time.monotonic() - began < 60
    assert done.returncode == code, done.stdout + done.stderr
    rows = json.loads(done.stdout)
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


def statuses(rows: Rows) -> dict[str, str]:
    return {name: row["status"] for name, row in rows.items()}


@pytest.fixture
def running(contenant: Contenant, project: Path) -> str:
    """A container of the project that runs; its name."""
    contenant.env["CONTENANT_KEEP_RUNNING"] = "true"
    contenant.ok("--", "true", cwd=project)
    (row,) = contenant.rows(project)
    assert row["state"] == "running"
    return str(row["name"])


def test_an_installation_without_containers(contenant: Contenant) -> None:
    name = contenant.engine
    before = contenant.raw("ps", "-a", "-q").split()
    rows = look(contenant)
    assert rows[f"engine.{name}"]["status"] == "ok"
    assert rows[f"image.{name}"]["status"] == "ok", "the fixture built it"
    assert rows["kernel"]["detail"].endswith("has nf_tables")
    assert "no container runs" in rows["firewall"]["detail"]
    assert rows["database"]["detail"].endswith("not there yet; the first run makes it")
    assert rows[f"disk.{name}"]["status"] in ("ok", "warn")
    assert rows[f"cgroups.{name}"]["detail"] in ("v1", "v2")
    assert not contenant.home.exists(), "looking makes nothing"
    left = set(contenant.raw("ps", "-a", "-q").split()) - set(before)
    assert not [line for line in left if "probe" in line]
    assert list(Path(tempfile.gettempdir()).glob("contenant-doctor-*")) == []


def test_a_runtime_that_works_is_found_and_remembered(contenant: Contenant) -> None:
    if contenant.engine != "podman":  # docker's daemon has its own
        assert not [name for name in look(contenant) if name.startswith("runtime.")]
        return
    before = look(contenant)["runtime.podman"]
    rows = look(contenant, "--fix")
    assert rows["runtime.podman"]["status"] == "ok"
    if before["status"] == "warn":  # as with crun under hybrid cgroups
        assert before["fix"] == "contenant doctor --fix"
        assert rows["runtime.podman"]["done"].startswith("new containers are made with")
        assert look(contenant)["runtime.podman"]["status"] == "ok"


def test_a_running_container_is_tested_from_inside(contenant: Contenant, running: str) -> None:
    rows = look(contenant)
    assert rows[f"firewall.{running}"]["detail"] == "self-test passed"
    assert rows["containers"]["detail"] == "1, none behind the image"
    assert rows["database"]["status"] == rows["database.audit"]["status"] == "ok"
    assert "fail" not in statuses(rows).values()


def test_a_firewall_that_was_broken_is_seen_and_mended_as_said(
    contenant: Contenant, running: str, project: Path
) -> None:
    contenant.raw("exec", "-u", "0", running, "sh", "-c", "pkill -STOP -f [s]upervise; nft flush ruleset")
    try:
        row = look(contenant, code=1)[f"firewall.{running}"]
    finally:
        contenant.raw("exec", "-u", "0", running, "sh", "-c", "pkill -CONT -f [s]upervise || true")
    assert row["status"] == "fail"
    assert "rules" in row["detail"]
    assert row["fix"] == f"contenant run --recreate {shlex.quote(str(project))} -- true"
    contenant.ok(*shlex.split(row["fix"])[1:], cwd=Path("/"))
    assert look(contenant)[f"firewall.{running}"]["status"] == "ok"


def test_another_installations_containers_are_not_ours(
    contenant: Contenant, running: str, tmp_path: Path
) -> None:
    other = Contenant(tmp_path / "other", contenant.engine, contenant.env)
    assert f"firewall.{running}" not in look(other)


def test_a_daemon_that_is_down(contenant: Contenant) -> None:
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    if contenant.engine != "docker":
        assert look(contenant, env=nowhere)["engine.podman"]["status"] == "ok"
        return
    row = look(contenant, code=1, env=nowhere)["engine.docker"]
    assert row["status"] == "fail"
    assert "daemon is not running" in row["detail"]
    assert row["fix"] == "unset DOCKER_HOST"


def test_a_state_directory_that_was_opened(contenant: Contenant, running: str) -> None:
    state = contenant.home / "state"
    state.chmod(0o755)
    row = look(contenant, code=1)["state"]
    assert row["status"] == "fail" and row["fixable"]
    row = look(contenant, "--fix")["state"]
    assert (row["status"], row["done"]) == ("ok", "closed state to others")
    assert state.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def leftover(contenant: Contenant) -> Iterator[Path]:
    """A mount below the directory of a container that is gone."""
    if os.getuid() != 0:
        pytest.skip("only root can mount")
    contenant.ok("list", cwd=Path("/"))
    point = contenant.home / "state" / "containers" / "contenant-gone-00000000" / "project"
    point.mkdir(parents=True, mode=0o700)
    subprocess.run(["mount", "--bind", "/usr/share", str(point)], check=True)
    yield point
    subprocess.run(["umount", str(point)], capture_output=True, check=False)


def test_a_mount_that_was_left_over(contenant: Contenant, running: str, leftover: Path) -> None:
    row = look(contenant)["mounts"]
    assert (row["status"], row["fix"]) == ("warn", f"umount {leftover}")
    rows = look(contenant, "--fix")
    assert rows["mounts"]["done"] == "unmounted 1"
    assert list(leftover.iterdir()) == []
    assert rows[f"firewall.{running}"]["status"] == "ok", "the mount of a container in use stays"
