"""The modes: what is down, wedged, old, skewed or gone."""

from __future__ import annotations

import json
import shutil
import subprocess
import time

import pytest

from tests.apple.conftest import under_test
from tests.apple.look import keep, keep_running, listed, refused
from tests.standins.apple.fixture import Standin, apple_standin

DOWN = "Ensure container system service has been started with `container system start`."
CALLS = [
    ("list",),
    ("create", "x"),
    ("run", "x"),
    ("image", "list"),
    ("stop", "a"),
    ("exec", "a", "b"),
]


def test_service_down_until_it_is_started(version: str) -> None:
    with apple_standin(version, "service-down") as made:
        standin = under_test(made)
        for words in CALLS:
            error = refused(standin, *words, text="XPC connection error: Connection invalid")
            assert DOWN in error
        assert standin.run("system", "status").returncode == 1
        standin.ok("system", "start", "--enable-kernel-install")
        assert json.loads(standin.ok("list", "--format", "json")) == []
        standin.ok("system", "stop")
        refused(standin, "list", text=DOWN)


def test_service_broken_does_not_come_up() -> None:
    with apple_standin("1.2.2", "service-broken") as made:
        done = under_test(made).run("system", "start", "--enable-kernel-install")
        assert done.returncode == 1 and "failed to get a response from apiserver" in done.stderr
        assert under_test(made).run("system", "status").returncode == 1


def test_wedged_hangs_on_everything_but_version_and_help() -> None:
    with apple_standin("1.2.2", "wedged", hang=1) as made:
        standin = under_test(made)
        assert standin.run("--version").returncode == standin.run("--help").returncode == 0
        assert standin.run("list", "--help").returncode == 0
        for words in (("list",), ("system", "status"), ("system", "start"), ("system", "version")):
            began = time.monotonic()
            done = standin.run(*words)
            assert done.returncode == 75 and done.stdout == "" and time.monotonic() - began > 1, words


def test_wedged_hangs_for_good_and_ends_on_a_signal() -> None:
    with apple_standin("1.2.2", "wedged", hang=None) as made:
        client = subprocess.Popen([str(under_test(made).launcher), "list"], env=made.env)
        with pytest.raises(subprocess.TimeoutExpired):
            client.wait(2)
        client.terminate()
        assert client.wait(5) == 143


def test_skew_is_visible_and_heals_on_a_restart() -> None:
    with apple_standin("1.2.2", "skew") as made:
        standin = under_test(made)
        rows = json.loads(standin.ok("system", "version", "--format", "json"))
        assert [row["version"].split(" (")[0] for row in rows] == [
            "1.2.2",
            "container-apiserver version 1.0.0",
        ]
        assert standin.ok("list", "-q") == ""
        standin.ok("system", "stop")
        standin.ok("system", "start")
        rows = json.loads(standin.ok("system", "version", "--format", "json"))
        assert "version 1.2.2 " in rows[1]["version"]


def test_an_upgrade_without_a_restart_is_skew() -> None:
    with apple_standin("1.2.2") as made:
        standin = under_test(made)
        standin.ok("list")
        newer = standin.another("1.4.1")
        rows = json.loads(newer.ok("system", "version", "--format", "json"))
        assert [row["version"] for row in rows] == ["1.4.1", "1.2.2"]


def test_skew_that_cannot_be_decoded_stops_what_pings() -> None:
    with apple_standin("1.4.1", "skew-undecodable") as made:
        standin = under_test(made)
        for words in (("create", "x"), ("run", "x")):
            refused(standin, *words, text="in health check")
        assert standin.ok("list", "-q") == ""
        done = standin.run("system", "status", "--format", "json")
        assert (done.returncode, json.loads(done.stdout)) == (1, {"status": "not running"})
        assert len(json.loads(standin.ok("system", "version", "--format", "json"))) == 1


def test_without_a_kernel_start_asks_and_create_fails() -> None:
    with apple_standin("1.2.2", "no-kernel,service-down") as made:
        standin = under_test(made)
        done = standin.run("system", "start")
        assert done.returncode == 1 and "failed to read user input" in done.stderr and "[Y/n]" in done.stdout
        assert standin.run("system", "start", "--disable-kernel-install").returncode == 0
        assert "Installing kernel" in standin.ok("system", "start", stdin="y\n")
        assert "Installing kernel" not in standin.ok("system", "start")


def test_macos_15_has_no_network_group() -> None:
    with apple_standin("1.2.2", "macos15") as made:
        refused(under_test(made), "network", "list", code=64, text="Plugin 'container-network' not found.")


def test_slow_takes_its_time() -> None:
    with apple_standin("1.2.2", "slow:1.5") as made:
        began = time.monotonic()
        under_test(made).ok("list", "-q")
        assert time.monotonic() - began > 1.5


@pytest.mark.real
def test_a_kernel_must_be_there_to_create(archive: object) -> None:
    with apple_standin("1.2.2", "no-kernel") as made:
        standin = under_test(made)
        standin.ok("image", "load", "-i", str(archive))
        refused(standin, "create", "tiny:1", text="default kernel not configured")
        standin.ok("system", "kernel", "set", "--recommended")
        standin.ok("create", "--name", "well", "tiny:1")


@pytest.mark.real
def test_an_old_kernel_shows_and_stays_until_the_container_is_made_anew(archive: object) -> None:
    with apple_standin("1.2.2", "old-kernel") as made:
        standin = under_test(made)
        standin.ok("image", "load", "-i", str(archive))
        keep_running(standin, "old")
        assert standin.ok("exec", "old", "uname", "-r") == "6.12.28\n"
        standin.ok("system", "kernel", "set", "--recommended", "--force")
        standin.ok("stop", "old")
        standin.ok("start", "old")
        assert standin.ok("exec", "old", "uname", "-r") == "6.12.28\n"
        standin.ok("delete", "-f", "old")
        keep_running(standin, "old")
        assert standin.ok("exec", "old", "uname", "-r") == "6.18.15\n"


@pytest.mark.real
def test_the_old_kernel_has_no_nf_tables(archive: object) -> None:
    nft = shutil.which("nft")
    if nft is None:
        pytest.skip("needs nft on the host to try it")
    libraries = (
        "-v",
        "/usr:/usr:ro",
        "-v",
        "/lib:/lib:ro",
        "-v",
        "/lib64:/lib64:ro",
        "-v",
        "/etc:/hostetc:ro",
    )
    for mode, works in (("old-kernel", False), ("", True)):
        with apple_standin("1.2.2", mode) as made:
            standin = under_test(made)
            standin.ok("image", "load", "-i", str(archive))
            keep_running(standin, "wall", "--cap-add", "NET_ADMIN", *libraries)
            done = standin.run("exec", "-u", "0", "wall", nft, "list", "tables")
            assert (done.returncode == 0) is works, done.stderr


@pytest.mark.real
def test_a_container_vanishes_before_the_next_call_or_a_certain_one(tiny: Standin) -> None:
    keep_running(tiny, "gone")
    keep_running(tiny, "later")
    now = tiny.another(mode="vanish:gone,vanish:later@start")
    assert set(listed(now)) == {"later"}
    refused(now, "start", "later", text="get failed: container later not found")
    assert listed(now) == {}
    keep(now, "gone")
    assert set(listed(now)) == {"gone"}


@pytest.mark.real
def test_a_container_that_podman_lost_is_gone(tiny: Standin) -> None:
    keep_running(tiny, "lost")
    subprocess.run(
        ["podman", "rm", "-f", "-t", "0", tiny.podman_name("lost")], check=True, capture_output=True
    )
    assert listed(tiny) == {}
