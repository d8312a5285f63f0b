"""The life of a container: what it refuses, who the agent is, how fast it stops."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from contenant.core.values import Mount
from contenant.engines.base import Engine
from tests.image.containers import FIREWALL, Box, eventually, make_box, new_id

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    "env",
    [
        {"CONTENANT_UID": "0"},
        {"CONTENANT_GID": "0"},
        {"CONTENANT_UID": "00"},
        {"CONTENANT_UID": "-1"},
        {"CONTENANT_UID": "x"},
        {"CONTENANT_UID": "4294967295"},
        {"CONTENANT_UID": "64971"},
        {"CONTENANT_GID": "64972"},
        {"CONTENANT_UID": "1000; id"},
    ],
    ids=str,
)
def test_bad_ids_are_refused(podman_engine: Engine, image: str, tmp_path: Path, env: dict[str, str]) -> None:
    box = make_box(podman_engine, image, tmp_path / "box", ready=False, **env)
    try:
        eventually(lambda: not box.running(), 20)
        assert box.exit_code() == 96
        (name,) = env
        assert f"contenant: {name}={env[name]}" in box.logs()
    finally:
        box.engine.remove(box.name)


def test_without_a_firewall_nothing_starts(quiet_box: Callable[..., Box], tmp_path: Path) -> None:
    box = quiet_box(Mount(str(tmp_path), FIREWALL, True), firewall=False, ready=False)
    eventually(lambda: not box.running())
    assert box.exit_code() == 97
    assert "the firewall is missing" in box.logs()
    assert box.run("true").code != 0


def test_a_firewall_that_is_not_proven_ends_the_container(
    quiet_box: Callable[..., Box], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    for name, deed in (("up", "echo contenant: firewall: broken >&2; exit 1"), ("check", "exit 0")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{deed}\n")
        (tmp_path / name).chmod(0o755)
    box = quiet_box(Mount(str(tmp_path), FIREWALL, True), firewall=False, ready=False)
    eventually(lambda: not box.running())
    assert box.exit_code() == 97
    assert "broken" in box.logs()


def test_no_session_before_the_firewall_stands(quiet_box: Callable[..., Box], tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name, deed in (("up", "sleep 2"), ("check", "exit 0")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{deed}\n")
        (tmp_path / name).chmod(0o755)
    box = quiet_box(Mount(str(tmp_path), FIREWALL, True), firewall=False, ready=False)
    began = time.monotonic()
    assert box.run("true").code == 0
    assert time.monotonic() - began > 1.5


def test_the_agent_has_the_projects_ids(quiet_box: Callable[..., Box]) -> None:
    box = quiet_box(owner=(33, 4321), CONTENANT_UID="33", CONTENANT_GID="4321")  # 33 is Debian's www-data
    assert box.run("id").out == "uid=33(claude) gid=4321(claude) groups=4321(claude)\n"
    assert box.run("sh", "-c", "echo x >file; cat ~/.claude.json >/dev/null; touch ~/mine").code == 0
    status = (box.project / "file").stat()
    assert (status.st_uid, status.st_gid) == (33, 4321)
    assert box.execute("find", "/home/claude", "!", "-user", "33").out == ""


def test_a_restart_keeps_the_agent_and_its_files(quiet_box: Callable[..., Box]) -> None:
    box = quiet_box(owner=(501, 20), CONTENANT_UID="501", CONTENANT_GID="20")  # a macOS user
    assert box.run("sh", "-c", "echo kept >~/note; chmod 700 ~").code == 0
    box.engine.stop(box.name)
    assert box.execute("true").code != 0
    box.engine.start(box.name)
    done = box.run("sh", "-c", "id -u; cat ~/note")
    assert (done.code, done.out) == (0, "501\nkept\n")


def test_a_mark_of_an_earlier_start_does_not_count(quiet_box: Callable[..., Box], tmp_path: Path) -> None:
    box = quiet_box()
    before = box.execute("cat", "/run/contenant/ready").out
    box.engine.stop(box.name)
    box.engine.start(box.name)
    eventually(lambda: box.run("true").code == 0)
    assert box.execute("cat", "/run/contenant/ready").out != before


@pytest.mark.parametrize("busy", [False, True])
def test_it_stops_within_two_seconds(quiet_box: Callable[..., Box], busy: bool) -> None:
    box, one = quiet_box(), new_id()
    if busy:
        screen = box.screen(
            "attach", one, "--", "bash", "-c", "trap '' TERM; echo up; sleep 60; sleep 60", TERM="xterm"
        )
        screen.wait_for("up")
    began = time.monotonic()
    box.engine.stop(box.name, 10)
    assert time.monotonic() - began < 2
    assert box.exit_code() == 0


def test_a_stop_tells_the_agent_and_keeps_its_code(quiet_box: Callable[..., Box]) -> None:
    box, one = quiet_box(), new_id()
    script = "trap 'echo told >/project/told; exit 8' TERM; echo up; while :; do sleep 0.1; done"
    screen = box.screen("attach", one, "--", "bash", "-c", script, TERM="xterm")
    screen.wait_for("up")
    box.engine.stop(box.name, 10)
    assert (box.project / "told").read_text() == "told\n"
    assert (box.sessions / f"{one}.exit").read_text() == "8\n"


def test_orphans_are_reaped(quiet_box: Callable[..., Box]) -> None:
    box = quiet_box(CONTENANT_KEEP="1")
    assert box.run("sh", "-c", "for i in 1 2 3; do setsid sh -c 'sleep 0.2' & done; exit 0").code == 0
    time.sleep(1)
    assert "Z" not in box.execute("ps", "-eo", "stat=").out


def test_the_supervisor_starts_no_processes_while_nothing_happens(quiet_box: Callable[..., Box]) -> None:
    box = quiet_box()
    first = int(box.execute("sh", "-c", "sh -c 'echo $$'").out)
    time.sleep(4)
    assert int(box.execute("sh", "-c", "sh -c 'echo $$'").out) - first < 8, "ids are the container's own"
