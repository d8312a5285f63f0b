"""Detachable sessions: they outlive their terminal, are found again, and leave their exit code."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.image.containers import Box, eventually, new_id

pytestmark = pytest.mark.real

DETACH = "\x1c"  # Ctrl-backslash
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
ASK = 'echo "ready"; while read -r line; do echo "got <$line>"; [ "$line" = end ] && exit 7; done'


def exit_of(box: Box, one: str) -> str:
    return (box.sessions / f"{one}.exit").read_text()


def test_it_ends_with_its_commands_code(box: Box) -> None:
    one = new_id()
    screen = box.screen("attach", one, "--", "bash", "-c", ASK, **TERMINAL)
    screen.wait_for("ready")
    assert one in box.live()
    screen.type("a b; c\r")
    screen.wait_for("got <a b; c>")
    screen.type("end\r")
    assert screen.end() == 7
    assert exit_of(box, one) == "7\n"
    assert one not in box.live()


def test_detach_and_come_back(box: Box) -> None:
    one = new_id()
    screen = box.screen("attach", one, "--", "bash", "-c", ASK, **TERMINAL)
    screen.wait_for("ready")
    screen.type("first\r")
    screen.wait_for("got <first>")
    screen.type(DETACH)
    assert screen.end() == 0
    assert not (box.sessions / f"{one}.exit").exists()
    assert one in box.live()
    again = box.screen("attach", one, "--", "false", **TERMINAL)
    again.wait_for("got <first>")
    again.type("second\r")
    again.wait_for("got <second>")
    again.type("end\r")
    assert again.end() == 7


def test_a_lost_terminal_leaves_the_session_alive(box: Box) -> None:
    one = new_id()
    screen = box.screen("attach", one, "--", "bash", "-c", ASK, **TERMINAL)
    screen.wait_for("ready")
    screen.lose()
    time.sleep(0.5)
    assert one in box.live()
    again = box.screen("attach", one, "--", "false", **TERMINAL)
    again.wait_for("ready")
    again.type("end\r")
    assert again.end() == 7
    assert exit_of(box, one) == "7\n"


def test_another_terminal_takes_over(box: Box) -> None:
    one = new_id()
    first = box.screen("attach", one, "--", "bash", "-c", ASK, **TERMINAL)
    first.wait_for("ready")
    second = box.screen("attach", one, "--", "false", **TERMINAL)
    second.wait_for("ready")
    assert first.end() == 0
    second.type("end\r")
    assert second.end() == 7


def test_what_ended_is_never_started_again(box: Box) -> None:
    one = new_id()
    assert box.screen("attach", one, "--", "sh", "-c", "exit 9", **TERMINAL).end() == 9
    mark = box.project / "started-again"
    assert box.screen("attach", one, "--", "touch", "/project/started-again", **TERMINAL).end() == 9
    assert not mark.exists()


@pytest.mark.parametrize(("command", "code"), [("no-such-program", 127), ("/etc/passwd", 126)])
def test_what_cannot_be_started_says_so_on_the_terminal(box: Box, command: str, code: int) -> None:
    one = new_id()
    screen = box.screen("attach", one, "--", command, **TERMINAL)
    screen.wait_for(f"contenant: {command}: ")
    assert screen.end() == code
    assert exit_of(box, one) == f"{code}\n"


def test_an_unknown_terminal_does_not_matter(box: Box) -> None:
    screen = box.screen(
        "attach", new_id(), "--", "sh", "-c", "echo fine; sleep 1; exit 4", TERM="no-such-terminal"
    )
    screen.wait_for("fine")
    assert screen.end() == 4


def test_without_a_terminal_it_is_refused(box: Box) -> None:
    done = box.session("attach", new_id(), "--", "true")
    assert (done.code, done.err) == (125, "contenant: a detachable session needs a terminal\n")


def test_the_command_sees_no_tmux_and_its_own_variables(box: Box) -> None:
    one, script = new_id(), "env >/project/seen; exit 0"
    env = {**TERMINAL, "TERM_PROGRAM": "ghostty", "SECRET": "s1", "id": "own", "name": "own"}
    assert box.screen("attach", one, "--", "sh", "-c", script, **env).end() == 0
    seen = dict(line.split("=", 1) for line in (box.project / "seen").read_text().splitlines())
    assert seen["TERM"] == "tmux-256color"
    assert seen["COLORTERM"] == "truecolor"
    assert (seen["SECRET"], seen["id"], seen["name"], seen["PWD"]) == ("s1", "own", "own", "/project")
    assert not {"TMUX", "TMUX_PANE"} & set(seen)
    assert [name for name in seen if name.startswith("CONTENANT_")] == ["CONTENANT_SESSION"]
    assert seen["CONTENANT_SESSION"] == one


def test_sessions_do_not_share_variables(box: Box) -> None:
    first = box.screen("attach", new_id(), "--", "bash", "-c", ASK, SECRET="one", **TERMINAL)
    first.wait_for("ready")
    script = "env >/project/second; exit 0"
    assert box.screen("attach", new_id(), "--", "sh", "-c", script, **TERMINAL).end() == 0
    assert "SECRET" not in (box.project / "second").read_text()
    first.type("end\r")
    first.end()


def test_privileges_are_gone_and_the_terminal_is_the_agents(box: Box) -> None:
    script = "cat /proc/self/status >/project/status; stat -c %U $(tty) >>/project/status; exit 0"
    assert box.screen("attach", new_id(), "--", "sh", "-c", script, **TERMINAL).end() == 0
    text = (box.project / "status").read_text()
    fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    assert {int(fields[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert fields["NoNewPrivs"] == "1"
    assert text.splitlines()[-1] == "claude"


@pytest.mark.parametrize("verb", ["run", "attach"])
def test_a_program_that_suspends_itself_goes_on(box: Box, verb: str) -> None:
    script = (
        "import os,signal\nfor n in 1,2: os.kill(0, signal.SIGTSTP); print('awake', n, flush=True)\ninput()"
    )
    screen = box.screen(verb, new_id(), "--", "python3", "-c", script, **TERMINAL)
    screen.wait_for("awake 2")
    screen.type("\r")
    assert screen.end() == 0


def test_ctrl_c_reaches_the_command_only(box: Box) -> None:
    script = "trap 'echo interrupted' INT; echo ready; read -r a; read -r a; exit 5"
    screen = box.screen("attach", new_id(), "--", "bash", "-c", script, **TERMINAL)
    screen.wait_for("ready")
    screen.type("\x03")
    screen.wait_for("interrupted")
    screen.type("x\ry\r")
    assert screen.end() == 5


def test_signal_ends_a_detached_session(box: Box) -> None:
    one = new_id()
    screen = box.screen("attach", one, "--", "sh", "-c", "echo ready; sleep 60", **TERMINAL)
    screen.wait_for("ready")
    screen.type(DETACH)
    assert screen.end() == 0
    assert box.session("signal", one, "TERM").code == 0
    eventually(lambda: (box.sessions / f"{one}.exit").exists())
    assert exit_of(box, one) == "143\n"


def test_a_killed_session_counts_as_killed(box: Box) -> None:
    one = new_id()
    screen = box.screen("attach", one, "--", "sh", "-c", "echo ready; sleep 60", **TERMINAL)
    screen.wait_for("ready")
    assert box.session("signal", one, "KILL").code == 0
    assert screen.end() == 137
    assert exit_of(box, one) == "137\n"


def test_the_agent_cannot_hang_root_by_its_files(box: Box) -> None:
    one = new_id()
    script = "echo ready; rm -f /run/contenant/agent/*; mkfifo /run/contenant/agent/$0.pane; sleep 60"
    screen = box.screen("attach", one, "--", "sh", "-c", script, one, **TERMINAL)
    screen.wait_for("ready")
    eventually(lambda: box.execute("test", "-p", f"/run/contenant/agent/{one}.pane").code == 0)
    began = time.monotonic()
    box.session("list")
    box.session("signal", one, "TERM")
    assert time.monotonic() - began < 8
    assert box.run("true").code == 0
    box.execute("pkill", "-KILL", "-u", "claude")
    screen.end()


def test_unattended_end_leaves_its_code_and_ends_the_container(quiet_box: Callable[..., Box]) -> None:
    box, one = quiet_box(), new_id()
    screen = box.screen("attach", one, "--", "sh", "-c", "echo ready; sleep 3; exit 6", **TERMINAL)
    screen.wait_for("ready")
    screen.type(DETACH)
    assert screen.end() == 0
    eventually(lambda: not box.running(), 20)
    assert exit_of(box, one) == "6\n"
    assert box.exit_code() == 0


def test_it_does_not_end_while_another_process_lives(quiet_box: Callable[..., Box]) -> None:
    box = quiet_box()
    screen = box.screen(
        "attach", new_id(), "--", "sh", "-c", "setsid sleep 9 & sleep 0.5; exit 0", **TERMINAL
    )
    assert screen.end() == 0
    time.sleep(5)
    assert box.running()
    eventually(lambda: not box.running(), 20)


def test_keep_keeps_it(quiet_box: Callable[..., Box]) -> None:
    box = quiet_box(CONTENANT_KEEP="1")
    assert box.screen("attach", new_id(), "--", "true", **TERMINAL).end() == 0
    time.sleep(6)
    assert box.running()
