# ruff: noqa: RUF001 - the multiplication sign is what is printed
"""What a firewall recorded: read strictly, joined to sessions, bounded, told in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contenant.core.egress import (
    MANY,
    Refusal,
    attribute,
    fold,
    is_name,
    notice,
    read,
    refusals,
)
from contenant.core.policy_names import is_open
from contenant.core.records import SessionSpan
from tests.store.samples import attempt

RAW = {
    "ts": 1795445260.25,
    "layer": "dns",
    "verdict": "deny",
    "policy": "a" * 64,
    "name": "Example.COM",
    "dst": "",
    "port": 53,
    "proto": "udp",
    "uid": -1,
    "count": 2,
    "sent": 0,
    "received": 0,
    "seq": 1,
}
TAIL = {"cursor": "5b6d3e3c85ba:6", "suppressed": {"dns deny": 7}, "counters": {"denied": 4}}


def printed(*lines: Any) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_what_collect_prints_is_read() -> None:
    found = read(printed(RAW | {"seq": 6}, TAIL), "c1", "5b6d3e3c85ba:5")
    assert found is not None
    assert (found.since, found.cursor, found.suppressed) == (
        "5b6d3e3c85ba:5",
        "5b6d3e3c85ba:6",
        {"dns deny": 7},
    )
    row = found.rows[0]
    assert (row.destination, row.verdict, row.attempts, row.container_id) == ("example.com", "deny", 2, "c1")
    assert row.first_seen == row.last_seen == "2026-11-23T14:47:40.250Z"


@pytest.mark.parametrize(
    ("since", "seqs", "cursor"),
    [
        ("", [4, 5, 6], "5b6d3e3c85ba:6"),
        ("5b6d3e3c85ba:5", [6], "5b6d3e3c85ba:6"),
        ("5b6d3e3c85ba:9", [], "5b6d3e3c85ba:9"),
        ("another:5", [4, 5, 6], "5b6d3e3c85ba:6"),
    ],
)
def test_what_is_known_already_is_left_out(since: str, seqs: list[int], cursor: str) -> None:
    rows = [RAW | {"seq": seq, "count": seq} for seq in (4, 5, 6)]
    found = read(printed(*rows, TAIL), "c1", since)
    assert found is not None
    assert ([row.attempts for row in found.rows], found.cursor) == (seqs, cursor)


@pytest.mark.parametrize(
    "changed",
    [
        {"ts": "soon"},
        {"ts": 1e300},
        {"layer": "other"},
        {"verdict": "perhaps"},
        {"port": 70000},
        {"port": None},
        {"count": -1},
        {"sent": "x"},
        {"policy": None, "name": None, "uid": []},
    ],
)
def test_a_line_that_is_none_of_ours_is_left_out(changed: dict[str, Any]) -> None:
    found = read(printed(RAW | changed, RAW, [1], "x", TAIL), "c1", "")
    assert found is not None
    assert len(found.rows) == 1


@pytest.mark.parametrize("text", ["", printed(RAW), printed(RAW) + '{"cursor": "5b', printed({"cursor": 7})])
def test_an_answer_without_its_end_does_not_count(text: str) -> None:
    assert read(text, "c1", "") is None


def span(key: str, started: str, ended: str = "") -> SessionSpan:
    return SessionSpan(key, f"2027-01-01T{started}.500Z", f"2027-01-01T{ended}.500Z" if ended else "")


@pytest.mark.parametrize(
    ("at", "spans", "expected"),
    [
        ("10:00:05", [span("a", "10:00:00")], "a"),
        ("10:00:00", [span("a", "10:00:00")], "a"),  # names have whole seconds
        ("09:59:59", [span("a", "10:00:00")], ""),
        ("10:00:05", [span("a", "10:00:00"), span("b", "10:00:04")], ""),
        ("10:00:05", [span("a", "10:00:00"), span("b", "10:00:06")], "a"),
        ("10:00:05", [span("old", "09:00:00", "10:00:04"), span("b", "10:00:05")], "b"),
        ("10:00:05", [span("old", "09:00:00", "10:00:04")], "old"),
        ("10:00:15", [span("old", "09:00:00", "10:00:04")], ""),
        ("10:00:05", [span("a", "09:00:00", "10:00:04"), span("b", "09:00:00", "10:00:04")], ""),
        ("10:00:05", [], ""),
    ],
)
def test_a_row_belongs_to_the_only_session_that_can_be_meant(
    at: str, spans: list[SessionSpan], expected: str
) -> None:
    row = attempt(last_seen=f"2027-01-01T{at}.000Z")
    assert attribute([row], spans)[0].session_id == expected


def test_equal_rows_are_one() -> None:
    early = attempt(first_seen="2027-01-01T10:00:00.000Z", last_seen="2027-01-01T10:00:00.000Z", sent=1)
    late = attempt(first_seen="2027-01-01T11:00:00.000Z", last_seen="2027-01-01T11:00:00.000Z", attempts=4)
    assert fold([late, early, attempt(layer="tls")], 10) == [
        early._replace(last_seen=late.last_seen, attempts=5),
        attempt(layer="tls"),
    ]


def test_a_flood_is_only_counted() -> None:
    rows = [attempt(destination=f"n{number}.example.com") for number in range(1000)]
    rows += [attempt(verdict="allow", layer="tls", destination="late.example.com", sent=9)]
    found = fold(rows, 10)
    assert len(found) == 12
    assert [row.destination for row in found[:10]] == [f"n{number}.example.com" for number in range(10)]
    assert [(row.destination, row.verdict, row.attempts, row.sent) for row in found[10:]] == [
        (MANY, "deny", 990, 0),
        (MANY, "allow", 1, 9),
    ]


def test_one_attempt_is_seen_by_several_layers() -> None:
    found = refusals(
        [
            attempt(session_id="s1", attempts=2),
            attempt(session_id="s2", attempts=2),
            attempt(session_id="s2", layer="tls", attempts=3),
            attempt(destination="b.example.com", attempts=9, verdict="would-deny"),
            attempt(verdict="allow", layer="tls"),
        ]
    )
    assert found == [
        Refusal("b.example.com", 443, 9, 1, attempt().last_seen, "would-deny", True),
        Refusal("a.example.com", 443, 4, 2, attempt().last_seen, "deny", True),
    ]


def test_addresses_come_after_names() -> None:
    found = refusals(
        [attempt(layer="l3", destination="", address="192.0.2.7", port=22, attempts=99), attempt()]
    )
    assert [(r.name, r.port, r.by_name) for r in found] == [
        ("a.example.com", 443, True),
        ("192.0.2.7", 22, False),
    ]


@pytest.mark.parametrize("name", ["shop", "7.2.0.192.in-addr.arpa", "a..b", "10.0.0.1", MANY, "x.ip6.arpa"])
def test_what_nobody_means_to_reach_is_left_out(name: str) -> None:
    assert refusals([attempt(destination=name)]) == []


def test_a_port_of_its_own_is_kept_and_80_is_the_web() -> None:
    assert refusals([attempt(layer="http", port=80)])[0].port == 443
    assert refusals([attempt(layer="tcp", port=22)])[0].port == 22


def refused(name: str, **more: Any) -> Refusal:
    fields = {"port": 443, "attempts": 3, "sessions": 1, "last_seen": "", "verdict": "deny", "by_name": True}
    return Refusal(name, **fields | more)  # type: ignore[arg-type]


def test_the_notice() -> None:
    assert notice([]) == ""
    assert notice([refused("example.com")]) == (
        "firewall: blocked example.com (3×); contenant firewall allow example.com --reason '…'"
    )


def test_the_notice_of_many() -> None:
    text = notice([refused(f"{letter}.example.com", attempts=1) for letter in "abcde"])
    assert text == (
        "firewall: blocked a.example.com (1×), b.example.com (1×), c.example.com (1×) and 2 more; "
        "contenant firewall allow a.example.com --reason '…'"
    )


def test_the_notice_about_addresses_and_ports() -> None:
    assert notice([refused("2001:db8::7", port=22, by_name=False)]) == (
        "firewall: blocked [2001:db8::7]:22 (3×); contenant firewall log --denied"
    )
    assert notice([refused("git.example.com", port=22)]).endswith(
        "allow git.example.com --port 22 --reason '…'"
    )


def test_the_notice_of_an_audit() -> None:
    found = [refused("example.com", verdict="would-deny")]
    assert notice(found).startswith("firewall: let through, though block would refuse: example.com (3×); ")
    both = [*found, refused("b.example.com")]
    assert notice(both).startswith("firewall: blocked b.example.com (3×); ")


def test_names() -> None:
    assert is_name("a.example.com")
    assert not is_name("A.example.com")
    assert not is_name("a")


@pytest.mark.parametrize(
    ("body", "name", "port", "expected"),
    [
        ({}, "a.example.com", 443, False),
        ({"mode": "off"}, "a.example.com", 443, True),
        ({"mode": "block", "allow": [{"name": "a.example.com"}]}, "a.example.com", 443, True),
        ({"mode": "block", "allow": [{"name": "a.example.com"}]}, "a.example.com", 22, False),
        ({"mode": "block", "allow": [{"name": "a.example.com", "port": 22}]}, "a.example.com", 22, True),
        ({"mode": "block", "allow": [{"name": "*.example.com"}]}, "a.example.com", 443, True),
        (
            {"mode": "block", "allow": [{"name": "*.example.com"}], "deny": [{"name": "a.example.com"}]},
            "a.example.com",
            443,
            False,
        ),
    ],
)
def test_what_a_policy_opens(body: dict[str, Any], name: str, port: int, expected: bool) -> None:
    assert is_open(body, name, port) is expected
