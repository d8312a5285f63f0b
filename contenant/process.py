"""The one door to other programs: bounded captures, answers still on their way, line streams, sessions.

Nothing else starts a process, but for `spawn`, which asks engines for lists. A program gets a built
environment and, but for a session, a closed stdin: its output can be parsed on any locale and it can never
wait for an answer.
"""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from contenant.errors import ContenantError
from contenant.spawn import MERCY, exit_code
from contenant.spawn import ProcessTimeoutError as ProcessTimeoutError
from contenant.spawn import Result as Result
from contenant.spawn import built_env as built_env
from contenant.spawn import find_program as find_program
from contenant.terminal import Terminal, kept

_OnSignal = Callable[[int], None]
_Overdue = Callable[[], bool]
_CAUGHT = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
_GRACE = 3.0  # seconds a session's client has to end by itself once its terminal is lost
_PATIENCE = 3  # signals after which the client is killed, whatever it waits for
_LINE_LIMIT = 65536  # bytes after which an unfinished line is handed on, so that memory stays bounded

_Client = subprocess.Popen[bytes]
_Receiver = Callable[[int], None]


def exec_env(session: Mapping[str, str]) -> dict[str, str]:
    """The built environment and a session's variables, for a client that is told to pass them by bare name.

    Only names that no client reads itself are taken: `CONTENANT_…` and the terminal's. Anything else
    would bend the client on the host; raises ValueError.
    """
    for name in session:
        if not name.startswith("CONTENANT_") and name not in {"TERM", "COLORTERM"}:
            raise ValueError(f"{name} would reach the engine's client itself")
    return built_env() | dict(session)


class Pending:
    """A program that runs while other work goes on. Collect it with `result`, or `cancel` it."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None, stdin: bytes | None) -> None:
        self._argv = argv
        self._input = stdin
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=built_env() if env is None else env,
            start_new_session=True,  # no terminal to ask on, no Ctrl-C in the middle, one group to kill
        )

    def result(self, timeout: float) -> Result:
        """Wait until `timeout` seconds after the start. Raises ProcessTimeoutError, the program killed."""
        left = max(0.0, self._started + timeout - time.monotonic())
        try:
            out, err = self._process.communicate(self._input, timeout=left)
        except subprocess.TimeoutExpired:
            self.cancel()
            raise ProcessTimeoutError(self._argv, timeout) from None
        except BaseException:
            self.cancel()
            raise
        code = exit_code(self._process.returncode)
        return Result(code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    def ends(self) -> tuple[int, int]:
        """Descriptors of its stdin and stdout, for a talk until `hang_up`; only where `stdin` was given."""
        assert self._process.stdin and self._process.stdout  # PIPE was asked for
        return self._process.stdin.fileno(), self._process.stdout.fileno()

    def hang_up(self, seconds: float) -> None:
        """Close its input, give it `seconds` to end by itself, then `cancel` it."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.cancel()

    def cancel(self) -> None:
        """End the program and everything in its process group; nothing happens when it has ended."""
        _end(self._process)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # input that nobody reads any more
                    pipe.close()


def start(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: bytes | None = None
) -> Pending:
    """Start a program whose output is wanted later.

    Raises FileNotFoundError when there is no such executable, PermissionError when it may not be run.
    """
    return Pending(argv, env, stdin)


def capture(
    argv: Sequence[str], *, timeout: float, env: Mapping[str, str] | None = None, stdin: bytes | None = None
) -> Result:
    """Run a program to its end, `timeout` seconds at most, and return what it said.

    Raises ProcessTimeoutError, FileNotFoundError or PermissionError.
    """
    return start(argv, env=env, stdin=stdin).result(timeout)


def stream(
    argv: Sequence[str],
    on_line: Callable[[str], None],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
) -> int:
    """Run a program and hand over each line of its output, both streams in one, without line ends.

    Returns the exit code. Raises as `capture` does; when `on_line` raises, the program is killed.
    """
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=built_env() if env is None else env,
        start_new_session=True,
    )
    assert process.stdout is not None  # PIPE was asked for
    with process.stdout as pipe:
        try:
            _read_lines(pipe.fileno(), on_line, time.monotonic() + timeout)
            return exit_code(process.wait(timeout=5))
        except TimeoutError:
            raise ProcessTimeoutError(argv, timeout) from None
        finally:
            _end(process)


