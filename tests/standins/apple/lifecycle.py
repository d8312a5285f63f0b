"""stop, kill, delete, prune, clean."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

from .boot import Live, forget, observe
from .call import Call, complain, hang, say
from .errors import AggregateError, AppleError
from .state import State


def signal_number(text: str) -> int:
    """`TERM`, `SIGTERM` or `15`. Raises AppleError."""
    bare = text.upper().removeprefix("SIG")
    if bare.isdigit():
        return int(bare)
    try:
        return signal.Signals[f"SIG{bare}"].value
    except KeyError as error:
        raise AppleError(f"invalid signal: {text}") from error


def unknown(identifier: str) -> AppleError:
    """The words of stop, kill and delete for an id that is not there."""
    return AppleError(f"container with ID {identifier} not found", "notFound")


def halt(call: Call, name: str, sig: str | None, seconds: int) -> None:
    """Stop a podman container: the signal, the grace, then SIGKILL."""
    if sig is not None:
        call.podman.run("kill", "--signal", str(signal_number(sig)), name, check=False)
        try:
            call.podman.run("wait", "--condition", "stopped", name, check=False, timeout=max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            call.podman.run("kill", "--signal", "KILL", name, check=False)
        seconds = 0
    call.podman.run("stop", "--time", str(seconds), name, check=False)


def to_halt(call: Call, state: State, identifier: str, live: Live) -> str | None:
    """The podman container behind a running id; None when it is stopped already. Raises AppleError for an
    unknown one.
    """
    if identifier == "buildkit" and state["builder"]:
        state["builder"]["running"] = False
        return None
    if identifier not in state["containers"]:
        raise unknown(identifier)
    return state["containers"][identifier]["podman"] if identifier in live else None


def each(ids: list[str], act: Callable[[str], None]) -> int:
    """Do it to each, print the ids that went well, raise what did not as one error."""
    failures = []
    for identifier in ids:
        try:
            act(identifier)
            say(identifier)
        except AppleError as failure:
            failures.append(failure)
    if failures:
        raise AggregateError(failures)
    return 0


def validate(call: Call) -> None:
    """validate() of stop, kill and delete: a ContainerizationError, so exit 1 and not 64. Raises
    AppleError.
    """
    if not call.args["container_ids"] and not call.args["all"]:
        raise AppleError("no containers specified and --all not supplied")
    if call.args["container_ids"] and call.args["all"]:
        raise AppleError("explicitly supplied container ID(s) conflict with the --all flag")


def stop(call: Call) -> int:
    """`container stop`: idempotent; the wait is outside the lock, so that list and inspect go on."""
    args = call.args
    if args["signal"] is not None:
        signal_number(args["signal"])
    seconds = 5 if args["time"] is None else args["time"]
    with call.store.transaction() as state:
        live = observe(call, state)
        stuck = {identifier for identifier, record in state["containers"].items() if record["stuck"]}

    def one(identifier: str) -> None:
        if identifier in stuck:
            hang(call.settings)
        with call.store.transaction() as state:
            name = to_halt(call, state, identifier, live)
        if name is not None:
            halt(call, name, args["signal"], seconds)

    return each(sorted(live) if args["all"] else args["container_ids"], one)


def kill(call: Call) -> int:
    """`container kill`: a running container only."""
    args = call.args
    number = signal_number(args["signal"] or "KILL")

    with call.store.transaction() as state:
        live = observe(call, state)

        def one(identifier: str) -> None:
            if identifier not in state["containers"]:
                raise unknown(identifier)
            if identifier not in live:
                raise AppleError("no runtime client exists: container is stopped", "invalidState")
            name = state["containers"][identifier]["podman"]
            call.podman.run("kill", "--signal", str(number), name)
            if number == signal.SIGKILL:
                call.podman.run("wait", "--condition", "stopped", name, check=False)

        return each(sorted(live) if args["all"] else args["container_ids"], one)


def delete_one(call: Call, state: State, identifier: str, force: bool, live: Live | None = None) -> None:
    """Delete; a running one with `force` only. Raises AppleError."""
    if identifier == "buildkit" and state["builder"]:
        if state["builder"]["running"] and not force:
            raise AppleError("container buildkit is running and can not be deleted", "invalidState")
        state["builder"] = None
        return
    if identifier not in state["containers"]:
        raise unknown(identifier)
    if not force and identifier in (observe(call, state) if live is None else live):
        raise AppleError(f"container {identifier} is running and can not be deleted", "invalidState")
    forget(call, state, identifier)


def delete(call: Call) -> int:
    """`container delete`: repeated ids count once."""
    args = call.args
    with call.store.transaction() as state:
        live = observe(call, state)
        ids = list(dict.fromkeys(args["container_ids"]))
        if args["all"]:
            ids = [one for one in state["containers"] if args["force"] or one not in live]
        return each(ids, lambda identifier: delete_one(call, state, identifier, args["force"], live))


def prune(call: Call) -> int:
    """`container prune`: the stopped ones; ids on stdout, what was gained on stderr."""
    with call.store.transaction() as state:
        live = observe(call, state)
        ids = [identifier for identifier in state["containers"] if identifier not in live]
        each(ids, lambda identifier: forget(call, state, identifier))
    complain("Reclaimed Zero KB in disk space")
    return 0


def clean(call: Call) -> int:
    """`container clean` (1.4.1): nothing to reclaim underneath; unknown ids are refused."""
    with call.store.transaction() as state:
        for identifier in call.args["container_ids"]:
            if identifier not in state["containers"]:
                raise unknown(identifier)
    return 0
