"""Programs that are asked one thing and say it: started without `subprocess`, whose import costs half of P.

`process` is the door for all others, and speaks these words as well.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

# What an engine's client needs to find its home, its store, its daemon and a registry behind a proxy.
_KEPT = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "TERM", "TMPDIR", "NODE_EXTRA_CA_CERTS", "DBUS_SESSION_BUS_ADDRESS"}
    | {"REGISTRY_AUTH_FILE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
    | {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
)
_KEPT_PREFIXES = ("XDG_", "DOCKER_", "CONTAINER", "SSL_")
MERCY = 2.0  # seconds a program has to end by itself before it is killed
# `signal` makes enumerations of them, which costs as much as all of this; Linux and macOS agree on these.
_SIGKILL, _SIGPIPE, _SIGTERM, _SIGXFSZ = 9, 13, 15, 25


class Result(NamedTuple):
    """How a program ended. `code` is its exit code, 128 + n when signal n ended it."""

    code: int
    stdout: str
    stderr: str


class ProcessTimeoutError(TimeoutError):
    """A program did not end in time and was killed, with its whole process group."""

    def __init__(self, argv: Sequence[str], seconds: float) -> None:
        super().__init__(f"{argv[0]} did not end within {seconds:g} s")
        self.seconds = seconds


def find_program(name: str) -> str | None:
    """Where a program is on PATH; None where it is not. As `shutil.which`, without three compressions."""
    for directory in os.get_exec_path():
        path = f"{directory or '.'}/{name}"
        if os.access(path, os.X_OK) and not os.path.isdir(path):  # noqa: PTH112 - a text is at hand
            return path
    return None


def built_env() -> dict[str, str]:
    """The environment every program gets: what it needs of ours, and a locale that is the same everywhere."""
    kept = {
        name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    return kept | {"LANG": "C.UTF-8", "PODMAN_IGNORE_CGROUPSV1_WARNING": "1"}  # that `doctor` says once


def exit_code(returncode: int) -> int:
    """A `returncode` as the shell counts it: 128 + n for a program that signal n ended."""
    return 128 - returncode if returncode < 0 else returncode


class Spawned:
    """A program that runs while other work goes on. Collect it with `result`, or `cancel` it.

    Only for one that ends by itself and leaves nothing running: it inherits what we inherited.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Raises FileNotFoundError or PermissionError where it cannot be started."""
        self._argv, self._started = argv, time.monotonic()
        self._code: int | None = None
        self._pipes: dict[int, bytearray] = {}
        ends = [os.pipe() for _ in range(2)]
        try:
            self._pid = os.posix_spawnp(
                argv[0],
                list(argv),
                built_env() if env is None else env,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    *((os.POSIX_SPAWN_DUP2, end[1], number) for number, end in enumerate(ends, 1)),
                ],
                setsid=True,  # no terminal to ask on, no Ctrl-C in the middle, one group to kill
                setsigdef=(_SIGPIPE, _SIGXFSZ),  # which Python ignores
            )
        except BaseException:
            for inlet, _ in ends:
                os.close(inlet)
            raise
        finally:
            for _, outlet in ends:
                os.close(outlet)
        self._out, self._err = (inlet for inlet, _ in ends)
        self._pipes = {self._out: bytearray(), self._err: bytearray()}
        self._open = set(self._pipes)

    def result(self, timeout: float) -> Result:
        """Wait until `timeout` seconds after the start. Raises ProcessTimeoutError, the program killed."""
        deadline = self._started + timeout
        try:
            if not self._read(deadline) or not self._reap(deadline):
                raise ProcessTimeoutError(self._argv, timeout)
        finally:
            self.cancel()
        out, err = (self._pipes[pipe].decode("utf-8", "replace") for pipe in (self._out, self._err))
        return Result(exit_code(self._code or 0), out, err)

    def cancel(self) -> None:
        """End the program and everything in its process group; nothing happens when it has ended.

        Gently first: an engine's client that is killed half-way can leave the engine's store locked.
        """
        if not self._reap(0.0):
            self._signal(_SIGTERM)
            if not self._reap(time.monotonic() + MERCY):
                self._signal(_SIGKILL)
                self._reap(float("inf"))
        for pipe in self._open:
            os.close(pipe)
        self._open.clear()

    def _read(self, deadline: float) -> bool:
        """Until both pipes are at their end; whether that was before the deadline."""
        while self._open:
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select(list(self._open), [], [], left)
            if not ready:
                return False
            for pipe in ready:
                chunk = os.read(pipe, 65536)
                self._pipes[pipe] += chunk
                if not chunk:
                    self._open.remove(pipe)
                    os.close(pipe)
        return True

    def _reap(self, deadline: float) -> bool:
        """Whether it has ended, by the deadline."""
        pause = 0.0005
        while self._code is None:
            try:
                pid, status = os.waitpid(self._pid, os.WNOHANG)
            except ChildProcessError:  # somebody else reaped it
                self._code = 0
                break
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() >= deadline:
                return False
            else:
                time.sleep(pause)
                pause = min(pause * 2, 0.05)
        return True

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            try:
                os.killpg(self._pid, number)
            except (ProcessLookupError, PermissionError):  # macOS: a group that holds only a zombie
                os.kill(self._pid, number)
