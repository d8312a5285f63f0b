"""The commands, each importing only what it needs."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable

from fw import place


def main(argv: list[str]) -> None:
    """Run a command by name."""
    command = _COMMANDS.get(argv[0] if argv else "")
    if command is None:
        place.fail(f"no such command; one of {', '.join(sorted(_COMMANDS))}", 2)
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    os.chdir("/")
    try:
        command(argv[1:])
    except (place.FirewallError, OSError) as error:
        place.fail(str(error))


def _up(arguments: list[str]) -> None:
    from fw.ready import up

    up(int(arguments[0]))


def _apply(arguments: list[str]) -> None:
    """`apply DIR|FILE [--cut|--keep]`."""
    from fw import change, ledger

    flags = [word for word in arguments if word.startswith("--")]
    paths = [word for word in arguments if not word.startswith("--")]
    if len(paths) != 1 or not set(flags) <= {"--cut", "--keep"} or len(flags) > 1:
        place.fail("usage: apply DIR|FILE [--cut|--keep]", 2)
    began = time.monotonic()
    held = place.lock()
    text, policy = change.read_file(os.path.abspath(paths[0]), int(time.time()))
    state = place.load_state()
    before = change.in_force(state) if state else None
    cut = change.switch(text, policy, {"--cut": True, "--keep": False}.get(flags[0]) if flags else None)
    spent = round((time.monotonic() - began) * 1000)
    _mark_ready(policy.mode)
    with contextlib.suppress(OSError):  # a full disk costs the record, not the change
        ledger.digest(before)
    os.close(held)
    print(f"contenant: firewall: policy {policy.hash[:12]} in force, {'cut' if cut else 'kept'}, {spent} ms")


def _expire(_: list[str]) -> None:
    """Bring the current policy into force as it stands now: what has ended is taken out and cut."""
    from fw import change

    held = place.lock()
    text, policy = change.read_file(change.CURRENT, int(time.time()))
    change.switch(text, policy, None)
    # The supervisor takes the mark away when this fails, and asks again.
    place.write(place.READY, f"{policy.mode}\n")
    os.close(held)


def _restore(_: list[str]) -> None:
    from fw import change

    held = place.lock()
    change.restore()
    os.close(held)


def _collect(arguments: list[str]) -> None:
    """`collect [--since CURSOR]`."""
    from fw import ledger

    if arguments[:1] not in ([], ["--since"]) or len(arguments) not in (0, 2):
        place.fail("usage: collect [--since CURSOR]", 2)
    held = place.lock()
    sys.stdout.writelines(ledger.collect(arguments[1] if arguments else ""))
    os.close(held)


def _handover(_: list[str]) -> None:
    """Leave the record where the host finds it while the container does not run."""
    from fw import ledger

    held = place.lock()
    ledger.hand_over()
    os.close(held)


def _digest(_: list[str]) -> None:
    """Take the raw logs into the ledger; the supervisor asks for it when they grow."""
    from fw import ledger

    held = place.lock()
    ledger.digest()
    os.close(held)


def _status(_: list[str]) -> None:
    from fw import status

    sys.stdout.write(status.report())


def _test(arguments: list[str]) -> None:
    """`test [HOST[:PORT]]`."""
    from fw import status

    if len(arguments) > 1:
        place.fail("usage: test [HOST[:PORT]]", 2)
    raise SystemExit(status.test(arguments[0] if arguments else ""))


def _mark_ready(mode: str) -> None:
    if os.path.exists(place.READY):
        place.write(place.READY, f"{mode}\n")


_COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "up": _up,
    "apply": _apply,
    "expire": _expire,
    "restore": _restore,
    "collect": _collect,
    "handover": _handover,
    "digest": _digest,
    "status": _status,
    "test": _test,
}
