"""Attacks by name over TLS and HTTP (1-13, 45)."""

from __future__ import annotations

import time

import pytest

from tests.firewall.common import nothing_left, refused, request
from tests.firewall.lab.box import Box
from tests.firewall.lab.network import (
    EVIL,
    EVIL6,
    SHARED,
    SHARED6,
    Lab,
)

pytestmark = pytest.mark.real
attack = pytest.mark.attack


@attack(1, "HTTPS to an allowed name", "200; allow on record, with the name")
def test_allowed(box: Box) -> None:
    answer = box.try_one("https", name="allowed.example")
    assert (answer["status"], answer["who"]) == ("200", "allowed.example")
    row = box.rows(layer="tls", verdict="allow", name="allowed.example")[-1]
    assert row["dst"] in (SHARED, SHARED6)
    assert row["received"] > 500
    assert row["policy"] == box.status()["policy"]


@attack(2, "HTTPS below an allowed wildcard", "200")
def test_wildcard(box: Box) -> None:
    assert box.try_one("https", name="x.wild.example")["who"] == "x.wild.example"
    assert box.try_one("https", name="a.b.wild.example")["who"] == "a.b.wild.example"


@attack(2, "the apex of a wildcard, and a name denied below it", "the names do not exist; nothing left")
def test_apex_and_hole(box: Box, lab: Lab) -> None:
    since = lab.now()
    for name in ("wild.example", "no.wild.example"):
        assert box.try_one("resolve", name=name)["error"] == "NONAME"
        assert refused(box.try_one("https", name=name, address=SHARED))
    nothing_left(box, since)
    assert box.try_one("https", name="below.no.wild.example")["who"] == "below.no.wild.example"


@attack(3, "HTTPS to another name", "does not exist, within 50 ms; deny on record; nothing left")
def test_blocked(box: Box, lab: Lab) -> None:
    since = lab.now()
    answer = box.try_one("https", name="blocked.example")
    assert answer["error"] == "NONAME"
    assert answer["ms"] < 50
    nothing_left(box, since)
    assert box.rows(layer="dns", verdict="deny", name="blocked.example")


@pytest.mark.parametrize("sni", ["", EVIL], ids=["no-name", "address"])
@attack(
    4, "TLS to an address, with no name or the address as name", "reset; the address on record; nothing left"
)
def test_direct_tls(box: Box, lab: Lab, sni: str) -> None:
    since = lab.now()
    answer = box.try_one("hello", sni=sni, address=EVIL)
    assert not answer.get("answered")
    nothing_left(box, since)
    assert box.rows(layer="l3", verdict="steered", dst=EVIL, port=443, uid=1000)
    assert box.rows(layer="tls", verdict="deny", name=sni)


@attack(5, "an address on port 22, 853, 8080", "refused at once; on record with the uid; nothing left")
def test_direct_ports(box: Box, lab: Lab) -> None:
    since = lab.now()
    ports = (22, 853, 8080)
    for answer in box.probe(*(("tcp", {"address": EVIL, "port": port}) for port in ports)):
        assert answer["error"] == "ECONNREFUSED"
        assert answer["ms"] < 50
    nothing_left(box, since)
    assert {row["port"] for row in box.rows(layer="l3", verdict="deny", dst=EVIL, uid=1000)} >= set(ports)


@attack(6, "another tenant of an allowed name's address, by SNI", "TLS fails; deny on record; nothing left")
def test_other_tenant(box: Box, lab: Lab) -> None:
    since = lab.now()
    assert refused(box.try_one("https", name="blocked.example", address=SHARED))
    nothing_left(box, since)
    assert box.rows(layer="tls", verdict="deny", name="blocked.example")


@attack(7, "another tenant of an allowed name's address, by Host", "403 that names the host; nothing left")
def test_other_tenant_http(box: Box, lab: Lab) -> None:
    since = lab.now()
    answer = box.try_one("http", address=SHARED, text=request("blocked.example"))
    assert answer["data"].startswith("HTTP/1.1 403")
    assert "contenant firewall allow blocked.example" in answer["data"]
    nothing_left(box, since)
    assert box.rows(layer="http", verdict="deny", name="blocked.example")


