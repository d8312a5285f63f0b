"""Faults: whatever fails, it is closed (31, 32, 38, 42)."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.firewall.common import (
    LATER,
    await_daemons,
    closed,
    freeze_supervisor,
    never_ran,
    nothing_left,
    pids,
    refused,
    with_allowed,
)
from tests.firewall.conftest import POLICY
from tests.firewall.lab.box import Box
from tests.firewall.lab.engines import CAPABILITIES
from tests.firewall.lab.network import EVIL, RESOLVER, SHARED, Lab

pytestmark = pytest.mark.real
attack = pytest.mark.attack


@pytest.mark.parametrize("daemon", ["nginx", "dnsmasq"])
@attack(
    31,
    "root kills nginx or dnsmasq",
    "closed meanwhile; the supervisor restores it; the rules untouched; on record",
)
def test_daemon_killed(own: Callable[..., Box], lab: Lab, daemon: str) -> None:
    box = own()
    freeze = "nginx: " if daemon == "nginx" else "/usr/sbin/dnsmasq"
    killed = pids(box, freeze)
    assert killed
    rules = box.root("nft", "-st", "list", "ruleset").out
    assert box.root("kill", "-9", *killed).code == 0
    closed(box, lab)
    assert box.firewall("check").code == 0
    await_daemons(box)
    assert box.try_one("https", name="allowed.example")["status"] == "200"
    assert box.root("nft", "-st", "list", "ruleset").out == rules
    journal = box.root("cat", "/var/log/contenant-firewall/supervise.log").out
    assert "a daemon is gone" in journal
    assert "restored" in journal


def test_only_the_master_of_nginx_killed(own: Callable[..., Box], lab: Lab) -> None:
    """Its worker lives on and holds the ports: the restart must not be kept from them."""
    box = own()
    assert box.root("kill", "-9", *pids(box, "nginx: master")).code == 0
    closed(box, lab)
    await_daemons(box)
    assert box.try_one("https", name="allowed.example")["status"] == "200"


@attack(
    32, "the agent sits on the daemons' ports after they were killed", "it meets only itself; nothing left"
)
def test_squatting(own: Callable[..., Box], lab: Lab) -> None:
    box = own()
    freeze_supervisor(box)
    assert box.root("kill", "-9", *pids(box, "nginx: "), *pids(box, "/usr/sbin/dnsmasq")).code == 0
    since = lab.now()
    for port in (10443, 10080, 10053):
        assert box.try_one("listen", port=port)["met"] == "mine"
    code = (
        "import socket,threading\ns=socket.create_server(('127.0.0.1',10443))\n"
        "c=socket.create_connection(('45.66.0.66',443),2)\ng,_=s.accept()\ng.sendall(b'mine')\nprint(c.recv(4))"
    )
    assert "mine" in box.agent("python3", "-IS", "-c", code).out
    closed(box, lab)
    nothing_left(box, since)


@attack(
    32,
    "the agent sits on every spare port of the resolver while the policy is tightened",
    "the tightened policy is in force",
)
def test_squatting_against_a_change(own: Callable[..., Box], lab: Lab) -> None:
    box = own(with_allowed(POLICY, LATER))
    code = (
        "import socket,time\ns=[]\nfor p in range(10053,10061):\n"
        " for k in (socket.SOCK_STREAM,socket.SOCK_DGRAM):\n"
        "  try:\n   x=socket.socket(type=k); x.bind(('127.0.0.1',p)); k==1 and x.listen(); s.append(x)\n"
        "  except OSError: pass\nprint(len(s),flush=True)\ntime.sleep(30)"
    )
    sitting = subprocess.Popen(
        box.engine.argv("exec", "--user", "1000", box.name, "python3", "-IS", "-c", code),
        stdout=subprocess.PIPE,
    )
    try:
        assert sitting.stdout is not None
        assert int(sitting.stdout.readline()) >= 14
        done = box.apply(POLICY)
        assert done.code == 0, done.err
        assert box.try_one("resolve", name="later.example")["error"] in ("NONAME", "AGAIN")
        assert refused(box.try_one("https", name="later.example", address=SHARED))
        closed(box, lab)
        assert box.firewall("check").code == 0
    finally:
        sitting.kill()
        sitting.communicate(timeout=10)


@attack(38, "a container without NET_ADMIN", "ends with 97 and says so; the agent never ran")
def test_no_net_admin(own: Callable[..., Box]) -> None:
    lesser = tuple(c for c in CAPABILITIES if c != "NET_ADMIN")
    never_ran(own(start=False, capabilities=lesser), "NET_ADMIN")


@attack(38, "an image without nft", "ends with 97 and says how to mend it")
def test_no_nft(own: Callable[..., Box], tmp_path: Path) -> None:
    nothing = tmp_path / "nft"
    nothing.touch()
    never_ran(own(start=False, volumes=(f"{nothing}:/usr/sbin/nft:ro",)), "install Debian's package nftables")


@pytest.mark.parametrize("program", ["dnsmasq", "nginx"])
@attack(38, "an image without dnsmasq or nginx", "ends with 97")
def test_no_daemon(own: Callable[..., Box], tmp_path: Path, program: str) -> None:
    nothing = tmp_path / program
    nothing.touch()
    never_ran(own(start=False, volumes=(f"{nothing}:/usr/sbin/{program}:ro",)), f"{program} did not start")


BROKEN = [
    '{"format":1,',
    "",
    "[]",
    '{"format":2,"policy":{"mode":"block"}}',
    '{"format":1,"policy":{"mode":"open"}}',
    '{"format":1,"hash":"00","policy":{"mode":"block"}}',
    '{"format":1,"policy":{"mode":"block","allow":[{"name":"*.a;b.example"}]}}',
]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
@attack(38, "a broken policy at start", "ends with 97 and says what is wrong; the agent never ran")
def test_broken_policy_at_start(own: Callable[..., Box], text: str) -> None:
    box = own(start=False)
    box.write_policy(text)
    never_ran(box, "policy refused")


def test_no_policy_means_the_baked_one(own: Callable[..., Box]) -> None:
    box = own(start=False)
    (box.policy_directory / "policy.json").unlink()
    box.start()
    assert box.try_one("resolve", name="api.anthropic.com")["addresses"]
    assert box.try_one("resolve", name="allowed.example")["error"] == "NONAME"


LESSER = """#!/bin/sh
# An nft as on a kernel without {word}.
if [ "$1" = -f ] || [ "$1" = -c ]; then
	text=$(if [ -f "$2" ]; then cat "$2"; else cat; fi)
	case $text in
	*{pattern}*) echo "Error: Could not process rule: Operation not supported" >&2; exit 1 ;;
	esac
	if [ "$1" = -c ]; then check=-c; fi
	printf '%s\\n' "$text" | /opt/lab/nft $check -f -
	exit $?
