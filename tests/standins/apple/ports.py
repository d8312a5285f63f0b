"""--publish, --publish-socket and --network: what they mean and what is refused."""

from __future__ import annotations

import ipaddress
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from .errors import AppleError
from .settings import Settings
from .values import split_like_swift

SPEC = re.compile(
    r"(?:(?:\[(?P<v6>[^\]]*)\]|(?P<v4>[^:].*)):)?(?P<host>[^:].*?):(?P<guest>[^:/]*)(?:/(?P<proto>.*))?"
)
MOST = 64


class Attachment(NamedTuple):
    """One --network."""

    name: str
    mac: str | None
    mtu: int


def port_range(text: str, side: str) -> tuple[int, int]:
    """`80` or `80-90`. Raises AppleError."""
    parts = split_like_swift(text, "-", 9)
    if len(parts) not in (1, 2) or not all(part.isdigit() and int(part) < 65536 for part in parts):
        raise AppleError(f"invalid publish {side} port: {text}")
    low, high = int(parts[0]), int(parts[-1])
    if low <= 1 or low > high:
        raise AppleError(f"invalid publish {side} port range: {text}")
    return low, high


def address(match: re.Match[str], text: str) -> str:
    """The host address; 0.0.0.0 when none is given."""
    for version, key in ((6, "v6"), (4, "v4")):
        if match[key]:
            try:
                parsed = ipaddress.ip_address(match[key])
            except ValueError as error:
                raise AppleError(f"invalid publish IPv{version} address: {text}") from error
            if parsed.version != version:
                raise AppleError(f"invalid publish IPv{version} address: {text}")
            return str(parsed)
    return "0.0.0.0"


def publish(text: str) -> dict[str, Any]:
    """One --publish. Raises AppleError."""
    match = SPEC.fullmatch(text)
    if match is None:
        raise AppleError(f"invalid publish value: {text}")
    proto = (match["proto"] or "tcp").lower()
    if proto not in ("tcp", "udp"):
        raise AppleError(f"invalid publish protocol: {proto}")
    host_address = address(match, text)
    host, guest = port_range(match["host"], "host"), port_range(match["guest"], "container")
    if host[1] - host[0] != guest[1] - guest[0]:
        raise AppleError(
            f"publish host and container port counts are not equal: {match['host']}:{match['guest']}"
        )
    return {
        "containerPort": guest[0],
        "count": host[1] - host[0] + 1,
        "hostAddress": host_address,
        "hostPort": host[0],
        "proto": proto,
    }


def published(raw: Iterable[str]) -> list[dict[str, Any]]:
    """All --publish. Raises AppleError when there are too many or two overlap."""
    ports = [publish(text) for text in raw]
    if len(ports) > MOST:
        raise AppleError(f"cannot exceed more than {MOST} port publish descriptors")
    taken: set[tuple[str, int]] = set()
    for port in ports:
        span = {(port["proto"], port["hostPort"] + offset) for offset in range(port["count"])}
        if span & taken:
            raise AppleError("host ports for different publish port specs may not overlap")
        taken |= span
    return ports


def sockets(raw: Iterable[str]) -> list[dict[str, Any]]:
    """All --publish-socket; checked and remembered, not carried. Raises AppleError."""
    result = []
    for text in raw:
        parts = split_like_swift(text, ":", 9)
        if len(parts) != 2:
            raise AppleError(f"invalid publish-socket format {text}. Expected: host_path:container_path")
        host = Path(parts[0]).absolute()
        if host.exists() and stat.S_ISSOCK(host.stat().st_mode):
            raise AppleError(f"host socket {host} already exists and may be in use")
        result.append({"containerPath": parts[1], "hostPath": str(host)})
    return result


def attachment(settings: Settings, text: str) -> Attachment:
    """One --network `name[,mac=…][,mtu=…]`; mac from 0.7, mtu from 0.11. Raises AppleError."""
    name, *properties = text.split(",")
    if not name:
        raise AppleError("network name cannot be empty")
    mac, mtu = None, 1280
    for item in properties:
        key, equals, value = item.partition("=")
        if not equals or "=" in value:
            raise AppleError(f"invalid property format '{item}' in network specification '{text}'")
        if key == "mac":
            if not re.fullmatch(r"([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}", value):
                raise AppleError(f"invalid MAC address format {value}, expected format: XX:XX:XX:XX:XX:XX")
            mac = value
        elif key == "mtu" and settings.at_least(0, 11):
            if not value.isdigit() or not 1280 <= int(value) <= 65535:
                raise AppleError(f"invalid mtu value '{value}': must be between 1280 and 65535")
            mtu = int(value)
        else:
            raise AppleError(f"unknown network property '{key}'. Available properties: mac, mtu")
    return Attachment(name, mac, mtu)


def attachments(settings: Settings, raw: list[str], identifier: str) -> list[dict[str, Any]]:
    """The configuration's networks: the builtin when none is named, none for `none`. Raises AppleError."""
    parsed = [attachment(settings, text) for text in raw] or [Attachment("default", None, 1280)]
    if any(one.name == "none" for one in parsed):
        if len(parsed) > 1:
            raise AppleError("no other networks may be created along with network none", "unsupported")
        return []
    if settings.modes.on("macos15") and [one.name for one in parsed] != ["default"]:
        raise AppleError("non-default network configuration requires macOS 26 or newer")
    return [
        {
            "network": one.name,
            "options": {
                "hostname": identifier,
                "mtu": one.mtu,
                **({"macAddress": one.mac} if one.mac else {}),
            },
        }
        for one in parsed
    ]
