"""The process door, with real processes and real terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contenant import process
from contenant.process import ProcessTimeoutError, attach, built_env, capture, exec_env, start, stream
from tests.terminal_session import RAW, ROOT, Pty, cooked, python


@pytest.fixture
def terminal() -> Iterator[Callable[..., Pty]]:
    """Opens terminals that run `attach` on some Python code; options as for Pty."""
    opened: list[Pty] = []

    def open_one(code: str, **options: Any) -> Pty:
        opened.append(Pty(*python(code), **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return held


class TestCapture:
    def test_returns_code_and_both_streams(self) -> None:
        assert capture(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout=10) == (3, "out\n", "err\n")

    def test_stdin_is_closed(self) -> None:
        assert capture(["cat"], timeout=10) == (0, "", "")

    def test_stdin_can_be_given(self) -> None:
        assert capture(["cat"], timeout=10, stdin=b"x" * 300_000).stdout == "x" * 300_000

    def test_a_program_that_reads_no_input_is_no_error(self) -> None:
        assert capture(["true"], timeout=10, stdin=b"x" * 300_000).code == 0

    def test_a_signal_counts_from_128(self) -> None:
        assert capture(["sh", "-c", "kill -9 $$"], timeout=10).code == 137

    def test_bytes_that_are_no_text_do_not_break_it(self) -> None:
        assert capture(["printf", r"a\377b"], timeout=10).stdout == "a\ufffdb"

    def test_no_executable(self) -> None:
        with pytest.raises(FileNotFoundError):
            capture(["contenant-test-no-such-program"], timeout=10)

    def test_no_permission(self, tmp_path: Path) -> None:
        (tmp_path / "program").write_text("#!/bin/sh\n")
        with pytest.raises(PermissionError):
            capture([str(tmp_path / "program")], timeout=10)

    def test_a_timeout_kills_the_whole_group(self, tmp_path: Path) -> None:
        note = tmp_path / "pids"
        script = f"sleep 60 & echo $! >> {note}; echo $$ >> {note}; wait"
        began = time.monotonic()
        with pytest.raises(ProcessTimeoutError, match=r"sh did not end within 0\.5 s"):
            capture(["sh", "-c", script], timeout=0.5)
        assert time.monotonic() - began < 5
        pids = [int(line) for line in note.read_text().split()]
        assert len(pids) == 2
        assert until(lambda: not any(lives(pid) for pid in pids))

    def test_a_timeout_lets_the_program_tidy_up(self, tmp_path: Path) -> None:
        script = f"trap 'echo tidy > {tmp_path}/note; exit' TERM; echo up > {tmp_path}/up; sleep 60 & wait"
        with pytest.raises(ProcessTimeoutError):
            capture(["sh", "-c", script], timeout=1)
        assert (tmp_path / "note").read_text() == "tidy\n"

    def test_a_program_that_takes_no_notice_is_killed(self, tmp_path: Path) -> None:
        script = f"trap '' TERM; echo $$ > {tmp_path}/pid; sleep 60; sleep 60"
        began = time.monotonic()
        with pytest.raises(ProcessTimeoutError):
            capture(["sh", "-c", script], timeout=0.5)
        assert time.monotonic() - began < 0.5 + process.MERCY + 3
        assert not lives(int((tmp_path / "pid").read_text()))

    def test_it_runs_without_a_terminal(self) -> None:
        result = capture(["sh", "-c", "exec 3</dev/tty && echo have one"], timeout=10)
        assert result.code != 0
        assert result.stdout == ""


class TestEnvironment:
    def test_is_built_not_inherited(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LD_PRELOAD", "/nonexistent.so")
        monkeypatch.setenv("PYTHONPATH", "/elsewhere")
        monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
        kept = {
            "DOCKER_HOST": "unix:///x",
            "CONTAINERS_CONF": "/y",
            "XDG_RUNTIME_DIR": "/z",
            "SSL_CERT_FILE": "/ca",
            "NODE_EXTRA_CA_CERTS": "/ca",
            "https_proxy": "http://proxy:1",
            "TMPDIR": "/t",
        }
        for name, value in kept.items():
            monkeypatch.setenv(name, value)
        seen = dict(line.split("=", 1) for line in capture(["env"], timeout=10).stdout.splitlines())
        assert kept.items() <= seen.items()
        assert seen["LANG"] == "C.UTF-8"
        assert seen["PODMAN_IGNORE_CGROUPSV1_WARNING"] == "1"
        assert not {"LD_PRELOAD", "PYTHONPATH", "LC_ALL", "ANTHROPIC_API_KEY"} & seen.keys()

    def test_exec_env_adds_the_session(self) -> None:
        env = exec_env({"CONTENANT_ENV_A": "1", "TERM": "xterm"})
        assert env["CONTENANT_ENV_A"] == "1"
        assert env["TERM"] == "xterm"
        assert env.keys() >= built_env().keys()

    @pytest.mark.parametrize("name", ["PATH", "DOCKER_HOST", "LD_PRELOAD", "HOME"])
    def test_exec_env_refuses_what_would_bend_the_client(self, name: str) -> None:
        with pytest.raises(ValueError, match=name):
            exec_env({name: "x"})


class TestStart:
    def test_the_program_runs_while_other_work_goes_on(self, tmp_path: Path) -> None:
        pending = start(["touch", str(tmp_path / "made")])
        assert until((tmp_path / "made").exists)
        assert pending.result(10).code == 0

    def test_the_time_counts_from_the_start(self) -> None:
        pending = start(["sleep", "60"])
        time.sleep(0.3)
        began = time.monotonic()
        with pytest.raises(ProcessTimeoutError):
            pending.result(0.4)
        assert time.monotonic() - began < 0.3

    def test_cancel_kills_and_can_be_repeated(self) -> None:
        pending = start(["sleep", "60"])
        pending.cancel()
        pending.cancel()

    def test_an_interrupt_while_waiting_kills_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pending = start(["sleep", "60"])
        child = pending._process

        def interrupted(*_args: object, **_kwargs: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(child, "communicate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pending.result(10)
        assert child.returncode == -signal.SIGTERM


class TestStream:
    def lines(self, script: str, timeout: float = 10) -> tuple[int, list[str]]:
        got: list[str] = []
        return stream(["sh", "-c", script], got.append, timeout=timeout), got

    def test_lines_of_both_streams_in_order(self) -> None:
        assert self.lines("echo one; echo two >&2; printf three; exit 4") == (4, ["one", "two", "three"])

    def test_line_ends_and_overwritten_lines(self) -> None:
        assert self.lines(r"printf '10%%\r50%%\r100%%\r\n\nlast\r\r\n'") == (0, ["100%", "", "last"])

    def test_a_line_without_end_is_cut(self) -> None:
        code, got = self.lines("head -c 300000 /dev/zero | tr '\\0' x")
        assert code == 0
        assert "".join(got) == "x" * 300_000
        assert max(map(len, got)) <= 2 * 65536 + 1

    def test_lines_come_as_they_are_printed(self) -> None:
        seen: list[float] = []
        stream(["sh", "-c", "echo a; sleep 0.5; echo b"], lambda _: seen.append(time.monotonic()), timeout=10)
        assert seen[1] - seen[0] > 0.3

    def test_a_timeout_kills_it(self) -> None:
        with pytest.raises(ProcessTimeoutError):
            self.lines("echo a; sleep 60", timeout=0.5)

    def test_a_callback_that_fails_kills_it(self, tmp_path: Path) -> None:
        def fail(line: str) -> None:
            raise RuntimeError(line)

        with pytest.raises(RuntimeError, match="123"):
            stream(["sh", "-c", f"echo $$ > {tmp_path}/pid; echo 123; sleep 60"], fail, timeout=10)
        assert not lives(int((tmp_path / "pid").read_text()))


class TestAttachWithoutTerminal:
    """Signals are sent to this very process: attach holds them while it runs."""

    @staticmethod
    def later(*steps: tuple[float, Callable[[], object]]) -> threading.Thread:
        def act() -> None:
            for delay, step in steps:
                time.sleep(delay)
                step()

        thread = threading.Thread(target=act)
        thread.start()
        return thread

    @pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143)])
    def test_exit_codes(self, script: str, code: int) -> None:
        assert attach(["sh", "-c", script], env={}, tty=False, on_signal=print) == code

    def test_it_passes_the_sessions_environment(self) -> None:
        argv = ["sh", "-c", 'test "$CONTENANT_A" = b']
        assert attach(argv, env={"CONTENANT_A": "b"}, tty=False, on_signal=print) == 0

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
    def test_a_signal_is_handed_over_and_the_client_goes_on(
        self, number: signal.Signals, tmp_path: Path
    ) -> None:
        got: list[int] = []

        def deliver(arrived: int) -> None:
            got.append(arrived)
            (tmp_path / "go").touch()

        script = f"until test -e {tmp_path}/go; do sleep 0.05; done; exit 9"
        thread = self.later((0.3, lambda: os.kill(os.getpid(), number)))
        assert attach(["sh", "-c", script], env={}, tty=False, on_signal=deliver) == 9
        thread.join()
        assert got == [number]

    def test_the_third_signal_kills_the_client_even_when_delivery_hangs(self) -> None:
        hanging = threading.Event()
        interrupt = (0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
        thread = self.later(interrupt, interrupt, interrupt)
        code = attach(["sleep", "60"], env={}, tty=False, on_signal=lambda _number: bool(hanging.wait(30)))
        hanging.set()
        thread.join()
        assert code == 130

    def test_delivery_that_fails_is_survived(self) -> None:
        def fail(_number: int) -> None:
            raise ProcessTimeoutError(["podman"], 1)

        thread = self.later((0.2, lambda: os.kill(os.getpid(), signal.SIGINT)))
        assert attach(["sleep", "0.6"], env={}, tty=False, on_signal=fail) == 0
        thread.join()

    def test_a_client_that_is_overdue_is_killed(self) -> None:
        asked: list[float] = []

        def overdue() -> bool:
            asked.append(time.monotonic())
            return len(asked) > 2

        began = time.monotonic()
        assert attach(["sleep", "60"], env={}, tty=False, on_signal=print, overdue=overdue) == 137
        assert time.monotonic() - began < 10

    def test_handlers_are_put_back(self) -> None:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD)
        before = [signal.getsignal(number) for number in numbers]
        attach(["true"], env={}, tty=False, on_signal=print)
        with pytest.raises(FileNotFoundError):
            attach(["contenant-test-no-such-program"], env={}, tty=False, on_signal=print)
        assert [signal.getsignal(number) for number in numbers] == before

    def test_an_ignored_signal_stays_ignored(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            thread = self.later((0.2, lambda: os.kill(os.getpid(), signal.SIGHUP)))
            assert attach(["sleep", "0.5"], env={}, tty=False, on_signal=pytest.fail) == 0
            thread.join()
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGHUP, before)

    def test_the_client_dies_of_a_closed_pipe_quietly(self) -> None:
        code = (
            "from contenant.process import attach; import sys\n"
            "sys.exit(attach(['sh', '-c', 'while :; do echo y; done'], env={}, tty=False, on_signal=print))"
        )
        command = f'{sys.executable} -c "{code}" | head -n 1; exit ${{PIPESTATUS[0]}}'
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, timeout=30, cwd=ROOT, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (141, "y\n", "")


class TestAttachOnATerminal:
    def test_ctrl_c_reaches_the_child_only(self, terminal: Callable[..., Pty]) -> None:
        child = (
            "import os, signal, time\n"
            "signal.signal(signal.SIGINT, lambda *_: (os.write(1, b'child got it'), os._exit(6)))\n"
            "os.write(1, b'ready')\n"
            "time.sleep(30)"
        )
        one = terminal(child)
        one.read_until(b"ready")
        one.write(b"\x03")
        one.read_until(b"child got it")
        one.read_until(b"code 6")

    def test_ctrl_backslash_does_not_end_us(self, terminal: Callable[..., Pty]) -> None:
        one = terminal("import time; print('ready', flush=True); time.sleep(30)")
        one.read_until(b"ready")
        one.write(b"\x1c")
        one.read_until(b"code 131")

    def test_keys_reach_a_raw_child_as_bytes(self, terminal: Callable[..., Pty]) -> None:
        one = terminal(RAW + "print('ready', flush=True); print(os.read(0, 1), flush=True)")
        one.read_until(b"ready")
        one.write(b"\x03")
        one.read_until(b"b'\\x03'")
        one.read_until(b"code 0")
        assert one.flags() == cooked()

    def test_the_terminal_is_restored_after_a_killed_child(self, terminal: Callable[..., Pty]) -> None:
        child = RAW + "os.set_blocking(0, False); print('\\x1b[?1049hready', flush=True); time.sleep(60)"
        one = terminal(child)
        one.read_until(b"ready")
        assert one.flags() != cooked()
        os.kill(one.child_pid(), signal.SIGKILL)
        seen = one.read_until(b"code 137")
        assert one.flags() == cooked()
        for undone in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1000l"):
            assert undone in seen
        flags = int(
            next(
                line.split()[1]
                for line in Path(f"/proc/{one.pid}/fdinfo/0").read_text().splitlines()
                if line.startswith("flags")
            ),
            8,
        )
        assert not flags & os.O_NONBLOCK

    def test_no_escape_sequence_after_an_ordinary_end(self, terminal: Callable[..., Pty]) -> None:
        one = terminal("print('bye')")
        assert b"\x1b" not in one.read_until(b"code 0")

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_to_us_ends_the_client_and_restores(
        self, terminal: Callable[..., Pty], number: signal.Signals
    ) -> None:
        one = terminal(RAW + "print('ready', flush=True); time.sleep(60)")
        one.read_until(b"ready")
        child = one.child_pid()
        os.kill(one.pid, number)
        one.read_until(b"code %d" % (128 + number))
        assert one.flags() == cooked()
        assert not lives(child)

    def test_a_client_that_takes_no_notice_is_killed(self, terminal: Callable[..., Pty]) -> None:
        deaf = "import signal; signal.signal(15, signal.SIG_IGN); " + RAW
        one = terminal(deaf + "print('ready', flush=True); time.sleep(60)")
        one.read_until(b"ready")
        began = time.monotonic()
        os.kill(one.pid, signal.SIGTERM)
        one.read_until(b"code 143")
        assert process._GRACE - 0.5 < time.monotonic() - began < process._GRACE + 5

    def test_output_processing_is_cleared_for_a_client_that_leaves_it_on(
        self, terminal: Callable[..., Pty]
    ) -> None:
        """As Apple's client does: raw, but OPOST and ONLCR on, so that "\\n" becomes "\\r\\n"."""
        apple = (
            RAW + "import termios; a = termios.tcgetattr(0); a[1] |= termios.OPOST | termios.ONLCR; "
            "termios.tcsetattr(0, termios.TCSANOW, a); time.sleep(1); os.write(1, b'one\\ntwo'); "
        )
        one = terminal(apple, raw_output=True)
        seen = one.read_until(b"code 0")
        assert b"one\ntwo" in seen
        assert one.flags() == cooked()
        other = terminal(apple)
        assert b"one\r\ntwo" in other.read_until(b"code 0")

    def test_the_child_is_in_the_foreground(self, terminal: Callable[..., Pty]) -> None:
        one = terminal("import os; print('front', os.tcgetpgrp(0) == os.getpgrp(), flush=True)")
        one.read_until(b"front True")

    def test_it_learns_of_a_new_window_size(self, terminal: Callable[..., Pty]) -> None:
        child = (
            "import os, signal, time\n"
            "show = lambda *_: (os.write(1, str(os.get_terminal_size()).encode()), os._exit(0))\n"
            "signal.signal(signal.SIGWINCH, show)\n"
            "os.write(1, b'ready')\n"
            "time.sleep(30)"
        )
        one = terminal(child)
        one.read_until(b"ready")
        termios.tcsetwinsize(one.fd, (33, 111))
        one.read_until(b"columns=111, lines=33")


