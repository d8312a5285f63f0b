"""exec, start and the foreground of run: who the process is, and how the client stands between it and the
caller.

Traps carried over (ContainerExec, ProcessIO, ClientProcess): -e is appended and the old value wins;
signals that a client without a terminal should forward are lost since 1.0 (issues 1747, 1876, 1941); the
third SIGINT or SIGTERM ends the client; the guest's process lives on when the client dies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import guest, terminal, values
from .boot import Record, boot_failure, get, launch, observe, prepare
from .call import Call, complain, hang, say
from .errors import AppleError
from .podman import PodmanError, die_with_parent

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)
THRESHOLD = 3
UNAME = (["uname", "-r"], ["/bin/uname", "-r"], ["/usr/bin/uname", "-r"])


def terminal_state(tty: bool, interactive: bool, doing: str) -> list[Any] | None:
    """The terminal's attributes when both -i and -t are given. Raises AppleError without a terminal."""
    if not (tty and interactive):
        return None
    try:
        return termios.tcgetattr(0)
    except termios.error as error:
        raise AppleError(
            f"{doing} POSIXErrorCode(rawValue: 25): ENOTTY, Inappropriate ioctl for device", "internalError"
        ) from error


class Signals:
    """What a client without a terminal does with signals: forwards them before 1.0, loses them since."""

    def __init__(self, call: Call, deliver: Callable[[int], None]) -> None:
        self.call = call
        self.deliver = deliver
        self.count = 0
        self.child: subprocess.Popen[bytes] | None = None
        for number in FORWARDED:
            signal.signal(number, self.handle)

    def handle(self, number: int, _frame: object) -> None:
        """One signal."""
        if not self.call.at_least(1):
            self.deliver(number)
        else:
            cause = 'invalidArgument: "missing signal in xpc message"'
            complain(f'failed to send signal: ["error": {cause}, "signal": {number}]')
        if number in (signal.SIGINT, signal.SIGTERM):
            self.count += 1
            if self.count >= THRESHOLD:
                self.give_up()

    def give_up(self) -> None:
        """The third SIGINT or SIGTERM."""
        say("Received 3 SIGINT/SIGTERM's, forcefully exiting.")
        if self.child is not None:
            self.child.kill()
        os._exit(1)


def own_session() -> None:
    """In the child: out of reach of the terminal's signals, gone with its parent."""
    os.setsid()
    die_with_parent()


def supervise(
    call: Call, words: list[str], saved: list[Any] | None, interactive: bool, deliver: Callable[[int], None]
) -> int:
    """Run podman in the foreground; its exit code."""
    environment = call.podman.environment()
    if saved is not None:
        return terminal.attach(["podman", *words], environment, saved)
    signals = Signals(call, deliver)
    stdin = None if interactive else subprocess.DEVNULL
    child = subprocess.Popen(["podman", *words], stdin=stdin, env=environment, preexec_fn=own_session)
    signals.child = child
    return child.wait()


def run_attached(call: Call, identifier: str, tty: bool, interactive: bool, doing: str = "") -> int:
    """Boot a container and stay with its init process; its exit code. Raises AppleError."""
    saved = terminal_state(tty, interactive, doing or "failed to run container:")
    with call.store.transaction() as state:
        live = observe(call, state)
        if identifier in live:
            raise AppleError("attach is currently unsupported on already running containers")
        record = prepare(call, state, identifier, live)
        name = record["podman"]
        try:
            call.podman.run("init", name)
            record["started"] = time.time()
        except PodmanError as error:
            call.podman.run("stop", "--time", "0", name, check=False)
            raise boot_failure(record, identifier, error.text) from error
    words = ["start", "--attach", "--sig-proxy=false", *(["--interactive"] if interactive else []), name]

    def deliver(number: int) -> None:
        call.podman.run("kill", "--signal", str(number), name, check=False)

    code = supervise(call, words, saved, interactive, deliver)
    with call.store.transaction() as state:
        observe(call, state)
    return code


def start(call: Call) -> int:
    """`container start`: idempotent and silent but for the id; -a and -i only on a stopped container."""
    identifier = call.args["container_id"]
    attached = call.args["attach"] or call.args["interactive"]
    with call.store.transaction() as state:
        record = get(state, identifier)
        running = identifier in observe(call, state)
    if not attached:
        launch(call, identifier)
        say(identifier)
        return 0
    if running:
        raise AppleError("attach is currently unsupported on already running containers")
    tty = record["configuration"]["initProcess"]["terminal"]
    return run_attached(call, identifier, tty, call.args["interactive"], "failed to start container:")


