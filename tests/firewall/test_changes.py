"""Changes are whole or none; restarts, modes, ends, the record (39-41, 43)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.firewall.common import (
    LATER,
    closed,
    follow,
    nothing_left,
    outcome,
    refused,
    with_allowed,
)
from tests.firewall.conftest import POLICY
from tests.firewall.lab.box import FIREWALL, Box
from tests.firewall.lab.network import EVIL, RESOLVER, SHARED, Lab

pytestmark = pytest.mark.real
attack = pytest.mark.attack


@attack(39, "a name is added while a stream runs", "works at once (time: make bench); the stream is unbroken")
def test_addition(own: Callable[..., Box]) -> None:
    box = own()
    stream = follow(box, 4)
    done = box.apply(with_allowed(POLICY, LATER, {"name": "later.example", "port": 22}))
    assert done.code == 0, done.err
    assert "kept" in done.out
    assert int(done.out.rpartition(", ")[2].split()[0]) < 2000
    assert box.try_one("https", name="later.example")["status"] == "200"
    address = box.try_one("resolve", name="later.example")["addresses"][0]
    assert box.try_one("tcp", address=address, port=22)["data"].startswith("LAB ")
    told = outcome(stream)
    assert told["end"] == "still open"
    assert told["gap"] < 2


@attack(40, "a name is removed", "its stream is reset within 2 s; new connections are denied")
def test_removal(own: Callable[..., Box], lab: Lab) -> None:
    box = own(with_allowed(POLICY, LATER))
    stream = follow(box, 15, "later.example")
    done = box.apply(POLICY)
    over = time.time()
    assert done.code == 0, done.err
    assert ", cut, " in done.out
    told = outcome(stream)
    assert told["end"] != "still open"
    assert told["at"] - over < 2
    since = lab.now()
    assert box.try_one("https", name="later.example")["error"] == "NONAME"
    assert refused(box.try_one("https", name="later.example", address=SHARED))
    nothing_left(box, since)
    assert box.try_one("https", name="allowed.example")["status"] == "200"


def test_a_removal_can_keep_what_is_open(own: Callable[..., Box]) -> None:
    box = own(with_allowed(POLICY, LATER))
    stream = follow(box, 4, "later.example")
    assert ", kept, " in box.apply(POLICY, "--keep").out
    assert box.try_one("https", name="later.example")["error"] == "NONAME"
    assert outcome(stream)["end"] == "still open"


def test_a_cut_can_be_asked_for(own: Callable[..., Box]) -> None:
    box = own()
    stream = follow(box, 10)
    assert ", cut, " in box.apply(POLICY, "--cut").out
    assert outcome(stream)["end"] != "still open"


BAD_NAMES = [
    "*",
    "*.com.",
    "a; }",
    "1.2.3.4",
    "a\0b.example",
    "a" * 64 + ".example",
    "b\u00fccher.example",
    "ALLOWED.example",
    "a.example\n",
    "a..example",
    "-a.example",
    "localhost",
    "a.example:443",
    "*.*.example",
    "[::1]",
    "a b.example",
    "a.example/24",
    "${x}.example",
    "a.0x7f",
]


@attack(
    41,
    "policy lines that are no names: *, addresses, ; } NUL, 64 characters, unicode",
    "refused; the old policy stays in force",
)
def test_bad_lines(box: Box) -> None:
    before = box.status()
    for name in BAD_NAMES:
        done = box.apply(with_allowed(POLICY, {"name": name}, {"name": "smuggled.example"}))
        assert done.code != 0, name
        assert "policy refused" in done.err
        assert len(done.err.strip().splitlines()) == 1
    box.write_policy(POLICY)
    after = box.status()
    assert {**after, "counters": 0} == {**before, "counters": 0}
    assert box.try_one("https", name="allowed.example")["status"] == "200"
    assert box.try_one("resolve", name="smuggled.example")["error"] == "NONAME"


@pytest.mark.parametrize("how", ["stop", "kill"])
@attack(
    43,
    "the container is stopped or killed, and started again",
    "rules back before the agent; the same policy",
)
def test_restart(own: Callable[..., Box], lab: Lab, how: str) -> None:
    box = own()
    before = box.try_one("resolve", name="git.example")["addresses"]
    if how == "stop":
        box.stop()
    else:
        box.kill()
        while box.running():
            time.sleep(0.05)
    since = lab.now()
    box.start(wait=False)
    dial = '[["tcp", {"address": "45.66.0.66", "port": 8080}]]'
    sessions = [box.agent("python3", "-IS", "/lab/probe.py", dial) for _ in range(10)]
    assert not [done for done in sessions if done.code == 0 and "ECONNREFUSED" not in done.out]
    box.await_ready()
    nothing_left(box, since)
    assert box.try_one("https", name="allowed.example")["status"] == "200"
    assert box.try_one("resolve", name="git.example")["addresses"] == before
    assert box.rows(layer="tls", verdict="allow", name="allowed.example")


def test_a_policy_changed_while_stopped_is_in_force_after_the_start(own: Callable[..., Box]) -> None:
    box = own()
    box.stop()
    box.write_policy(with_allowed(POLICY, LATER))
    box.start()
    assert box.try_one("https", name="later.example")["status"] == "200"
    status = box.status()
    assert status["policy"] == status["mounted_policy"]


def test_entries_end_by_themselves(own: Callable[..., Box], lab: Lab) -> None:
    until = int(time.time()) + 6
    box = own(with_allowed(POLICY, LATER | {"until": until}, {"name": "rot.example"}))
    stream = follow(box, 20, "later.example")
    assert box.status()["expires"] == until
    told = outcome(stream)
    assert told["end"] != "still open"
    assert until - 1 < time.time() < until + 5
    since = lab.now()
    assert box.try_one("resolve", name="later.example")["error"] == "NONAME"
    assert refused(box.try_one("https", name="later.example", address=SHARED))
    nothing_left(box, since)
    assert box.status()["expires"] == 0
    assert box.try_one("https", name="allowed.example")["status"] == "200"


def test_a_policy_the_agent_could_write_is_refused(own: Callable[..., Box]) -> None:
    box = own()
    text = json.dumps({"format": 1, "policy": {**POLICY, "mode": "off"}})
    assert box.agent("sh", "-c", f"mkdir /tmp/p && echo '{text}' >/tmp/p/policy.json").code == 0
    done = box.firewall("apply", "/tmp/p")
    assert done.code == 1
    assert "others can write it" in done.err
    assert box.status()["mode"] == "block"


def test_an_entry_that_ended_while_stopped(own: Callable[..., Box]) -> None:
    box = own(with_allowed(POLICY, LATER | {"until": int(time.time()) + 1}), start=False)
    time.sleep(1.2)
    box.start()
    assert box.try_one("resolve", name="later.example")["error"] == "NONAME"


def test_audit(own: Callable[..., Box], lab: Lab) -> None:
    box = own({**POLICY, "mode": "audit"})
    assert box.try_one("https", name="blocked.example")["who"] == "blocked.example"
    assert box.try_one("https", name="allowed.example")["who"] == "allowed.example"
    since = lab.now()
    for port in (22, 8080):
        assert refused(box.try_one("tcp", address=EVIL, port=port))
    assert refused(box.try_one("tcp", address="169.254.169.254", port=8080))
    lab.set_zone({"pointed.example": ["169.254.169.254"]})
    assert refused(box.try_one("https", name="pointed.example"))
    assert not box.try_one("hello", sni="evil.example\0.x", address=SHARED).get("answered")
    nothing_left(box, since, {("udp", RESOLVER, 53, "pointed.example")})
    assert box.rows(layer="tls", verdict="would-deny", name="blocked.example")
    assert box.rows(layer="dns", verdict="would-deny", name="blocked.example")
    assert box.rows(layer="tls", verdict="allow", name="allowed.example")


def test_modes_live(own: Callable[..., Box], lab: Lab) -> None:
    box = own()
    assert box.apply({**POLICY, "mode": "off"}).code == 0
    assert box.firewall("check").code == 0
    assert box.probe(("tcp", {"address": EVIL, "port": 8080}))[0]["data"].startswith("LAB")
    assert box.try_one("resolve", name="blocked.example")["addresses"]
    assert box.status()["mode"] == "off"
    assert box.apply(POLICY).code == 0
    assert box.firewall("check").code == 0
    closed(box, lab)
    assert box.try_one("https", name="allowed.example")["status"] == "200"


def test_a_stream_opened_while_off_is_cut_by_block(own: Callable[..., Box]) -> None:
    box = own({**POLICY, "mode": "off"})
    began = time.monotonic()
    stream = follow(box, 20, "blocked.example")
    assert box.apply(POLICY).code == 0
    lasted = time.monotonic() - began
    told = outcome(stream)
    assert told["end"] != "still open"
    assert 0 < told["lines"] <= lasted * 20 + 1


def test_the_test_command(box: Box) -> None:
    done = box.firewall("test", "allowed.example")
    assert done.code == 0, done.out
    assert done.out.splitlines()[-1] == "ok   allowed.example: reached"
    assert len(done.out.splitlines()) >= 8
    denied = box.firewall("test", "blocked.example")
    assert denied.code == 1
    assert "refused" in denied.out.splitlines()[-1]
    assert box.firewall("test", "git.example:22").code == 0
    assert box.firewall("test", "a", "b").code == 2


def test_collect_gives_each_row_once(own: Callable[..., Box]) -> None:
    box = own()
    for _ in range(3):
        box.try_one("https", name="blocked.example")
    first = [json.loads(line) for line in box.firewall("collect").out.splitlines()]
    again = [json.loads(line) for line in box.firewall("collect").out.splitlines()]
    assert again[: len(first) - 1] == first[:-1], "nothing is given up before it is acknowledged"
    assert (
        sum(row["count"] for row in first if row.get("name") == "blocked.example") == 3
    )  # asked for A and AAAA
    cursor = again[-1]["cursor"]
    assert len(box.firewall("collect", "--since", cursor).out.splitlines()) == 1
    box.try_one("tcp", address=EVIL, port=8080)
    third = [json.loads(line) for line in box.firewall("collect", "--since", cursor).out.splitlines()]
    assert [(row["layer"], row["dst"]) for row in third[:-1]] == [("l3", EVIL)]
    strange = [json.loads(line) for line in box.firewall("collect", "--since", "other:99").out.splitlines()]
    assert len(strange) == 2
    assert box.firewall("collect", "--since").code == 2


HANDED_OVER = "/var/lib/contenant/sessions/egress.jsonl"


def test_the_record_is_left_for_the_host(own: Callable[..., Box]) -> None:
    """At a stop, and while it runs whenever there is news, should it be killed."""
    box = own()
    box.try_one("resolve", name="first.blocked.example")
    box.stop()
    box.start()
    rows = [json.loads(line) for line in box.root("cat", HANDED_OVER).out.splitlines()]
    assert [row["count"] for row in rows if row.get("name") == "first.blocked.example"] == [1]
    assert rows[-1]["cursor"].endswith(f":{rows[-2]['seq']}")
    for start in (box.agent, box.plain):
        assert start("cat", HANDED_OVER).code != 0
        assert start("rm", HANDED_OVER).code != 0
    box.root("rm", HANDED_OVER)
    box.try_one("resolve", name="second.blocked.example")
    # The supervisor, but with less patience.
    faster = f"sed 's/^hand_every=[0-9]*/hand_every=2/' {FIREWALL}/supervise >/tmp/faster"
    box.root("sh", "-c", f"{faster}; timeout 5 bash -p /tmp/faster")
    rows = [json.loads(line) for line in box.root("cat", HANDED_OVER).out.splitlines()]
    named = {row.get("name") for row in rows}
    assert {"first.blocked.example", "second.blocked.example"} <= named, "nothing is given up by it"


def test_usage(box: Box) -> None:
    for command, words in (
        ("apply", []),
        ("apply", ["a", "b"]),
        ("apply", ["x", "--force"]),
        ("run", ["nothing"]),
    ):
        done = box.firewall(command, *words)
        assert done.code == 2
        assert len(done.err.strip().splitlines()) == 1
    missing = box.firewall("apply", "/nonexistent")
    assert missing.code == 1
    assert "cannot be read" in missing.err
