"""The JSON of each release, and the rest of the subcommands."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.apple.look import is_new, keep, keep_running, listed, refused, state_of
from tests.standins.apple.fixture import Standin, apple_standin

INDEX = "application/vnd.oci.image.index.v1+json"


def at_least(standin: Standin, version: str) -> bool:
    return tuple(map(int, standin.env["CONTAINER_STANDIN_VERSION"].split("."))) >= tuple(
        map(int, version.split("."))
    )


@pytest.mark.real
def test_images(loaded: Standin) -> None:
    shown = json.loads(loaded.ok("image", "inspect", "tiny:1"))[0]
    row = json.loads(loaded.ok("image", "list", "--format", "json"))[0]
    if is_new(loaded):
        assert row == shown and set(row) == {"configuration", "id", "variants"}
        assert set(row["configuration"]) == {"creationDate", "descriptor", "name"}
        assert row["configuration"]["name"] == "tiny:1"
        assert row["configuration"]["creationDate"] == "2026-01-02T03:04:05Z"
        descriptor = row["configuration"]["descriptor"]
        assert row["id"] == descriptor["digest"].removeprefix("sha256:")
        assert set(row["variants"][0]) == {"config", "digest", "platform", "size"}
    else:
        assert set(row) == {"descriptor", "fullSize", "reference"} and row["reference"] == "tiny:1"
        assert set(shown) == {"index", "name", "variants"} and shown["name"] == "tiny:1"
        descriptor = shown["index"]
        assert set(shown["variants"][0]) == {"config", "platform", "size"}
    assert descriptor["mediaType"] == INDEX and len(descriptor["digest"]) == 71
    config = shown["variants"][0]["config"]
    assert config["config"]["Labels"] == {"tiny": "1"} and "User" not in config["config"]
    assert config["rootfs"]["type"] == "layers" and config["os"] == "linux"
    listing = loaded.ok("image", "list", "--format", "json")
    assert ("\\/" in listing) is not at_least(loaded, "1.4.0")
    inspection = loaded.ok("image", "inspect", "tiny:1")
    assert inspection.startswith("[\n  {") is is_new(loaded)


@pytest.mark.real
def test_a_built_image_has_an_attestation_among_its_variants(tiny: Standin, tmp_path: Path) -> None:
    tiny.ok("build", "-t", "made", "-f", "-", str(tmp_path), stdin="FROM tiny:1\n")
    shown = json.loads(tiny.ok("image", "inspect", "made"))[0]
    architectures = [variant["platform"]["architecture"] for variant in shown["variants"]]
    assert len(architectures) == 2 and "unknown" in architectures
    assert (
        shown["configuration"]["descriptor"]["annotations"]["com.apple.containerization.image.name"]
        == "made:latest"
    )
    tiny.ok("image", "tag", "made", "other:2")
    assert sorted(tiny.ok("image", "list", "-q").split()) == [
        "docker.io/library/other:2",
        "made:latest",
        "tiny:1",
    ]
    assert json.loads(tiny.ok("image", "inspect", "other:2"))[0]["id"] == shown["id"]
    assert tiny.run("image", "inspect", "docker.io/library/made").returncode == 1


@pytest.mark.real
def test_networks(standin: Standin, archive: object) -> None:
    assert archive is not None
    shown = json.loads(standin.ok("network", "inspect", "default"))[0]
    assert shown["id"] == "default" and set(shown["status"]) == {"ipv4Gateway", "ipv4Subnet"}
    if is_new(standin):
        configuration = shown["configuration"]
        assert set(configuration) == {"creationDate", "labels", "mode", "name", "options", "plugin"}
        assert configuration["labels"] == {"com.apple.container.resource.role": "builtin"}
    else:
        assert set(shown) == {"config", "id", "state", "status"} and shown["config"]["mode"] == "nat"
    refused(standin, "network", "create", "Bad", text="Bad")
    refused(standin, "network", "create", "--label", "UP=1", "fine", text="label")
    refused(standin, "network", "delete", "default", text="default")
    standin.ok("network", "create", "--internal", "wire")
    assert standin.ok("network", "list", "-q").split() == ["default", "wire"]
    assert standin.ok("network", "prune") == "wire\n"


def test_status_and_version(standin: Standin) -> None:
    status = json.loads(standin.ok("system", "status", "--format", "json"))
    version = standin.env["CONTAINER_STANDIN_VERSION"]
    client, server = json.loads(standin.ok("system", "version", "--format", "json"))
    assert client == {"appName": "container", "buildType": "release", "commit": "abc1234", "version": version}
    sentence = f"container-apiserver version {version} (build: release, commit: abc1234)"
    if at_least(standin, "1.4.0"):
        assert set(status) == {"client", "paths", "server", "status"}
        assert status["server"] == {
            "appName": "container-apiserver", "build": "release", "commit": "abc1234", "version": version,
        }  # fmt: skip
        assert server["version"] == version
    else:
        flat = "apiServerAppName apiServerBuild apiServerCommit apiServerVersion appRoot installRoot status"
        assert set(status) == set(flat.split())
        assert server["version"] == status["apiServerVersion"] == sentence


@pytest.mark.real
def test_optional_keys_are_absent_and_the_start_date_stays_until_the_service_restarts(
    loaded: Standin,
) -> None:
    keep_running(loaded, "one")
    loaded.ok("stop", "-t", "1", "one")
    row = listed(loaded)["one"]
    assert "startedDate" in (row["status"] if is_new(loaded) else row)
    for key in ("shmSize", "stopSignal", "maskedPaths", "readonlyPaths"):
        assert key not in row["configuration"]
    assert "domain" not in row["configuration"]["dns"]
    assert ("cpuOverhead" in row["configuration"]["resources"]) is is_new(loaded)
    loaded.ok("system", "stop")
    loaded.ok("system", "start")
    row = listed(loaded)["one"]
    assert "startedDate" not in (row["status"] if is_new(loaded) else row)


@pytest.mark.real
def test_releases_before_0_10_list_everything_in_their_words(archive: object) -> None:
    with apple_standin("0.9.0") as standin:
        standin.ok("image", "load", "-i", str(archive))
        standin.ok("create", "--name", "one", "tiny:1")
        row = json.loads(standin.ok("list", "--format", "json"))[0]
        assert (row["status"], "useInit" in row["configuration"], "capAdd" in row["configuration"]) == (
            "stopped", False, False,
        )  # fmt: skip
        assert standin.ok("list", "-q") == ""
        error = refused(standin, "start", "nobody")
        assert error == 'Error: notFound: "get failed: container nobody not found"\n'
        refused(standin, "system", "status", "--format", "json", code=64, text="Unknown option '--format'")
        refused(standin, "system", "version", code=64, text="Unexpected argument 'version'")


@pytest.mark.real
def test_list_in_every_form(tiny: Standin) -> None:
    keep(tiny, "one")
    assert tomllib.loads(tiny.ok("list", "-a", "--format", "toml"))["items"][0]["id"] == "one"
    assert '  id: "one"' in tiny.ok("list", "-a", "--format", "yaml")
    assert tiny.ok("list", "-a").splitlines()[0].split()[:2] == ["ID", "IMAGE"]
    assert tiny.ok("list", "-a", "-q", "--format", "json").startswith("[{")
    assert tiny.ok("ls", "-aq") == "one\n"


@pytest.mark.real
def test_all_and_prune(tiny: Standin) -> None:
    keep_running(tiny, "up")
    keep(tiny, "down")
    assert tiny.ok("delete", "--all") == "down\n"
    keep(tiny, "down")
    done = tiny.run("prune")
    assert (done.stdout, done.returncode) == ("down\n", 0) and "Reclaimed" in done.stderr
    assert tiny.ok("stop", "-a", "-t", "1") == "up\n"
    tiny.ok("start", "up")
    assert tiny.ok("stop", "-s", "KILL", "up") == "up\n"
    assert state_of(tiny, "up") == "stopped"
    assert tiny.ok("rm", "-a", "-f") == "up\n"
    newest = tiny.another("1.4.1")
    assert newest.ok("clean") == ""


def test_builder(newest: Standin) -> None:
    assert newest.ok("builder", "status") == "builder is not running\n"
    refused(newest, "builder", "stop", text="builder is not running")
    newest.ok("builder", "start", "-c", "3", "-m", "1g")
    assert newest.ok("builder", "status", "-q") == "buildkit\n"
    row = json.loads(newest.ok("builder", "status", "--format", "json"))[0]
    assert row["configuration"]["resources"] == {"cpuOverhead": 1, "cpus": 3, "memoryInBytes": 1 << 30}
    assert row["configuration"]["capAdd"] == ["ALL"] and row["status"]["state"] == "running"
    refused(newest, "builder", "delete", text="not stopped")
    refused(newest, "delete", "buildkit", text="is running and can not be deleted")
    assert newest.ok("stop", "buildkit") == "buildkit\n"
    assert newest.ok("list", "-q") == "" and newest.ok("list", "-a", "-q") == "buildkit\n"
    newest.ok("builder", "delete")
    assert newest.ok("list", "-a", "-q") == ""


def test_system(newest: Standin) -> None:
    usage = json.loads(newest.ok("system", "df", "--format", "json"))
    assert set(usage) == {"containers", "images", "volumes"}
    assert set(usage["images"]) == {"active", "reclaimable", "sizeInBytes", "total"}
    assert newest.ok("system", "logs", "--last", "1m") == ""
    assert tomllib.loads(newest.ok("system", "property", "list"))["container"]["cpus"] == 4
    refused(newest, "system", "property", "get", "x", code=64)
    old = newest.another("0.12.3")
    old.ok("system", "property", "set", "build.rosetta", "false")
    assert old.ok("system", "property", "get", "build.rosetta") == "false\n"
    old.ok("system", "property", "clear", "build.rosetta")
    refused(old, "system", "property", "get", "no.such", text="unknown property")
    refused(newest, "system", "kernel", "set", code=64, text="--recommended")
    refused(newest, "system", "kernel", "set", "--recommended", text="--force")
    refused(newest, "system", "start", "--enable-kernel-install", "--disable-kernel-install", code=64)


@pytest.mark.real
def test_volumes(tiny: Standin) -> None:
    assert tiny.ok("volume", "create", "--label", "a=b", "-s", "1g", "disk") == "disk\n"
    shown = json.loads(tiny.ok("volume", "inspect", "disk"))[0]["configuration"]
    assert (shown["labels"], shown["sizeInBytes"], shown["format"]) == ({"a": "b"}, 1 << 30, "ext4")
    refused(tiny, "volume", "create", "disk", text="already exists")
    refused(tiny, "volume", "create", "-bad", code=64)
    done = tiny.run("create", "--name", "user", "-v", "fresh:/f", "-v", "/anonymous", "tiny:1")
    assert done.returncode == 0 and "fresh" in done.stderr
    mounts = listed(tiny)["user"]["configuration"]["mounts"]
    assert mounts[0]["type"] == {
        "volume": {"cache": {"on": {}}, "format": "ext4", "name": "fresh", "sync": {"fsync": {}}}
    }
    assert mounts[0]["source"].endswith("volume.img") and "anonymous" not in mounts[0]
    assert tiny.ok("volume", "prune") == "disk\n"
    assert len(tiny.ok("volume", "list", "-q").split()) == 2
