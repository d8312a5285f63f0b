"""The resolver's configuration: dnsmasq without an upstream. Pure: facts in, text out.

An allowed name has one fixed address of a range that is routed nowhere; every other name does not exist.
What the agent resolves therefore never leaves the container, and no address is ever part of the policy.
"""

from __future__ import annotations

from zlib import crc32

from fw.environment import Environment
from fw.place import DNS_LOGS, DNS_RUN
from fw.policy import Entry, Policy
from fw.ruleset import FAKE_ANY, FAKE_AUDIT, FAKE_HOST

HOST_NAME = "host.contenant.internal"
_NOWHERE6 = "100::1"
_FAKE_ROOM = 2 * 65536 - 256  # 198.18.1.0 to 198.19.255.255


def render(policy: Policy, environment: Environment, addresses: dict[str, str], port: int) -> str:
    """dnsmasq's configuration. `addresses` are those of names with an explicit port."""
    lines = [
        "no-resolv",
        "no-hosts",
        "no-ident",
        "bind-interfaces",
        f"port={port}",
        "listen-address=127.0.0.1" + (",::1" if environment.local6 else ""),
        "user=fwdns",
        "group=fwdns",
        "cache-size=0",
        "local-ttl=60",
        "log-queries",
        f"log-facility={DNS_LOGS}/dns.log",
        f"pid-file={DNS_RUN}/dnsmasq.{port}.pid",
    ]
    exact = {entry.name for entry in policy.allow if not entry.wildcard}
    lines += [f"host-record={name},{addresses.get(name, FAKE_ANY)}" for name in sorted(exact)]
    if policy.host:
        lines.append(f"host-record={HOST_NAME},{FAKE_HOST}")
    for entry in policy.allow:
        lines += _wildcard(entry.name, FAKE_ANY) if entry.wildcard else []
    if policy.mode == "audit":  # every name works, denied ones too
        lines += [f"address=/#/{FAKE_AUDIT}", f"address=/#/{_NOWHERE6}"]
    else:
        lines += [line for entry in policy.deny for line in _denied(entry, policy.allow)]
    lines.append("local=/#/")
    return "\n".join(lines) + "\n"


def _wildcard(name: str, address: str) -> list[str]:
    # The IPv6 address is of the discard range: some libraries fail a name whose AAAA does not exist. With
    # `local` all other record types have no data, where without it they would be passed on.
    return [f"address=/*.{name}/{address}", f"address=/*.{name}/{_NOWHERE6}", f"local=/*.{name}/"]


def _denied(entry: Entry, allow: tuple[Entry, ...]) -> list[str]:
    """A hole in an allowed wildcard. Denying one name leaves the names below it as they were."""
    lines = [f"local=/*.{entry.name}/" if entry.wildcard else f"local=/{entry.name}/"]
    within = any(other.wildcard and entry.name.endswith("." + other.name) for other in allow)
    if within and not entry.wildcard:
        lines += _wildcard(entry.name, FAKE_ANY)
    return lines


def assign(policy: Policy, known: dict[str, str]) -> dict[str, str]:
    """An address of its own for every name with an explicit port.

    Deterministic, and never one that another name has or had while the container exists (`known`).
    """
    addresses, taken = dict(known), set(known.values())
    for name in sorted({entry.name for entry in policy.allow if entry.port} - set(known)):
        number = crc32(name.encode("ascii")) % _FAKE_ROOM
        while (address := _fake(number)) in taken:
            number = (number + 1) % _FAKE_ROOM
        addresses[name] = address
        taken.add(address)
    return addresses


def _fake(number: int) -> str:
    value = (198 << 24) + (18 << 16) + 256 + number
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))
