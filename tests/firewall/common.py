"""What the attack tests share."""

from __future__ import annotations

from typing import Any

from tests.firewall.lab.engines import Box

DENIED_CODES = {"ECONNREFUSED", "ECONNRESET", "EPERM", "EACCES", "ENETUNREACH", "EHOSTUNREACH", "SSLEOFError",
                "SSLZeroReturnError", "NONAME", "EADDRNOTAVAIL", "BrokenPipeError", "EPIPE"}  # fmt: skip


def nothing_left(box: Box, since: float, besides: set[tuple[str, str, int, str]] | None = None) -> None:
    """Not one packet left the container after a moment, but for those named."""
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