def names_of(entries: list[str]) -> set[str]:
    """The variable names of `K=V` entries."""
    return {entry.partition("=")[0] for entry in entries}


def exec_environment(call: Call, init: dict[str, Any], home: str) -> list[str]:
    """The variables that reach the process beyond the container's own.

    `-e K=V` is appended behind what the image or create set, and getenv gives the first: the old value
    wins (ContainerExec.swift; apple/container issue 1212). podman knows one value per name, so the later
    one is dropped.
    """
    own = init["environment"]
    added = values.merge_env([], call.args["env_file"], call.args["env"], call.environ)
    extra = [entry for entry in added if entry.partition("=")[0] not in names_of(own)]
    present = names_of([*own, *extra])
    extra += [f"HOME={home}"] if "HOME" not in present else []
    extra += [f"PATH={guest.DEFAULT_PATH}"] if "PATH" not in present else []
    extra += ["TERM=xterm"] if call.args["tty"] and "TERM" not in present else []
    return extra


def exec_words(call: Call, record: Record, root: str, detach: bool) -> list[str]:
    """podman's words for the process. Raises AppleError for what the guest could not start."""
    args = call.args
    init = record["configuration"]["initProcess"]
    user, _groups = values.user(args, init["user"])
    who = guest.find_user(root, values.user_text(user))
    cwd = args["cwd"] or init["workingDirectory"]
    guest.make_directory(root, cwd)
    extra = exec_environment(call, init, who.home)
    executable = args["arguments"][0]
    if not guest.find_executable(root, executable, [*init["environment"], *extra], cwd, who):
        process = f"failed to start process {args['container_id']}"
        missing = f"failed to find target executable {executable}"
        cause = f'startProcess: failed to start process: internalError: "{missing}"'
        raise AppleError(f'{process} (cause: "internalError: "{cause}"")', "internalError")
    words = ["exec", "--user", values.user_text(user), "--workdir", cwd]
    for entry in extra:
        words += ["--env", entry]
    words += ["--detach"] if detach else []
    words += ["--tty"] if args["tty"] else []
    words += ["--interactive"] if args["interactive"] and not detach else []
    return [*words, record["podman"], *args["arguments"]]


def guest_processes(init: int, words: list[str]) -> list[int]:
    """The host's ids of processes of the container that run `words` and were started by exec."""
    space = os.readlink(f"/proc/{init}/ns/pid")
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if not entry.name.isdigit() or os.readlink(entry / "ns/pid") != space or int(entry.name) == init:
                continue
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            line = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            if Path(f"/proc/{parent}/comm").read_text().strip() == "conmon" and line == words:
                found.append(int(entry.name))
        except OSError:
            continue
    return sorted(found)


def exec_process(call: Call) -> int:
    """`container exec`: the exit code is the process's, 1 for every failure of the client."""
    args = call.args
    identifier = args["container_id"]
    with call.store.transaction() as state:
        if identifier == "buildkit" and state["builder"]:
            raise AppleError("the builder of the stand-in runs no processes", "unsupported")
        record = get(state, identifier)
        row = observe(call, state).get(identifier)
    if row is None:
        raise AppleError(f"container {identifier} is not running", "invalidState")
    if record["stuck"]:
        hang(call.settings)
    saved = (
        None if args["detach"] else terminal_state(args["tty"], args["interactive"], "failed to exec process")
    )
    values.limits(args["ulimit"])
    if args["arguments"] in UNAME:
        say(str(record["kernel"]))
        return 0
    words = exec_words(call, record, f"/proc/{row['Pid']}/root", args["detach"])
    if args["detach"]:
        try:
            call.podman.run(*words)
        except PodmanError as error:
            raise AppleError(f"failed to exec process {error.text}", "internalError") from error
        say(identifier)
        return 0
    before = set() if call.at_least(1) else set(guest_processes(row["Pid"], args["arguments"]))

    def deliver(number: int) -> None:
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            for pid in set(guest_processes(row["Pid"], args["arguments"])) - before:
                os.kill(pid, number)
                return
            time.sleep(0.05)

    return supervise(call, words, saved, args["interactive"], deliver)