fi
exec /opt/lab/nft "$@"
"""


@pytest.mark.parametrize(
    ("feature", "pattern"),
    [("reject", '"reject with"'), ("record", '"flags dynamic"')],
    ids=["reject", "record"],
)
def test_a_lesser_kernel_gets_less_comfort_and_no_lesser_block(
    own: Callable[..., Box], lab: Lab, tmp_path: Path, feature: str, pattern: str
) -> None:
    script = tmp_path / "nft"
    script.write_text(LESSER.format(word=feature, pattern=pattern))
    script.chmod(0o755)
    box = own(volumes=(f"{script}:/usr/sbin/nft:ro",))
    assert box.status()["features"][feature] is False
    assert f"this kernel cannot {feature}" in box.logs()
    since = lab.now()
    for address in (EVIL, box.engine.gateway):
        answer = box.try_one("tcp", address=address, port=8080, seconds=1)
        assert answer["error"] in ("ECONNREFUSED", "TimeoutError")
    assert "error" in box.try_one("https", name="blocked.example", address=SHARED)
    nothing_left(box, since)
    assert box.try_one("https", name="allowed.example")["status"] == "200"
    assert box.apply(with_allowed(POLICY, LATER)).code == 0
    assert box.try_one("https", name="later.example")["status"] == "200"


@attack(
    42, "50 000 different denied names", "service alive; rows bounded, the rest counted; the disk bounded"
)
def test_flood(own: Callable[..., Box], lab: Lab) -> None:
    box = own()
    box.try_one("resolve", name="first.evil.example")
    since = lab.now()
    answer = box.try_one("flood", count=50000)
    assert box.try_one("https", name="allowed.example")["status"] == "200"
    lines = [json.loads(line) for line in box.firewall("collect").out.splitlines()]
    rows, tail = lines[:-1], lines[-1]
    assert len(rows) <= 4000
    assert [row for row in rows if row["name"] == "first.evil.example"], "what came first was pushed out"
    seen = sum(row["count"] for row in rows if row["name"].startswith("f0"))
    assert seen + tail["suppressed"]["dns deny"] == 50000 - answer["lost"]
    assert int(box.root("du", "-sk", "/var/log/contenant-firewall").out.split()[0]) < 24 * 1024
    assert not [packet for packet in box.left(since) if "evil" in packet[3]]


@attack(42, "the disk of the logs is full", "what is allowed works, what is denied is denied")
def test_full_disk(own: Callable[..., Box], lab: Lab) -> None:
    box = own(tmpfs="/var/log/contenant-firewall:size=96k,mode=0755")
    box.root("sh", "-c", "cat /dev/zero >/var/log/contenant-firewall/fill 2>/dev/null")
    box.try_one("flood", count=3000)
    assert box.try_one("https", name="allowed.example")["status"] == "200"
    assert box.try_one("resolve", name="blocked.example")["error"] == "NONAME"
    closed(box, lab)
    assert box.firewall("check").code == 0
    assert box.apply(with_allowed(POLICY, LATER)).code == 0
    assert box.try_one("https", name="later.example")["status"] == "200"


def test_an_ended_entry_that_cannot_be_taken_out_closes_everything(own: Callable[..., Box], lab: Lab) -> None:
    until = int(time.time()) + 5
    box = own(
        with_allowed(POLICY, LATER | {"until": until}), tmpfs="/run/contenant/firewall:size=256k,mode=0755"
    )
    box.root("sh", "-c", "cat /dev/zero >/run/contenant/firewall/fill 2>/dev/null")
    assert box.try_one("https", name="later.example")["status"] == "200"
    time.sleep(max(0.0, until + 2.5 - time.time()))
    since = lab.now()
    assert box.firewall("check").code == 1
    assert box.agent("true").code != 0
    for name in ("later.example", "allowed.example"):
        assert "error" in box.probe(("https", {"name": name}), start="plain")[0]
    nothing_left(box, since)
    box.root("rm", "/run/contenant/firewall/fill")
    box.await_ready()
    assert box.try_one("resolve", name="later.example")["error"] == "NONAME"
    assert box.try_one("https", name="allowed.example")["status"] == "200"


def test_a_dead_upstream_is_a_failure_and_no_hole(own: Callable[..., Box], lab: Lab) -> None:
    box = own(env={"CONTENANT_RESOLVER": "45.250.0.1"})
    since = lab.now()
    answer = box.try_one("https", name="allowed.example", seconds=12)
    assert "error" in answer
    assert answer["ms"] < 6000
    assert {(p[0], p[1], p[2]) for p in box.left(since)} <= {
        ("udp", "45.250.0.1", 53),
        ("tcp", "45.250.0.1", 53),
    }


def test_no_upstream_at_all(own: Callable[..., Box], lab: Lab, tmp_path: Path) -> None:
    empty = tmp_path / "resolv.conf"
    empty.write_text("")
    box = own(resolver="", volumes=(f"{empty}:/etc/resolv.conf",))
    assert "no upstream resolver is known" in box.logs()
    since = lab.now()
    assert refused(box.try_one("https", name="allowed.example"))
    nothing_left(box, since)


def test_a_wrong_resolver_refuses_to_start(own: Callable[..., Box]) -> None:
    never_ran(own(start=False, env={"CONTENANT_RESOLVER": "dns.example"}), "CONTENANT_RESOLVER")


def test_the_policy_can_name_the_resolver(own: Callable[..., Box], lab: Lab) -> None:
    box = own(start=False, env={"CONTENANT_RESOLVER": "45.250.0.1"})
    box.write_policy(json.dumps({"format": 1, "resolvers": [RESOLVER], "policy": POLICY}))
    box.start()
    assert box.try_one("https", name="allowed.example")["status"] == "200"
    assert box.status()["resolvers"] == [RESOLVER]


def test_check_sees_every_tampering(own: Callable[..., Box]) -> None:
    box = own()
    freeze_supervisor(box)
    for argv in (
        ["nft", "add", "rule", "inet", "contenant", "output", "accept"],
        ["nft", "insert", "rule", "inet", "contenant", "proxy", "accept"],
        ["nft", "chain", "inet", "contenant", "output", "{ policy accept; }"],
        ["nft", "flush", "chain", "inet", "contenant", "steer"],
        ["nft", "delete", "table", "inet", "contenant"],
    ):
        assert box.firewall("check").code == 0
        assert box.root(*argv).code == 0
        failed = box.firewall("check")
        assert failed.code == 1
        assert len(failed.err.strip().splitlines()) == 1
        assert box.agent("true").code != 0
        assert not box.status()["rules"]["as_set"]
        assert box.firewall("run", "restore").code == 0
    box.root("rm", "/run/contenant/firewall/ready")
    assert box.firewall("check").code == 1
