"""The session wrapper in a real container, under the real firewall."""

from __future__ import annotations

import threading
import time

import pytest

from tests.image.containers import Box, eventually, new_id

pytestmark = pytest.mark.real


def test_every_privilege_is_gone(box: Box) -> None:
    done = box.run("cat", "/proc/self/status")
    fields = dict(line.split(":\t", 1) for line in done.out.splitlines())
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(fields[name], 16) == 0, name
    assert fields["NoNewPrivs"] == "1"
    assert fields["Uid"].split() == ["1000"] * 4
    assert fields["Gid"].split() == ["1000"] * 4
    assert fields["Groups"].split() in ([], ["1000"])


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (("true",), 0, ""),
        (("sh", "-c", "exit 3"), 3, ""),
        (("sh", "-c", "kill -TERM $$"), 143, ""),
        (("no-such-program",), 127, "contenant: no-such-program: command not found\n"),
        (("/no/such/file",), 127, "contenant: /no/such/file: no such file\n"),
        (("/etc/passwd",), 126, "contenant: /etc/passwd: not executable\n"),
        (("/tmp",), 126, "contenant: /tmp: is a directory\n"),
    ],
    ids=str,
)
def test_exit_codes(box: Box, command: tuple[str, ...], code: int, told: str) -> None:
    done = box.run(*command)
    assert (done.code, done.err) == (code, told)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("run",),
        ("run", "ok"),
        ("run", "ok", "--"),
        ("run", "ok", "true"),
        ("run", "../x", "--", "true"),
        ("run", "UPPER", "--", "true"),
        ("run", "", "--", "true"),
        ("run", "a" * 41, "--", "true"),
        ("signal", "ok", "NOSUCH"),
        ("signal", "ok", "TERM; id"),
        ("signal", "missing", "TERM"),
        ("nonsense",),
    ],
    ids=str,
)
def test_bad_calls_are_our_own_failure(box: Box, words: tuple[str, ...]) -> None:
    done = box.session(*words)
    assert done.code == 125
    assert done.err.startswith("contenant: ")
    assert done.out == ""


def test_arguments_arrive_as_they_are(box: Box) -> None:
    words = ["a b", "", "*", "$HOME", "`id`", ";", "x;", "\\;", "-n", "é", "line\nfeed", "'\""]
    done = box.run("python3", "-c", "import sys; print(sys.argv[1:])", *words)
    assert done.out == f"{words}\n"


def test_input_and_output_pass_through(box: Box) -> None:
    assert box.run("cat", stdin="line\n" * 10000).out == "line\n" * 10000
    done = box.run("sh", "-c", "echo out; echo err >&2")
    assert (done.out, done.err) == ("out\n", "err\n")


def test_the_environment_is_the_agents(box: Box) -> None:
    found = dict(
        line.split("=", 1) for line in box.run("env", COLOUR="blue", EDITOR="vi; id").out.splitlines()
    )
    assert (found["HOME"], found["USER"], found["SHELL"]) == ("/home/claude", "claude", "/bin/bash")
    assert (found["LANG"], found["PWD"]) == ("C.UTF-8", "/project")
    assert (found["COLOUR"], found["EDITOR"]) == ("blue", "vi; id")
    assert [name for name in found if name.startswith("CONTENANT_")] == ["CONTENANT_SESSION"]


def test_the_callers_variables_win_and_break_nothing(box: Box) -> None:
    odd = {"name": "a", "id": "b", "verb": "c", "code": "d", "IFS": "x", "UID": "0", "LC_ALL": "xx_XX.UTF-8"}
    done = box.run("env", PATH="/usr/bin:/bin", CDPATH="/tmp", POSIXLY_CORRECT="1", **odd)
    assert (done.code, done.err) == (0, "")
    found = dict(line.split("=", 1) for line in done.out.splitlines())
    assert found["PATH"] == "/usr/bin:/bin"
    assert {name: found[name] for name in odd if name not in ("UID", "IFS")} == {
        name: value for name, value in odd.items() if name not in ("UID", "IFS")
    }


def test_nothing_of_the_caller_bends_root(box: Box) -> None:
    trap = "/project/trap"
    (box.project / "trap").write_text("touch /project/root-was-here-$(id -u)\n")
    env = {"BASH_ENV": trap, "ENV": trap, "LD_PRELOAD": trap, "BASH_FUNC_setpriv%%": "() { id; }"}
    box.run("true", **{name: value for name, value in env.items() if "%" not in name})
    assert not (box.project / "root-was-here-0").exists()


def test_the_working_directory(box: Box) -> None:
    (box.project / "sub dir").mkdir(exist_ok=True)
    argv = ("/usr/local/lib/contenant/session", "run", new_id(), "--", "pwd")
    assert box.execute(*argv, CONTENANT_WORKDIR="/project/sub dir").out == "/project/sub dir\n"
    lost = box.execute(*argv, CONTENANT_WORKDIR="/project/missing")
    assert (lost.code, lost.err) == (125, "contenant: cannot enter /project/missing\n")


def test_several_at_once_are_listed_and_signalled(box: Box) -> None:
    ids = [new_id() for _ in range(3)]
    ends: dict[str, int] = {}

    def run(one: str) -> None:
        ends[one] = box.session("run", one, "--", "sh", "-c", "sleep 60 & sleep 60").code

    threads = [threading.Thread(target=run, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    eventually(lambda: set(ids) <= set(box.live()))
    assert (box.sessions / f"{ids[0]}.pid").exists()
    began = time.monotonic()
    for one in ids:
        assert box.session("signal", one, "TERM").code == 0
    for thread in threads:
        thread.join(10)
    assert time.monotonic() - began < 8
    assert [ends[one] for one in ids] == [143] * 3
    eventually(lambda: not set(ids) & set(box.live()))
    assert box.execute("pgrep", "-u", "claude", "sleep").out == "", "nothing of them is left"
    eventually(lambda: not (box.sessions / f"{ids[0]}.pid").exists())


def test_a_process_that_leaves_the_group_is_signalled_too(box: Box) -> None:
    one = new_id()
    thread = threading.Thread(
        target=box.session, args=("run", one, "--", "sh", "-c", "setsid sleep 77 & setsid sleep 78; true")
    )
    thread.start()
    eventually(lambda: box.execute("pgrep", "-f", "^sleep 7[78]").out.count("\n") == 2)
    box.session("signal", one, "KILL")
    thread.join(10)
    assert box.execute("pgrep", "-f", "^sleep 7[78]").out == ""


def test_the_agent_cannot_reach_the_sessions_directory(box: Box) -> None:
    assert box.run("ls", "/var/lib/contenant/sessions").code != 0
    assert box.run("touch", "/var/lib/contenant/sessions/x.exit").code != 0
    assert box.run("touch", "/run/contenant/ready").code != 0
    assert box.run("rm", "-rf", "/run/contenant/agent").code != 0


def test_no_session_without_the_firewalls_word(box: Box) -> None:
    assert box.execute("pkill", "-STOP", "-f", "firewall/supervise").code == 0  # it would mend what we break
    try:
        assert box.execute("nft", "flush", "table", "inet", "contenant").code == 0
        done = box.run("true")
        assert done.code == 125
        assert done.err.startswith("contenant: firewall not proven: ")
    finally:
        box.execute("pkill", "-CONT", "-f", "firewall/supervise")
    eventually(lambda: box.run("true").code == 0, 60)