class TestAHangUp:
    @pytest.mark.parametrize("deaf", [False, True])
    def test_ends_the_session(self, terminal: Callable[..., Pty], tmp_path: Path, deaf: bool) -> None:
        """By SIGHUP; or, where that does not come, because the client ends of the closed line."""
        note = tmp_path / "code"
        child = "import os; os.write(1, b'ready'); os.read(0, 9); os._exit(3)"
        one = terminal(child, deaf=deaf, note=str(note))
        one.read_until(b"ready")
        one.hang_up()
        assert until(note.exists)
        assert until(lambda: note.read_text() == "129")

    def test_leaves_nothing_behind(self, terminal: Callable[..., Pty], tmp_path: Path) -> None:
        note = tmp_path / "code"
        child = (
            "import os, signal, time; signal.signal(1, signal.SIG_IGN); os.write(1, b'ready'); time.sleep(60)"
        )
        one = terminal(child, note=str(note))
        one.read_until(b"ready")
        pid = one.child_pid()
        one.hang_up()
        assert until(lambda: note.exists() and note.read_text() == "129", process._GRACE + 10)
        assert not lives(pid)


def test_without_tty_the_terminal_is_read_but_its_signals_are_ours(terminal: Callable[..., Pty]) -> None:
    """As in `contenant -- cat > file`: keys are input, Ctrl-C is ours to deliver."""
    one = terminal("print('ready', flush=True); print('read', input(), flush=True); input()", tty=False)
    one.read_until(b"ready")
    one.write(b"\x03")
    one.read_until(b"told of 2")
    one.write(b"words\n")
    one.read_until(b"read words")
    one.write(b"\n")
    one.read_until(b"code 0")
