"""Sessions with nobody at them, on real engines: begun, followed, typed into, come back to, waited for."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import LINUX, Contenant, wait_for
from tests.real.test_agent import KEY, Api, Tmux, api

__all__ = ["api"]

pytestmark = pytest.mark.real
ENGINES = (*LINUX, "container-1.2.2")
COUNTING = 'i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "line $i"; sleep 0.1; done; echo end >&2; exit 7'


def sessions(contenant: Contenant, project: Path) -> dict[str, Any]:
    """Id -> what is on record of it."""
    return {row["subject"]: row["data"] for row in contenant.history(project, "--kind", "session")}


def test_a_command_lives_without_contenant_and_its_container_ends_after_it(
    contenant: Contenant, project: Path
) -> None:
    one = contenant.ok("run", "-d", "--", "sh", "-c", COUNTING, cwd=project).strip()
    (row,) = contenant.rows(project)
    assert (row["state"], row["sessions_live"]) == ("running", 1)
    # Another session ends meanwhile, and one that contenant shows is killed with it: the container stays.
    contenant.ok("--", "true", cwd=project)
    follower = contenant.start("attach", one, cwd=project)
    assert follower.stdout is not None and follower.stdout.readline().startswith(b"line ")
    follower.send_signal(signal.SIGINT)
    assert follower.wait(20) == 130
    followed = contenant.ok("logs", "-f", cwd=project).splitlines()
    assert followed == [*(f"line {number}" for number in range(1, 41)), "end"]
    done = contenant("wait", one, cwd=project)
    assert (done.returncode, done.stdout) == (7, "7\n"), done.stderr
    assert contenant.ok("logs", "--tail", "2", one, cwd=project) == "line 40\nend\n"
    ended = sessions(contenant, project)[one]
    assert (ended["how"], ended["exit_code"], ended["tty"], ended["detachable"]) == (
        *("detached-exit", 7),
        *(False, True),
    )
    wait_for(lambda: contenant.rows(project)[0]["state"] == "stopped", 30, "the container's own end")
    missing = contenant("run", "-d", "--", "nosuch", cwd=project)
    assert (missing.returncode, missing.stdout) == (127, ""), missing.stderr
    assert "nosuch: command not found" in missing.stderr
    assert contenant("send", "x", cwd=project).returncode == 4


def test_what_it_says_is_bounded_and_neither_read_nor_changed_by_the_agent(
    contenant: Contenant, project: Path
) -> None:
    """20 MiB: the newest 8 to 16 are kept. The agent reaches neither the files nor the recorder."""
    flood = "head -c 20971520 /dev/zero | tr '\\0' x; echo; echo done"
    attack = f"ls /var/lib/contenant/sessions; kill -9 $PPID; {flood}"
    one = contenant.ok("run", "-d", "--", "sh", "-c", attack, cwd=project).strip()
    assert contenant("wait", one, cwd=project).returncode == 0
    kept = contenant.ok("logs", cwd=project)
    assert kept.endswith("x\ndone\n")
    assert 8 * 1024**2 <= len(kept) <= 16 * 1024**2
    contenant.ok("stop", cwd=project)
    ended = sessions(contenant, project)
    cut = contenant.ok(
        "run", "-d", "--", "sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.1; done", cwd=project
    )
    refused = contenant("stop", cwd=project)
    assert refused.returncode == 1 and "1 live session" in refused.stdout
    contenant.ok("stop", "--force", cwd=project)
    assert ended[one]["exit_code"] == 0
    assert sessions(contenant, project)[cut.strip()]["exit_code"] == 9
    assert contenant("wait", cut.strip(), cwd=project).returncode == 9


def test_an_agent_is_typed_into_and_come_back_to_and_tells_what_it_does(api: Api) -> None:
    """First a whole turn by itself, then one on a terminal; both against the stand-in API."""
    contenant, project = api.contenant, api.project

    def activity() -> str:
        word: str = contenant.rows(project)[0]["activity"]
        return word

    begin = ("run", "-d", "--env", "NODE_EXTRA_CA_CERTS=/standin/ca.crt")
    turn = (*begin, "--", "claude", "-p", "say hi")
    one = contenant.ok(*turn, cwd=project, env={"ANTHROPIC_API_KEY": KEY}).strip()
    assert contenant("wait", one, cwd=project).returncode == 0
    assert contenant.ok("logs", one, cwd=project) == "Hi from the stand-in.\n"
    assert api.turns()
    one = contenant.ok(*begin, cwd=project, env={"ANTHROPIC_API_KEY": KEY}).strip()
    wait_for(lambda: activity() == "idle", 60, "the agent's start")
    folder = contenant.home / "state" / "homes" / api.name / "agent" / "contenant-activity"
    time.sleep(2)  # it has drawn its prompt and reads keys
    contenant.ok("send", "use bash: sleep 6; echo ran >>/project/ran", cwd=project)
    wait_for(lambda: activity() == "working", 30, "the turn's beginning")
    screen = Tmux(contenant, project, "attach", one, "--notify", given={})
    try:
        wait_for(lambda: "use bash: sleep 6" in screen.text(), 30, screen.text())
        second = contenant.start("attach", one, cwd=project)  # without a terminal
        assert second.wait(30) == 2
        wait_for(lambda: activity() == "idle", 60, "the turn's end")
        assert (project / "ran").read_text() == "ran\n"
        wait_for(lambda: "Hi from the stand-in." in screen.text(), 20, "the turn's answer")
        screen.kill()
    finally:
        screen.close()
    (row,) = contenant.rows(project)
    assert (row["sessions_live"], row["state"]) == (1, "running")
    screen = Tmux(contenant, project, "attach", given={})
    try:
        wait_for(lambda: "Hi from the stand-in." in screen.text(), 30, "the session of one that was killed")
    finally:
        screen.close()  # now contenant is gone with its terminal
    screen = Tmux(contenant, project, given={})
    try:
        wait_for(lambda: "Hi from the stand-in." in screen.text(), 30, "the same session, by contenant alone")
        contenant.ok("send", "--no-enter", one, "--", "-dash; $(x)", cwd=project)
        wait_for(lambda: "-dash; $(x)" in screen.text(), 20, "the text as it is")
        screen.type("C-u")
        wait_for(lambda: "-dash" not in screen.text(), 20, "an empty line")
    finally:
        screen.close()
    contenant.ok("send", one, "/exit", cwd=project)
    assert contenant("wait", one, cwd=project, timeout=60).returncode == 0
    assert not list(folder.iterdir()), "the end of the session takes its word away"
    assert contenant("attach", one, cwd=project).returncode == 4
    assert b"Hi from the stand-in." in contenant("logs", one, cwd=project).stdout.encode(errors="replace")


@pytest.mark.engines("podman")
def test_the_desktop_is_told_when_the_agent_asks(api: Api) -> None:
    """The agent's own Notification hook: it wants a permission, and nobody looks at its terminal."""
    contenant, project = api.contenant, api.project
    told, programs = project.parent / "told", project.parent / "programs"
    programs.mkdir()
    (programs / "notify-send").write_text(f'#!/bin/sh\necho "$@" >>{told}\n')
    (programs / "notify-send").chmod(0o755)
    asking = ("claude", "--permission-mode", "default")
    screen = Tmux(
        *(
            contenant,
            project,
            "run",
            "--notify",
            "--env",
            "NODE_EXTRA_CA_CERTS=/standin/ca.crt",
            "--",
            *asking,
        ),
        given={"ANTHROPIC_API_KEY": KEY, "PATH": f"{programs}:{contenant.env['PATH']}"},
    )
    try:
        wait_for(lambda: contenant.rows(project)[0]["activity"] == "idle", 60, "the agent's start")
        time.sleep(2)  # it has drawn its prompt and reads keys
        screen.type("use bash: touch /project/asked", "Enter")
        wait_for(lambda: contenant.rows(project)[0]["activity"] == "waiting", 60, screen.text())
        wait_for(lambda: told.exists(), 20, "the notification")
        assert "the agent waits for you" in told.read_text()
        assert not (project / "asked").exists()
        screen.type("Enter")
        wait_for(lambda: (project / "asked").exists(), 30, screen.text())
    finally:
        screen.close()
