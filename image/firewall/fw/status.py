"""What really is, and the self-test on demand."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from fw import change, daemons, kernel, place, selftest
from fw.policy import read_policy


def report() -> str:
    """One JSON object: the host compares it with what it recorded."""
    state = place.load_state()
    listing = kernel.listing()
    counters = {row["name"]: row["count"] for row in kernel.records()["counters"]} if listing else {}
    port = state.get("dns_port", 0)
    facts: dict[str, Any] = {
        "format": 1,
        "ready": os.path.exists(place.READY),
        "rules": {
            "there": bool(listing),
            "as_set": bool(listing) and listing == place.read(place.SNAPSHOT),
            "closed": kernel.is_closed(listing),
        },
        "mode": state.get("mode", ""),
        "policy": state.get("hash", ""),
        "expires": state.get("expires", 0),
        "since": state.get("since", 0),
        "mark": state.get("mark", 0),
        "features": state.get("features", {}),
        "resolvers": state.get("resolvers", []),
        "ipv6": state.get("routed6", False),
        "daemons": {"dnsmasq": daemons.dns_pid(port), "nginx": daemons.web_pid()},
        "counters": counters,
        "mounted_policy": _mounted(),
    }
    return json.dumps(facts, sort_keys=True) + "\n"


def test(host: str) -> int:
    """The self-test, then one probe of `HOST` or `HOST:PORT`; one line each; 0 when all came out well."""
    state = place.load_state()
    if not state:
        raise place.FirewallError("not up")
    policy = read_policy(place.read(change.CURRENT), int(time.time()))
    probes = [selftest.rules(policy.mode), *selftest.prove(policy, state)]
    for probe in probes:
        print(f"{'ok  ' if probe.ok else 'FAIL'} {probe.what}: {probe.found}")
    wrong = bool(selftest.failure(probes))
    if host:
        name, _, port = host.partition(":")
        found = selftest.reach(name, int(port) if port.isdigit() else 443)
        print(f"{'ok  ' if found == 'reached' else 'no  '} {host}: {found}")
        wrong = wrong or found != "reached"
    return 1 if wrong else 0


def _mounted() -> str:
    """The hash of the policy the host mounted: differs where a change was not applied."""
    text = place.read(place.POLICY)
    try:
        return read_policy(text, 0).hash if text else ""
    except Exception:  # noqa: BLE001 - a broken file is told as such, not a reason to say nothing
        return "unreadable"
