"""`up`: from nothing to proven. `check` (a shell script, for speed) reads what is written here."""

from __future__ import annotations

import os
import time

from fw import change, kernel, place, selftest


def up(lockdown: int) -> None:
    """Bring the firewall up or end with one line and everything closed.

    `lockdown` is the pid of the process that loads the first rules, a child of this one.
    """
    try:
        _await(lockdown)
        place.make_directories()
        for path in (place.READY, place.STATE, place.SNAPSHOT):
            place.remove(path)
        held = place.lock()
        source = place.POLICY if os.path.exists(place.POLICY) else place.DEFAULT_POLICY
        text, policy = change.read_file(source, int(time.time()))
        target = change.start(text, policy)
        listing = kernel.begin_listing()
        wrong = selftest.failure(selftest.prove(policy, target.state))
        change.confirm(policy.mode, kernel.end_listing(listing))
        if wrong:
            raise place.FirewallError(f"self-test failed: {wrong}")
        place.write(place.READY, f"{policy.mode}\n")
        os.close(held)
    except (place.FirewallError, OSError) as error:
        place.fail(str(error))
    _advise(target)


def _await(lockdown: int) -> None:
    """See everything closed. Where that failed, load again to learn why."""
    if os.waitpid(lockdown, 0)[1] != 0:
        kernel.load(place.read(place.HERE + "/lockdown.nft"))


def _advise(target: change.Target) -> None:
    """What works less well than it might, one line each: never a reason not to start."""
    lines = []
    if target.policy.mode == "off":
        lines.append("off, as the policy says: everything is let out")
    elif not target.environment.resolvers:
        lines.append("no upstream resolver is known: no name can be reached; set CONTENANT_RESOLVER")
    for name, given in target.state["features"].items():
        if not given:
            lines.append(f"this kernel cannot {name} what is refused; it is refused all the same")
    for line in lines:
        os.write(2, f"contenant: firewall: {line}\n".encode())
