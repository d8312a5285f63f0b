"""The nftables rules, rendered. Pure: facts in, text out.

One uid, the proxy's, may leave: to the upstream resolvers and to public addresses, on the ports the policy
names. Everything else is refused and put on record. Nothing is decided by "not the agent": a new uid is
refused like any other.
"""

from __future__ import annotations

from typing import NamedTuple

from fw.environment import Environment
from fw.place import FWDNS, FWPROXY, TABLE
from fw.policy import Policy

TLS_PORT, HTTP_PORT = 10443, 10080
DNS_PORTS = tuple(range(10053, 10061))
FAKE_NET = "198.18.0.0/15"  # RFC 2544: routed nowhere
FAKE_ANY, FAKE_AUDIT, FAKE_HOST = "198.18.0.1", "198.18.0.2", "198.18.0.3"

# RFC 6890 and its registry: addresses that are nobody's on the public internet, and 6to4's relay.
PRIVATE4 = (
    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, "
    "192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24, "
    "224.0.0.0/3"
)
# Within 2000::/3: Teredo and the other special blocks, documentation, 6to4 (holds an IPv4 address).
PRIVATE6 = "2001::/23, 2001:db8::/32, 2002::/16, 3fff::/20"

# Before the rules: nothing of an earlier table stays. In the same transaction, so there is no gap.
FRESH = f"add table inet {TABLE}\ndelete table inet {TABLE}\n"


class Features(NamedTuple):
    """What the kernel's nftables can do. Without any of these the block is the same, only less is told."""

    reject: bool = True  # refuse at once rather than let the caller wait
    record: bool = True  # sets that remember who was refused


class Plan(NamedTuple):
    """What a change settles besides the policy."""

    mark: int  # connection mark of this generation; others' connections are cut
    dns_port: int
    ports: tuple[tuple[str, int, int], ...]  # (fake address, port, local port) per explicit entry
    features: Features


def render(policy: Policy, environment: Environment, plan: Plan) -> str:
    """The rules as one `nft -f` transaction that keeps the sets and what they recorded."""
    head = f"add table inet {TABLE}\nflush table inet {TABLE}\ntable inet {TABLE} {{\n"
    if policy.mode == "off":
        return head + _sets(plan.features) + _open() + "}\n"
    parts = (
        _sets(plan.features),
        _steer(environment, plan),
        _deny(plan.features),
        _proxy(policy, environment, plan),
        _output(environment, plan),
        _leaving(plan.features),
        _input(policy, plan),
        _chain("forward", "type filter hook forward priority filter; policy drop;"),
    )
    return head + "".join(parts) + "}\n"


def _chain(name: str, *lines: str) -> str:
    body = "".join(f"\t\t{line}\n" for line in lines if line)
    return f"\tchain {name} {{\n{body}\t}}\n"


def _sets(features: Features) -> str:
    if not features.record:
        return ""
    text = "\tcounter denied { }\n\tcounter queries { }\n"
    for name in ("blocked4", "blocked6", "dialed4", "dialed6"):
        kind = f"type uid . inet_proto . ipv{name[-1]}_addr . inet_service"
        lines = (kind, "size 4096", "flags dynamic,timeout", "timeout 1h", "counter")
        text += f"\tset {name} {{\n" + "".join(f"\t\t{line}\n" for line in lines) + "\t}\n"
    return text


def _record(name: str, family: int, features: Features, match: str = "meta l4proto { tcp, udp }") -> str:
    if not features.record:
        return ""
    address, protocol = ("ip", "ipv4") if family == 4 else ("ip6", "ipv6")
    key = f"meta skuid . meta l4proto . {address} daddr . th dport"
    return f"meta nfproto {protocol} {match} update @{name}{family} {{ {key} counter }}"


def _count(name: str, features: Features) -> str:
    return f" counter name {name}" if features.record else ""


def _steer(environment: Environment, plan: Plan) -> str:
    """Names and web ports go to the local daemons, whatever address was dialled.

    Priority -110: before Docker's own rules for its resolver at -100.
    """
    families = ("ipv4", "ipv6") if environment.local6 else ("ipv4",)
    dialled = "meta l4proto tcp th dport { 80, 443 }"
    fakes = ", ".join(f"{fake} . {port} : 127.0.0.1 . {local}" for fake, port, local in plan.ports)
    lines = [f"meta skuid {{ {FWPROXY}, {FWDNS} }} return"]
    for family in families:
        asking = f"meta nfproto {family} meta l4proto {{ tcp, udp }} th dport 53"
        lines += [f"{asking}{_count('queries', plan.features)} redirect to :{plan.dns_port}"]
    lines += ['oifname "lo" return']
    lines += [f"dnat ip to ip daddr . tcp dport map {{ {fakes} }}"] if fakes else []
    lines += [_record("dialed", 4, plan.features, f"ip daddr != {FAKE_NET} {dialled}")]
    lines += [_record("dialed", 6, plan.features, f"ip6 daddr != 100::/64 {dialled}")]
    for family in families:
        lines += [f"meta nfproto {family} tcp dport 443 redirect to :{TLS_PORT}"]
        lines += [f"meta nfproto {family} tcp dport 80 redirect to :{HTTP_PORT}"]
    return _chain("steer", "type nat hook output priority -110; policy accept;", *lines)