@attack(
    8,
    "an allowed name dialled at a stranger's address",
    "the real host answers; nothing went to the stranger",
)
def test_lying_address(box: Box, lab: Lab) -> None:
    since = lab.now()
    answer = box.try_one("https", name="allowed.example", address=EVIL)
    assert answer["who"] == "allowed.example"
    assert answer["dst"] in (SHARED, SHARED6)
    assert not [packet for packet in box.left(since) if packet[1] in (EVIL, EVIL6)]


@attack(9, "a denied SNI cut into segments, single bytes, TLS records", "denied; nothing left")
def test_cut_denied(box: Box, lab: Lab) -> None:
    since = lab.now()
    ways = ("two", "bytes", "records")
    answers = box.probe(
        *(("hello", {"sni": "blocked.example", "address": SHARED, "how": how}) for how in ways)
    )
    assert not [how for how, answer in zip(ways, answers, strict=True) if answer.get("answered")]
    nothing_left(box, since)


@attack(9, "an allowed SNI cut the same ways", "works")
def test_cut_allowed(box: Box) -> None:
    ways = ("whole", "two", "bytes", "records")
    answers = box.probe(
        *(("hello", {"sni": "allowed.example", "address": SHARED, "how": how}) for how in ways)
    )
    assert [how for how, answer in zip(ways, answers, strict=True) if answer.get("answered")] == list(ways)


GARBLED = {
    "nul-after": "allowed.example\0x",
    "nul-suffix": "evil.example\0.wild.example",
    "nul-label": "\0.wild.example",
    "control": "a\x01b.wild.example",
    "newline": "allowed.example\n",
    "newline-suffix": "evil.example\n.wild.example",
    "blank": " allowed.example",
    "high-byte": "\xe9.wild.example",
    "semicolon": "a;b.wild.example",
    "brace": "$clean.wild.example",
    "long-label": "a" * 64 + ".wild.example",
    "300-bytes": ".".join(["a" * 50] * 6) + ".wild.example",
    "empty-label": "a..wild.example",
    "leading-dot": ".wild.example",
    "trailing-dot": "allowed.example.",
    "star": "*.wild.example",
    "colon": "evil.example:443#.wild.example",
}


@attack(10, "an SNI with NUL, control bytes, 300 bytes, a trailing dot", "denied; no DNS query upstream")
def test_garbled(box: Box, lab: Lab) -> None:
    since = lab.now()
    answers = box.probe(
        *(("hello", {"sni": sni, "address": SHARED}) for sni in GARBLED.values()), timeout=200
    )
    assert not [name for name, answer in zip(GARBLED, answers, strict=True) if answer.get("answered")]
    nothing_left(box, since)


@attack(10, "an allowed name in upper case", "works; asked upstream as the policy spells it")
def test_upper_case(box: Box, lab: Lab) -> None:
    time.sleep(1.1)  # until nginx forgets what it resolved
    since = lab.now()
    assert box.try_one("hello", sni="ALLowed.EXAMPLE", address=SHARED)["answered"]
    assert {packet[3] for packet in box.left(since) if packet[3]} <= {"allowed.example"}


LOOK_ALIKES = (
    "notallowed.example",
    "allowed.example.evil.example",
    "x.allowed.example",
    "allowed.exampl",
    "llowed.example",
    "allowed-example",
    "wild.example.evil.example",
    "xwild.example",
)


@attack(11, "names that look like an allowed one", "denied; nothing left")
def test_look_alikes(box: Box, lab: Lab) -> None:
    since = lab.now()
    for answer in box.probe(*(("resolve", {"name": name}) for name in LOOK_ALIKES)):
        assert "error" in answer
    for answer in box.probe(*(("hello", {"sni": name, "address": SHARED}) for name in LOOK_ALIKES)):
        assert not answer.get("answered")
    nothing_left(box, since)


