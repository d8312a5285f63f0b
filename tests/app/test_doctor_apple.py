"""doctor over the stand-in of Apple's container: down, wedged, skewed, an old kernel, an old release."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contenant import host
from contenant.core import labels
from tests.apple.tinyimage import oci_archive
from tests.standins.apple.fixture import VERSIONS, Standin, apple_standin

pytestmark = pytest.mark.real

Rows = dict[str, dict[str, Any]]
START = "container system start --enable-kernel-install"
RESTART = f"container system stop && {START}"


def look(standin: Standin, *more: str, code: int = 0) -> Rows:
    """`contenant doctor --json` as a person calls it, rows by id; ended within a minute."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "contenant", "doctor", "--engine", "container", "--json", *more],
        env={**os.environ, **standin.env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert time.monotonic() - began < 60
    assert done.returncode == code, done.stdout + done.stderr
    return {row["id"]: row for row in json.loads(done.stdout)}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_release_is_understood(version: str) -> None:
    with apple_standin(version) as standin:
        (standin.home / "kernels").mkdir()
        (standin.home / "kernels" / "default.kernel-arm64").symlink_to("vmlinux-6.18.15-186")
        rows = look(standin)
    assert rows["engine.container"]["detail"].startswith(version)
    assert rows["service.container"]["status"] == "ok"
    assert rows["skew.container"]["status"] == "ok"
    assert rows["kernel.container"]["detail"] == "vmlinux-6.18.15-186, has nf_tables"
    assert rows["release.container"]["status"] == ("warn" if version.startswith("0.") else "ok")
    assert rows["disk.container"]["detail"].endswith(str(standin.home))
    assert rows["image.container"]["status"] == "warn", "nothing was built there"


def test_a_service_that_is_down_is_named_and_started() -> None:
    with apple_standin("1.2.2", "service-down") as standin:
        row = look(standin, code=1)["engine.container"]
        assert (row["status"], row["fix"], row["fixable"]) == ("fail", START, True)
        row = look(standin, "--fix")["engine.container"]
        assert (row["status"], row["done"]) == ("ok", "started")
        assert json.loads(standin.ok("system", "status", "--format", "json"))["status"] == "running"


def test_a_service_that_does_not_come_up() -> None:
    with apple_standin("1.2.2", "service-broken") as standin:
        row = look(standin, "--fix", code=1)["engine.container"]
        assert row["status"] == "fail"
        assert row["done"].startswith("not mended: container cannot start its service")


def test_a_wedged_service_is_named_in_time() -> None:
    with apple_standin("1.2.2", "wedged", hang=None) as standin:
        began = time.monotonic()
        row = look(standin, code=1)["engine.container"]
        assert time.monotonic() - began < 40
    assert row["status"] == "fail"
    assert row["detail"] == "hangs: no answer within 12 s"
    assert row["fix"].startswith(RESTART)
    assert not row["fixable"]


def test_versions_that_differ() -> None:
    with apple_standin("1.2.2", "skew") as standin:
        row = look(standin, code=1)["skew.container"]
    assert (row["status"], row["fix"]) == ("fail", RESTART)
    assert row["detail"] == "the command is 1.2.2, the running service 1.0.0"


def test_versions_that_cannot_talk() -> None:
    with apple_standin("1.4.1", "skew-undecodable") as standin:
        row = look(standin, code=1)["engine.container"]
    assert (row["status"], row["fix"]) == ("fail", RESTART)


def test_a_release_that_is_too_old() -> None:
    with apple_standin("0.11.0") as standin:
        row = look(standin, code=1)["engine.container"]
    assert row["status"] == "fail"
    assert "0.12.0 or newer" in row["detail"]
    assert row["fix"].endswith(RESTART)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Standin]:
    """A stand-in with an old kernel and a running container that bears the marks of this installation."""
    archive = oci_archive(tmp_path / "tiny.tar", "tiny:1")
    with apple_standin("1.2.2", "old-kernel") as standin:
        (standin.home / "kernels").mkdir()
        (standin.home / "kernels" / "default.kernel-arm64").symlink_to("vmlinux-6.12.28-153")
        standin.ok("image", "load", "-i", str(archive))
        marks = {
            labels.MANAGED: "1",
            labels.HOST: host.installation_id(),
            labels.CONTAINER: "01",
            labels.PROJECT: labels.encode(str(tmp_path / "my shop")),
            labels.ENGINE: "1.1.0",
        }
        words = [word for key, value in marks.items() for word in ("-l", f"{key}={value}")]
        standin.ok("create", "--name", "contenant-shop", "--init", *words, "tiny:1", "sleep", "infinity")
        standin.ok("start", "contenant-shop")
        yield standin


def test_an_old_kernel_and_a_container_that_keeps_it(old: Standin, tmp_path: Path) -> None:
    rows = look(old, code=1)
    recreate = f"contenant run --recreate '{tmp_path}/my shop' -- true"
    assert rows["kernel.container"]["status"] == "fail"
    assert rows["kernel.container"]["fix"] == "container system kernel set --recommended --force"
    assert rows["guests.container"]["status"] == "fail"
    assert "contenant-shop runs 6.12.28" in rows["guests.container"]["detail"]
    assert rows["guests.container"]["fix"].endswith(recreate)
    assert (rows["age.container"]["status"], rows["age.container"]["fix"]) == ("warn", recreate)
    assert rows["firewall.contenant-shop"]["status"] == "fail", "the tiny image has no firewall"