def _read_lines(pipe: int, on_line: Callable[[str], None], deadline: float) -> None:
    """Lines until the end of the pipe. Raises TimeoutError at the deadline."""
    rest = b""
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        chunk = os.read(pipe, 65536)
        *lines, rest = (rest + chunk).split(b"\n")
        if rest and (not chunk or len(rest) > _LINE_LIMIT):
            lines.append(rest)
            rest = b""
        for line in lines:
            # a line that was overwritten in place, such as a progress count, as it stood in the end
            on_line(line.decode("utf-8", "replace").rstrip("\r").rpartition("\r")[2])
        if not chunk:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its whole group, and reap it: gently first, since an engine's client that is killed
    half-way through a change can leave the engine's store with half a container.
    """
    if process.poll() is not None:
        return
    _signal_group(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(MERCY)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process, and its group where it leads one, and reap it."""
    if process.poll() is None:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """To the group that a process leads, or to it alone where it shares ours."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # no such group; macOS: one that holds only a zombie
        process.send_signal(number)


def attach(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    tty: bool,
    on_signal: _OnSignal,
    raw_output: bool = False,
    overdue: _Overdue = lambda: False,
) -> int:
    """Run a session in the foreground on our own stdin, stdout and stderr; return its exit code.

    `env` holds the session's variables (see `exec_env`). With `tty`, the client shares our process group
    and the terminal: keys reach the session as bytes, SIGINT and SIGQUIT are not ours to die of, SIGTERM
    and SIGHUP end the client, and the terminal is put back whatever happens. Without, the client has a
    session of its own, since no engine's exec client forwards signals: each one we get is handed to
    `on_signal`, in a thread, and the third kills the client. A client that was ended for a signal gives
    128 + that signal, one whose terminal is gone 129. `raw_output` clears OPOST, for Apple's client. One
    that is `overdue`, which is asked about twice a second at least, is killed.

    To be called on the main thread. Raises FileNotFoundError or PermissionError.
    """
    with _caught_signals() as (wakeup, caught), kept() as terminal:
        client = subprocess.Popen(argv, env=exec_env(env), start_new_session=not tty)
        try:
            session = _Session(client, tty, on_signal, overdue)
            ended_by = session.wait(wakeup, caught, terminal if raw_output else None)
        finally:
            _kill(client)
        if terminal is not None and tty:
            if terminal.is_gone():  # clients end of it in ways of their own, perhaps before SIGHUP is here
                ended_by = ended_by or signal.SIGHUP
            elif client.returncode < 0:
                terminal.reset_modes()
    return 128 + ended_by if ended_by else exit_code(client.returncode)


class _Session:
    """What `attach` does about the signals that arrive while it waits for its client."""

    def __init__(self, client: subprocess.Popen[bytes], tty: bool, told: _OnSignal, late: _Overdue) -> None:
        self._client, self._tty = client, tty
        self._on_signal, self._overdue = told, late
        self._ended_by = 0  # the signal we ended the client for
        self._count, self._deadline = 0, float("inf")

    def wait(self, wakeup: int, caught: deque[int], raw: Terminal | None) -> int:
        """Until the client has ended. Returns the signal it was ended for, 0 when it ended by itself."""
        while self._client.poll() is None:
            # SIGCHLD writes to the pipe: the time limit serves the terminal and a client to be killed
            select.select([wakeup], [], [], 0.02 if raw else 0.5)
            with contextlib.suppress(BlockingIOError):
                os.read(wakeup, 4096)
            self._handle_all(caught)
            if time.monotonic() > self._deadline or self._overdue():
                _kill(self._client)
            if raw is not None and raw.stop_output_processing():
                raw = None
        if self._tty:
            self._handle_all(caught)  # what ended the client may have come to us as well
        return self._ended_by

    def _handle_all(self, caught: deque[int]) -> None:
        while caught:
            self._handle(caught.popleft())

    def _handle(self, number: int) -> None:
        if self._tty and number in (signal.SIGINT, signal.SIGQUIT):
            return
        self._count += 1
        if self._tty:
            self._ended_by = number
            self._deadline = min(self._deadline, time.monotonic() + _GRACE)
            self._client.send_signal(number)
        elif self._count >= _PATIENCE:
            self._ended_by = number
            _kill(self._client)
        else:
            threading.Thread(target=self._deliver, args=(number,), daemon=True).start()

    def _deliver(self, number: int) -> None:
        # An engine that does not answer must not keep the next Ctrl-C from being seen; the third one ends it.
        with contextlib.suppress(ContenantError, OSError):
            self._on_signal(number)


@contextlib.contextmanager
def _caught_signals() -> Iterator[tuple[int, deque[int]]]:
    """Signals land in a queue and a byte in a pipe, so that one loop sees signals and the end of a child.

    Handlers, not SIG_IGN, since a child inherits what is ignored but not what is handled. A signal that we
    were started without (nohup) stays ignored.
    """
    caught: deque[int] = deque()
    inbox, outbox = os.pipe()
    os.set_blocking(inbox, False)
    os.set_blocking(outbox, False)
    before_fd = signal.set_wakeup_fd(outbox, warn_on_full_buffer=False)
    before = {number: signal.getsignal(number) for number in (*_CAUGHT, signal.SIGCHLD)}
    for number in _CAUGHT:
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, lambda got, _frame: caught.append(got))
    signal.signal(signal.SIGCHLD, lambda _got, _frame: None)
    try:
        yield inbox, caught
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(before_fd)
        os.close(inbox)
        os.close(outbox)