@attack(12, "bytes that are no TLS on port 443", "closed; nothing left")
def test_no_tls(box: Box, lab: Lab) -> None:
    since = lab.now()
    for text in (
        "SSH-2.0-x\r\n",
        request("allowed.example"),
        "\x16\x03\x01\xff\xff" + "a" * 5000,
        "\x80\x2e\x01\x03\x01",
    ):
        answer = box.try_one("tcp", address=SHARED, port=443, send=text, seconds=7)
        assert answer.get("data", "") == ""
    nothing_left(box, since)


@attack(12, "a connection on port 443 that says nothing", "closed within 6 s; nothing left")
def test_silence(box: Box, lab: Lab) -> None:
    since = lab.now()
    answer = box.try_one("silent", address=SHARED, port=443, seconds=10)
    assert refused(answer) or answer["closed_after"] < 6
    nothing_left(box, since)


@attack(13, "HTTP keep-alive with another Host second", "403 for the second; nothing of it left")
def test_keep_alive(box: Box, lab: Lab) -> None:
    since = lab.now()
    answer = box.try_one(
        "http", address=SHARED, text=request("allowed.example"), then=request("blocked.example")
    )
    assert answer["first"].startswith("HTTP/1.1 200")
    assert "HTTP/1.1 403" in answer["first"] + answer["data"]
    assert not lab.arrived(since, kind="http", host="blocked.example")


H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


SMUGGLED = request("blocked.example", "/smuggled")


CONFUSED = {
    "absolute-denied": "GET http://blocked.example/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n",
    "two-hosts": "GET / HTTP/1.1\r\nHost: allowed.example\r\nHost: blocked.example\r\n\r\n",
    "connect": "CONNECT blocked.example:443 HTTP/1.1\r\nHost: allowed.example\r\n\r\n",
    "http-1.0": "GET / HTTP/1.0\r\n\r\n",
    "http-0.9": "GET /\r\n",
    "cl-te": request(
        "allowed.example", method="POST", more="Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"
    )
    + "0\r\n\r\n"
    + SMUGGLED,
    "te-te": request(
        "allowed.example", method="POST", more="Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"
    )
    + "0\r\n\r\n"
    + SMUGGLED,
    "folded": "GET / HTTP/1.1\r\nHost: allowed.example\r\n blocked.example\r\n\r\n",
    "host-list": request("allowed.example,blocked.example"),
    "host-at": request("allowed.example@blocked.example"),
    "host-nul": request("allowed.example\0.blocked.example"),
    "host-port": request("blocked.example:80"),
    "h2c": request("blocked.example", more=H2C),
    "space": "GET / HTTP/1.1\r\nHost : allowed.example\r\nHost: blocked.example\r\n\r\n",
}


@attack(13, "HTTP that two parsers might read differently", "no request for a denied host arrives")
def test_confused(box: Box, lab: Lab) -> None:
    since = lab.now()
    box.probe(*(("http", {"address": SHARED, "text": text, "seconds": 1.5}) for text in CONFUSED.values()))
    arrived = lab.arrived(since, kind="http")
    assert not [row for row in arrived if row["host"] != "allowed.example" or row["path"] == "/smuggled"]


@attack(13, "an absolute URI of an allowed host with a denied Host", "the denied Host is not passed on")
def test_absolute(box: Box, lab: Lab) -> None:
    since = lab.now()
    box.try_one(
        "http", address=SHARED, text="GET http://allowed.example/x HTTP/1.1\r\nHost: blocked.example\r\n\r\n"
    )
    assert {row["host"] for row in lab.arrived(since, kind="http")} <= {"allowed.example"}


@attack(45, "domain fronting: an allowed SNI, another Host inside the encryption", "gets through", limit=True)
def test_fronting(box: Box, lab: Lab) -> None:
    since = lab.now()
    answer = box.try_one("https", name="allowed.example", host="blocked.example")
    assert answer["status"] == "200"
    assert lab.arrived(since, kind="http", sni="allowed.example", host="blocked.example")
