"""Names for the guests: each network's gateway answers, as a Mac does, by asking the host's resolver."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .call import Call

RESOLVER = "CONTAINER_STANDIN_RESOLVER"


def upstream(call: Call) -> tuple[str, str] | None:
    """Address and port of the resolver to pass questions to; None where the host has none."""
    named = call.environ.get(RESOLVER, "")
    if named:
        address, _, port = named.partition(":")
        return address, port or "53"
    try:
        lines = Path("/etc/resolv.conf").read_text().splitlines()
    except OSError:
        return None
    words = [line.split() for line in lines]
    found = [word[1] for word in words if len(word) > 1 and word[0] == "nameserver" and ":" not in word[1]]
    return (found[0], "53") if found else None


def serve(call: Call, gateway: str) -> None:
    """Let the gateway answer for as long as this stand-in lives. For root only, as the port is."""
    target = upstream(call)
    if target is None or os.geteuid() != 0:
        return
    relay = Path(__file__).with_name("dns_relay.py").resolve()
    subprocess.Popen(
        [sys.executable, "-IS", str(relay), gateway, str(call.settings.home), *target],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
