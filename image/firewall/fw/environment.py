"""What this container has to work with: resolvers, gateway, IPv6. From /proc and the engine's files."""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

from fw import place
from fw.policy import is_resolver

RESOLV = "/etc/resolv.conf"
ENGINE_RESOLV = place.KEEP + "/resolv.conf.engine"
MARK = "# contenant: names are answered here, as the policy says"
_HOST_NAMES = ("host.containers.internal", "host.docker.internal")


class Environment(NamedTuple):
    """Facts that shape the configuration files."""

    resolvers: tuple[str, ...]  # upstream, asked by the proxy only
    gateway: str  # the machine that runs the container, "" where it cannot be told
    local6: bool  # ::1 is there
    routed6: bool  # there is a way out over IPv6
    files: int  # hard limit of open files


def look(given: tuple[str, ...]) -> Environment:
    """Gather the facts. `given` are resolvers from the policy file; they win over all others."""
    import resource

    keep_engine_resolv()
    return Environment(
        resolvers=given or _from_variable() or _from_engine(place.read(ENGINE_RESOLV)),
        gateway=_gateway(),
        local6=_local6(),
        routed6=_routed6(),
        files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
    )


def keep_engine_resolv() -> None:
    """Copy the engine's resolv.conf aside, unless what stands there is ours."""
    text = place.read(RESOLV)
    if MARK not in text:
        place.write(ENGINE_RESOLV, text)


def point_resolv_here(ours: bool, local6: bool) -> bool:
    """Make resolv.conf name the local resolver, or give the engine's back. False when it cannot be written.

    Not being able to is no hole: port 53 of every address is answered here. The file is a bind mount on most
    engines, so it is written in place.
    """
    servers = "nameserver 127.0.0.1\n" + ("nameserver ::1\n" if local6 else "")
    text = f"{MARK}\n{servers}options timeout:2 attempts:2\n" if ours else place.read(ENGINE_RESOLV)
    if place.read(RESOLV) == text:
        return True
    try:
        with open(RESOLV, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return False
    return True


def _from_variable() -> tuple[str, ...]:
    words = os.environ.get("CONTENANT_RESOLVER", "").replace(",", " ").split()
    for word in words:
        if not is_resolver(word):
            raise place.FirewallError(f"CONTENANT_RESOLVER names no address that can be asked: {word!r}")
    return tuple(words)


def _from_engine(text: str) -> tuple[str, ...]:
    """Resolvers of a resolv.conf. Docker's own at 127.0.0.11 asks from inside this namespace, as root, which
    the rules refuse; the servers it would ask stand in a comment beside it.
    """
    found = [
        line.split()[1]
        for line in text.splitlines()
        if line.split()[:1] == ["nameserver"] and line.split()[1:]
    ]
    for line in text.splitlines():
        if line.startswith("# ExtServers:"):
            found += line.partition(":")[2].strip().strip("[]").split()
    return tuple(dict.fromkeys(item for item in found if is_resolver(item)))


def _gateway() -> str:
    for line in place.read("/etc/hosts").splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1 and any(name in words[1:] for name in _HOST_NAMES) and _is_ipv4(words[0]):
            return words[0]
    for line in place.read("/proc/net/route").splitlines()[1:]:
        words = line.split()
        if words[1] == "00000000" and words[2] != "00000000":
            return socket.inet_ntoa(bytes.fromhex(words[2])[::-1])
    return ""


def _is_ipv4(text: str) -> bool:
    try:
        packed = socket.inet_aton(text)
    except OSError:
        return False
    return socket.inet_ntoa(packed) == text and packed[0] not in (0, 127)


def _local6() -> bool:
    return any(
        line.split()[0] == "0" * 31 + "1"
        for line in place.read("/proc/net/if_inet6").splitlines()
        if line.split()
    )


def _routed6() -> bool:
    for line in place.read("/proc/net/ipv6_route").splitlines():
        words = line.split()
        if len(words) == 10 and words[0] == "0" * 32 and words[1] == "00" and words[9] != "lo":
            return True
    return False
