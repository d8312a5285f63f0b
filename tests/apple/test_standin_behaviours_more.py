"""Behaviours 12 to 20 that Apple's own tests assert; the number is in each test's name."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path

import pytest

from tests.apple.look import is_new, keep, keep_running, listed, refused, state_of
from tests.standins.apple.fixture import Standin

pytestmark = pytest.mark.real


def test_12_options_come_before_the_image_and_the_rest_is_passed_on(loaded: Standin) -> None:
    assert loaded.ok("run", "--rm", "tiny:1", "echo", "--name", "x", "-e") == "--name x -e\n"
    done = loaded.run("run", "--rm", "tiny:1", "--", "true")
    assert done.returncode == 1 and "failed to find target executable --" in done.stderr
    error = refused(
        loaded, "create", "--name", "bad", "--xyz", "tiny:1", code=64, text="Unknown option '--xyz'"
    )
    assert "Usage: container create [<options>] <image> [<arguments> ...]" in error
    assert listed(loaded) == {}


@pytest.mark.parametrize("name", ["x", "-x", "a/b", "a b", "_a", "a" * 65, ""])
def test_13_names_that_are_refused(standin: Standin, name: str) -> None:
    text = "is not a valid container ID" if is_new(standin) else "invalid entity name"
    code = 64 if name == "-x" else 1
    expected = "Missing value for '--name <name>'" if name == "-x" else text
    if name == "":
        assert standin.run("create", "--name", name, "tiny:1").returncode == 1
        return
    refused(standin, "create", "--name", name, "tiny:1", code=code, text=expected)


def test_13_names_that_are_taken(loaded: Standin) -> None:
    long = "a" * (63 if loaded.env["CONTAINER_STANDIN_VERSION"] > "1.2" else 64)
    for name in ("ab", "A-1_.b", long):
        assert loaded.ok("create", "--name", name, "tiny:1") == f"{name}\n"
    refused(loaded, "create", "--name", "ab", "tiny:1", text="container already exists: ab")
    refused(loaded, "run", "--name", "ab", "tiny:1", text="container with id ab already exists")


def test_14_capabilities_are_kept_in_full_and_net_admin_is_not_given(loaded: Standin) -> None:
    keep_running(loaded, "plain")
    keep_running(loaded, "more", "--cap-add", "net_admin", "--cap-drop", "CAP_CHOWN")
    keep_running(loaded, "less", "--cap-drop", "ALL", "--cap-add", "NET_ADMIN")
    made = listed(loaded)["more"]["configuration"]
    assert (made["capAdd"], made["capDrop"]) == (["CAP_NET_ADMIN"], ["CAP_CHOWN"])
    effective = {name: int(status(loaded, name)["CapEff"], 16) for name in ("plain", "more", "less")}
    assert effective == {"plain": 0xA80425FB, "more": (0xA80425FB | 1 << 12) & ~1, "less": 1 << 12}
    agent = status(loaded, "more", "-u", "agent")
    assert (agent["CapEff"], agent["CapAmb"], agent["NoNewPrivs"], agent["Seccomp"]) == (
        "0" * 16,
        "0" * 16,
        "0",
        "0",
    )
    refused(loaded, "create", "--cap-add", "FLY", "tiny:1", text="FLY")


def status(standin: Standin, name: str, *flags: str) -> dict[str, str]:
    """/proc/self/status of a process in the container."""
    text = standin.ok("exec", *flags, name, "cat", "/proc/self/status")
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def test_15_resolver_and_hosts(loaded: Standin) -> None:
    keep_running(loaded, "named", "--dns", "192.0.2.53", "--dns-search", "example.test")
    keep_running(loaded, "plain")
    keep_running(loaded, "none", "--no-dns")
    row = listed(loaded)["plain"]
    network = (row["status"]["networks"] if is_new(loaded) else row["networks"])[0]
    plain = loaded.ok("exec", "plain", "cat", "/etc/resolv.conf").splitlines()
    # podman, below, hands on what this machine's own file sets
    asked = [line for line in plain if not line.startswith("options ")]
    assert asked == [f"nameserver {network['ipv4Gateway']}"]
    named = loaded.ok("exec", "named", "cat", "/etc/resolv.conf")
    assert "nameserver 192.0.2.53" in named and "search example.test" in named
    assert loaded.run("exec", "none", "test", "-s", "/etc/resolv.conf").returncode != 0
    assert "dns" not in listed(loaded)["none"]["configuration"]
    hosts = loaded.ok("exec", "plain", "cat", "/etc/hosts")
    own = network["ipv4Address"].partition("/")[0]
    assert re.search(r"^127\.0\.0\.1\s+localhost", hosts, re.MULTILINE)
    assert re.search(rf"^{re.escape(own)}\s+plain\b", hosts, re.MULTILINE)
    assert "host.containers.internal" not in hosts


def test_16_mount_sources(loaded: Standin, tmp_path: Path) -> None:
    there, file = tmp_path / "there", tmp_path / "file"
    there.mkdir()
    file.touch()
    mount = f"type=bind,source={file},target=/f"
    refused(loaded, "create", "--mount", mount, "tiny:1", text=f"path '{file}' is not a directory")
    gone = tmp_path / "gone"
    refused(loaded, "create", "-v", f"{gone}:/g", "tiny:1", text=f"path '{gone}' does not exist")
    keep(loaded, "sixteen", "-v", f"{there}:/there")
    there.rmdir()
    refused(loaded, "start", "sixteen", text=f"mount source path '{there}' does not exist")
    assert state_of(loaded, "sixteen") == "stopped"
    there.mkdir()
    loaded.ok("start", "sixteen")


def test_17_copy_and_export(loaded: Standin, tmp_path: Path) -> None:
    keep(loaded, "still")
    keep_running(loaded, "moving")
    file = tmp_path / "file"
    file.write_text("text")
    if not is_new(loaded):
        refused(loaded, "cp", str(file), "moving:/f", code=64, text="Plugin 'container-cp' not found.")
    else:
        refused(loaded, "cp", str(file), str(tmp_path / "other"), text="must be a container reference")
        refused(loaded, "cp", "still:/a", "moving:/b", text="copying between containers is not supported")
        refused(loaded, "copy", str(file), "still:/f", text="container still is not running")
        assert loaded.ok("copy", str(file), "moving:/tmp/f") == "moving:/tmp/f\n"
        assert loaded.ok("cp", "moving:/tmp/f", str(tmp_path / "back")) == f"{tmp_path / 'back'}\n"
        assert (tmp_path / "back").read_text() == "text"
    refused(loaded, "export", "still", text="still")
    out = tmp_path / "root.tar"
    live = loaded.env["CONTAINER_STANDIN_VERSION"] >= "1.2.1"
    if live:
        loaded.ok("export", "-o", str(out), "moving")
    else:
        refused(loaded, "export", "-o", str(out), "moving", text="container is not stopped")
    loaded.ok("stop", "-t", "1", "moving")
    loaded.ok("export", "-o", str(out), "moving")
    with tarfile.open(fileobj=io.BytesIO(out.read_bytes())) as tar:
        assert "bin/busybox" in tar.getnames()


def test_18_volumes_and_networks_are_protected(loaded: Standin) -> None:
    loaded.ok("volume", "create", "disk")
    loaded.ok("network", "create", "wire")
    keep_running(loaded, "first", "-v", "disk:/disk", "--network", "wire")
    keep(loaded, "second", "-v", "disk:/disk")
    refused(loaded, "start", "second", text="disk")
    loaded.ok("stop", "-t", "1", "first")
    for group, name in (("volume", "disk"), ("network", "wire")):
        done = loaded.run(group, "delete", name)
        assert done.returncode == 1 and f"delete failed for one or more {group}s" in done.stderr
    loaded.ok("start", "second")
    loaded.ok("delete", "-f", "first", "second")
    assert loaded.ok("volume", "rm", "disk") + loaded.ok("network", "rm", "wire") == "disk\nwire\n"


def test_19_system_status_and_version(standin: Standin) -> None:
    nested = standin.env["CONTAINER_STANDIN_VERSION"] >= "1.4"
    up = json.loads(standin.ok("system", "status", "--format", "json"))
    assert up["status"] == "running"
    assert len(json.loads(standin.ok("system", "version", "--format", "json"))) == 2
    standin.ok("system", "stop")
    done = standin.run("system", "status", "--format", "json")
    down = json.loads(done.stdout)
    assert (done.returncode, down["status"]) == (1, "unregistered")
    assert (set(down) == {"status"}) if nested else (set(down) == set(up) and down["apiServerVersion"] == "")
    rows = json.loads(standin.ok("system", "version", "--format", "json"))
    assert [row["appName"] for row in rows] == ["container"]
    refused(standin, "list", text="XPC connection error: Connection invalid")
    standin.ok("system", "start", "--enable-kernel-install")
    assert standin.run("system", "status").returncode == 0


def test_20_build_prints_names_and_refuses_large_files(loaded: Standin, tmp_path: Path) -> None:
    context = tmp_path
    (context / "Dockerfile").write_text("FROM tiny:1\nRUN echo made > /made\nLABEL from=build\n")
    allowed = loaded._replace(env={**loaded.env, "CONTAINER_STANDIN_ALLOW_TMP": "1"})
    done = allowed.run("build", "--progress", "plain", "-t", "made", "-t", "made:2", str(context))
    names = ["made:latest", "made:2"]
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *(names if is_new(loaded) else (f"Successfully built {n}" for n in names))
    ]
    assert "RUN echo made" in done.stderr and "\x1b" not in done.stdout + done.stderr
    assert allowed.ok("run", "--rm", "made", "cat", "/made") == "made\n"
    refused(
        allowed, "build", "-f", str(context / "none"), str(context), code=64, text="dockerfile does not exist"
    )
    (context / "Dockerfile").write_text("FROM tiny:1\n".ljust(16384, "#"))
    text = (
        "exceeds the maximum allowed size of 16384 bytes" if is_new(loaded) else "Transport became inactive"
    )
    refused(allowed, "build", str(context), text=text)
    (context / "Dockerfile").write_text("FROM tiny:1\n#".ljust(16383, "#"))
    allowed.ok("build", "-q", "-t", "just", str(context))
    (context / "Dockerfile").write_text("FROM tiny:1\nRUN exit 3\n")
    failed = allowed.run("build", "-t", "bad", str(context))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert allowed.run("image", "inspect", "bad").returncode == 1
