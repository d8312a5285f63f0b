"""Behaviours 1 to 11 that Apple's own tests assert; the number is in each test's name."""

from __future__ import annotations

import calendar
import json
import time

import pytest

from tests.apple.look import is_new, keep, keep_running, listed, refused, state_of
from tests.standins.apple.fixture import Standin

pytestmark = pytest.mark.real

CONFIGURATION = {
    "capAdd",
    "capDrop",
    "creationDate",
    "dns",
    "id",
    "image",
    "initProcess",
    "labels",
    "mounts",
    "networks",
    "platform",
    "publishedPorts",
    "publishedSockets",
    "readOnly",
    "resources",
    "rosetta",
    "runtimeHandler",
    "ssh",
    "sysctls",
    "useInit",
    "virtualization",
}
PROCESS = {
    "arguments",
    "environment",
    "executable",
    "rlimits",
    "supplementalGroups",
    "terminal",
    "user",
    "workingDirectory",
}


def test_01_create_prints_the_id_and_the_state_is_stopped(loaded: Standin) -> None:
    done = loaded.run("create", "--name", "one", "tiny:1", "sleep", "infinity")
    assert (done.returncode, done.stdout) == (0, "one\n")
    assert state_of(loaded, "one") == "stopped"
    unnamed = loaded.ok("create", "tiny:1").strip()
    assert len(unnamed) == 36 and unnamed == unnamed.lower()
    assert set(listed(loaded)) == {"one", unnamed}
    assert json.loads(loaded.ok("list", "--format", "json")) == []


def test_02_start_prints_the_id_and_may_be_repeated(loaded: Standin) -> None:
    keep(loaded, "two")
    for _ in range(2):
        assert loaded.ok("start", "two") == "two\n"
    assert state_of(loaded, "two") == "running"
    refused(
        loaded, "start", "-a", "two", text="attach is currently unsupported on already running containers"
    )
    refused(loaded, "start", "nobody", text="get failed: container nobody not found")


def test_03_stop_is_idempotent_and_refuses_the_unknown(loaded: Standin) -> None:
    keep_running(loaded, "three")
    for _ in range(2):
        assert loaded.ok("stop", "three") == "three\n"
    assert state_of(loaded, "three") == "stopped"
    refused(loaded, "stop", "nobody", text="container with ID nobody not found")
    refused(loaded, "stop", text="no containers specified and --all not supplied")


def test_04_delete_wants_force_for_the_running_and_counts_once(loaded: Standin) -> None:
    keep_running(loaded, "four")
    refused(loaded, "delete", "four", text="container four is running and can not be deleted")
    assert state_of(loaded, "four") == "running"
    assert loaded.ok("rm", "-f", "four", "four") == "four\n"
    keep(loaded, "five")
    assert loaded.ok("delete", "five", "five") == "five\n"
    assert listed(loaded) == {}
    refused(loaded, "delete", text="no containers specified")
    refused(loaded, "delete", "--all", "four", text="conflict with the --all flag")
    refused(loaded, "delete", "four", text="container with ID four not found")


def test_05_inspect_of_the_unknown(standin: Standin) -> None:
    if is_new(standin):
        refused(standin, "inspect", "nobody", text="Error: container not found: nobody")
    else:
        assert standin.ok("inspect", "nobody") == "[]\n"


def test_06_image_and_network_inspect_of_the_unknown(loaded: Standin) -> None:
    done = loaded.run("image", "inspect", "tiny:1", "nobody")
    assert done.returncode == 1
    assert "image not found: nobody" in done.stderr
    assert (done.stdout == "") == is_new(loaded)
    if is_new(loaded):
        refused(loaded, "network", "inspect", "nobody", text="network not found: nobody")
    else:
        assert json.loads(loaded.ok("network", "inspect", "nobody")) == []