def _deny(features: Features) -> str:
    lines = [_record("blocked", 4, features), _record("blocked", 6, features)]
    lines += [_count("denied", features).strip()]
    if features.reject:
        lines += ["meta l4proto tcp reject with tcp reset", "reject with icmpx type admin-prohibited"]
    return _chain("deny", *lines, "drop")


def _proxy(policy: Policy, environment: Environment, plan: Plan) -> str:
    """What the proxy's uid may do. Private addresses are refused here, after resolution: a name that was
    pointed at them reaches nothing.
    """
    go = f"ct mark set {plan.mark} accept"
    upstream4 = ", ".join(item for item in environment.resolvers if ":" not in item)
    upstream6 = ", ".join(item for item in environment.resolvers if ":" in item)
    ports = ", ".join(
        str(port) for port in sorted({80, 443} | {entry.port for entry in policy.allow if entry.port})
    )
    services = ", ".join(str(port) for port in policy.host) if environment.gateway else ""
    dns = "meta l4proto { tcp, udp } th dport 53"
    return _chain(
        "proxy",
        'oifname "lo" ct direction reply ct state established accept',
        f"ct mark {plan.mark} ct state established accept",
        "ct state != new goto deny",
        f"ip daddr {{ {upstream4} }} {dns} {go}" if upstream4 else "",
        f"ip6 daddr {{ {upstream6} }} {dns} {go}" if upstream6 else "",
        f"ip daddr {environment.gateway} tcp dport {{ {services} }} {go}" if services else "",
        f"ip daddr {{ {PRIVATE4} }} goto deny",
        "ip6 daddr != 2000::/3 goto deny",
        f"ip6 daddr {{ {PRIVATE6} }} goto deny",
        f"tcp dport {{ {ports} }} {go}",
        "goto deny",
    )


def _output(environment: Environment, plan: Plan) -> str:
    return _chain(
        "output",
        "type filter hook output priority filter; policy drop;",
        f"meta skuid {FWPROXY} goto proxy",
        # Docker's resolver forwards from the host: an open door behind the loopback.
        "ip daddr 127.0.0.11 goto deny",
        'oifname "lo" accept',
        # After a redirect the interface still reads as the one first routed to.
        "ct status dnat ip daddr 127.0.0.1 accept",
        "ct status dnat ip6 daddr ::1 accept" if environment.local6 else "",
        # Neighbour discovery, and answers to what was let in on a declared port.
        "icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept",
        "ct direction reply ct state established accept",
        # Segments the kernel sends for the proxy after its socket is gone carry no uid.
        f"ct mark {plan.mark} ct state established accept",
        "goto deny",
    )


def _leaving(features: Features) -> str:
    """A socket bound to an interface keeps it through a redirect: what was meant for a local daemon would go
    out on the wire, addressed to the loopback. Only here is the interface the one that will be used.
    """
    return _chain(
        "leaving",
        "type filter hook postrouting priority filter; policy accept;",
        'oifname "lo" accept',
        f"ip daddr 127.0.0.0/8{_count('denied', features)} drop",
        f"ip6 daddr ::1{_count('denied', features)} drop",
    )


def _input(policy: Policy, plan: Plan) -> str:
    return _chain(
        "input",
        "type filter hook input priority filter; policy drop;",
        'iifname "lo" accept',
        # Answers to the proxy. What the agent itself opened while the firewall was off gets none any more.
        f"ct mark {plan.mark} ct state established accept",
        "meta l4proto { icmp, icmpv6 } ct state related accept",
        "icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept",
        *(f"{protocol} dport {port} accept" for port, protocol in policy.inbound),
    )


def _open() -> str:
    """Mode off: the table stays, so that what is in force can be read off it."""
    return "".join(
        _chain(name, f"type filter hook {name} priority filter; policy accept;")
        for name in ("output", "input", "forward")
    ) + _chain("steer", "type nat hook output priority -110; policy accept;")
