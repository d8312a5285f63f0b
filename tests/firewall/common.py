"""What the attack tests share."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from tests.firewall.lab.box import Box
from tests.firewall.lab.network import EVIL, SHARED, Lab

DENIED_CODES = {
    "ECONNREFUSED",
    "ECONNRESET",
    "EPERM",
    "EACCES",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "SSLEOFError",
    "SSLZeroReturnError",
    "NONAME",
    "EADDRNOTAVAIL",
    "BrokenPipeError",
    "EPIPE",
}


def nothing_left(box: Box, since: float, besides: set[tuple[str, str, int, str]] | None = None) -> None:
    """Not one packet left the container after a moment, but for those named."""
    assert box.addresses, "it is not known whose packets to look for"
    left = box.left(since) - (besides or set())
    assert not left, f"left the container: {sorted(left)}"


def refused(result: dict[str, Any]) -> bool:
    """Whether a probe ended in a refusal, and not in data or a time-out."""
    return result.get("error") in DENIED_CODES


def with_allowed(policy: dict[str, Any], *entries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A policy with more allowed, or otherwise changed."""
    return {**policy, "allow": [*policy["allow"], *entries], **changes}


def request(host: str, path: str = "/", method: str = "GET", version: str = "1.1", more: str = "") -> str:
    """A raw HTTP request."""
    return f"{method} {path} HTTP/{version}\r\nHost: {host}\r\n{more}\r\n"


LATER = {"name": "later.example"}


def closed(box: Box, lab: Lab) -> None:
    """Neither a stranger nor a denied name is reached, and nothing leaves towards them."""
    since = lab.now()
    assert refused(box.probe(("tcp", {"address": EVIL, "port": 8080}), start="plain")[0])
    assert "error" in box.probe(("https", {"name": "blocked.example", "address": SHARED}), start="plain")[0]
    assert refused(box.probe(("udp", {"address": EVIL, "port": 443}), start="plain")[0])
    nothing_left(box, since)


def pids(box: Box, words: str) -> list[str]:
    """Processes whose command line holds these words."""
    script = (
        f"for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -q '^{words}' && echo ${{p#/proc/}}; done"
    )
    return box.root("sh", "-c", script).out.split()


def freeze_supervisor(box: Box) -> None:
    """Stop the supervisor in its tracks, so that what happens without it can be seen."""
    assert box.root("kill", "-STOP", *supervisors(box)).code == 0


def supervisors(box: Box, seconds: float = 15) -> list[str]:
    """Pids of the supervisor; the entrypoint starts it a moment after the container is ready."""
    deadline = time.monotonic() + seconds
    while not (found := pids(box, "/bin/bash -p /usr/local/lib/contenant/firewall/supervise")):
        assert time.monotonic() < deadline, "no supervisor"
        time.sleep(0.3)
    return found


def await_daemons(box: Box, seconds: float = 12) -> None:
    """Wait until both daemons run again."""
    deadline = time.monotonic() + seconds
    while not all(box.status()["daemons"].values()):
        assert time.monotonic() < deadline, box.status()
        time.sleep(0.3)


def never_ran(box: Box, words: str) -> None:
    """The container ended with 97 and one line that says why."""
    box.start(wait=False)
    assert box.exit_code() in (97, None)
    said = [line for line in box.logs().splitlines() if "firewall" in line]
    assert words in said[0]


def follow(box: Box, seconds: float, name: str = "allowed.example") -> subprocess.Popen[bytes]:
    """A stream of the agent's, on its way."""
    wanted = json.dumps([["follow", {"name": name, "seconds": seconds}]])
    stream = subprocess.Popen(
        box.engine.argv("exec", "--user", "1000", box.name, "python3", "-IS", "/lab/probe.py", wanted),
        stdout=subprocess.PIPE,
    )
    assert stream.stdout is not None
    assert stream.stdout.readline() == b"streaming\n"
    time.sleep(0.3)
    return stream


def outcome(stream: subprocess.Popen[bytes]) -> dict[str, Any]:
    out = stream.communicate(timeout=30)[0]
    found: dict[str, Any] = json.loads(out)[0]
    return found