def test_07_json_has_the_keys_dates_and_disorder_of_the_release(loaded: Standin) -> None:
    for name in ("aa", "bb", "cc"):
        keep(loaded, name, "-l", "k=v")
    keep_running(loaded, "dd")
    loaded.ok("builder", "start")
    rows = listed(loaded)
    assert set(rows) == {"aa", "bb", "cc", "dd", "buildkit"}
    assert rows["buildkit"]["configuration"]["labels"]["com.apple.container.plugin"] == "builder"
    created, running = rows["aa"], rows["dd"]
    assert set(created["configuration"]["initProcess"]) == PROCESS
    assert created["configuration"]["labels"] == {"k": "v"}
    if is_new(loaded):
        assert set(created["configuration"]) == CONFIGURATION
        assert (set(created), set(created["status"])) == (
            {"configuration", "id", "status"},
            {"networks", "state"},
        )
        assert set(running["status"]) == {"networks", "startedDate", "state"}
        network, started = running["status"]["networks"][0], running["status"]["startedDate"]
        assert abs(calendar.timegm(time.strptime(started, "%Y-%m-%dT%H:%M:%SZ")) - time.time()) < 60
    else:
        assert set(created["configuration"]) == CONFIGURATION - {"creationDate"}
        assert set(created) == {"configuration", "networks", "status"}
        assert set(running) == {"configuration", "networks", "startedDate", "status"}
        network = running["networks"][0]
        assert abs(running["startedDate"] + 978307200 - time.time()) < 60
    assert {"network", "hostname", "ipv4Address", "ipv4Gateway"} <= set(network)
    orders = {tuple(json_order(loaded)) for _ in range(12)}
    assert len(orders) > 1


def json_order(standin: Standin) -> list[str]:
    """The ids in the order in which they are listed."""
    return standin.ok("list", "-a", "-q").split()


def test_08_exec_passes_the_exit_code_on_and_fails_with_1(loaded: Standin) -> None:
    keep(loaded, "eight")
    refused(loaded, "exec", "eight", "true", text="container eight is not running")
    refused(loaded, "exec", "nobody", "true", text="get failed: container nobody not found")
    loaded.ok("start", "eight")
    assert loaded.run("exec", "eight", "sh", "-c", "exit 42").returncode == 42
    assert loaded.run("exec", "eight", "sh", "-c", "kill -9 $$").returncode == 137
    assert loaded.run("exec", "eight", "sh", "-c", "exit 127").returncode == 127
    for missing in ("nothing-like-it", "/bin/nothing", "/bin/plain"):
        began = time.monotonic()
        refused(loaded, "exec", "eight", missing, text=f"failed to find target executable {missing}")
        assert time.monotonic() - began < 20


def test_09_exec_detached_prints_the_container_id(loaded: Standin) -> None:
    keep_running(loaded, "nine")
    assert loaded.ok("exec", "-d", "nine", "sh", "-c", "sleep 1; touch /tmp/done") == "nine\n"
    deadline = time.monotonic() + 15
    while loaded.run("exec", "nine", "test", "-e", "/tmp/done").returncode != 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_10_exec_inherits_environment_directory_and_user(loaded: Standin) -> None:
    keep_running(loaded, "ten", "-e", "MADE=at-create", "-w", "/work/deep", "-u", "agent")
    text = 'echo "$IMAGE $MADE $(pwd) $(id -un) $HOME"'
    assert loaded.ok("exec", "ten", "sh", "-c", text) == "from-image at-create /work/deep agent /home/agent\n"
    assert (
        loaded.ok("exec", "-u", "0", "-w", "/made/here", "ten", "sh", "-c", "pwd; id -u") == "/made/here\n0\n"
    )
    assert loaded.run("exec", "-u", "nobody", "ten", "cat", "/etc/shadow").returncode != 0
    assert loaded.run("exec", "-u", "root", "ten", "cat", "/etc/shadow").returncode == 0
    assert loaded.ok("exec", "-u", "1000:65534", "ten", "id", "-g").strip() == "65534"


def test_11_exec_env_is_appended_and_the_old_value_wins(loaded: Standin) -> None:
    keep_running(loaded, "eleven", "-e", "MADE=at-create")
    show = ("eleven", "sh", "-c", 'echo "$IMAGE $MADE $FRESH $BARE"')
    flags = ("-e", "IMAGE=new", "-e", "MADE=new", "-e", "FRESH=new", "-e", "BARE", "-e", "UNSET_HERE")
    done = loaded.ok("exec", *flags, *show, env={"BARE": "inherited"})
    assert done == "from-image at-create new inherited\n"
    assert loaded.ok("exec", "eleven", "env", "MADE=inner", "sh", "-c", "echo $MADE") == "inner\n"
