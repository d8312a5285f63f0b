"""Faults and changes: each fault leaves it closed, each change is whole or none (31, 32, 38-43)."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.firewall.common import nothing_left, refused, with_allowed
from tests.firewall.conftest import POLICY
from tests.firewall.lab.engines import CAPABILITIES, Box
from tests.firewall.lab.network import EVIL, RESOLVER, SHARED, Lab

pytestmark = pytest.mark.real
attack = pytest.mark.attack
LATER = {"name": "later.example"}


def closed(box: Box, lab: Lab) -> None:
    """Neither a stranger nor a denied name is reached, and nothing leaves towards them."""
    since = lab.now()
    assert refused(box.probe(("tcp", {"address": EVIL, "port": 8080}), start="plain")[0])
    assert "error" in box.probe(("https", {"name": "blocked.example", "address": SHARED}), start="plain")[0]
    assert refused(box.probe(("udp", {"address": EVIL, "port": 443}), start="plain")[0])
    nothing_left(box, since)


def pids(box: Box, words: str) -> list[str]:
    """Processes whose command line holds these words."""
    script = f"for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -q '^{words}' && echo ${{p#/proc/}}; done"
    return box.root("sh", "-c", script).out.split()


def freeze_supervisor(box: Box) -> None:
    """Stop the supervisor in its tracks, so that what happens without it can be seen."""
    found = pids(box, "/bin/bash -p /usr/local/lib/contenant/firewall/supervise")
    assert found
    assert box.root("kill", "-STOP", *found).code == 0


def await_daemons(box: Box, seconds: float = 12) -> None:
    """Wait until both daemons run again."""
    deadline = time.monotonic() + seconds
    while not all(box.status()["daemons"].values()):
        assert time.monotonic() < deadline, box.status()
        time.sleep(0.3)


@pytest.mark.parametrize("daemon", ["nginx", "dnsmasq"])
@attack(31, "root kills nginx or dnsmasq", "closed meanwhile; the supervisor restores it; the rules untouched; on record")
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


@attack(32, "the agent sits on the daemons' ports after they were killed", "it meets only itself; nothing left")
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


@attack(32, "the agent sits on every spare port of the resolver while the policy is tightened", "the tightened policy is in force")
def test_squatting_against_a_change(own: Callable[..., Box], lab: Lab) -> None:
    box = own(with_allowed(POLICY, LATER))
    code = (
        "import socket,time\ns=[]\nfor p in range(10053,10061):\n for k in (socket.SOCK_STREAM,socket.SOCK_DGRAM):\n"
        "  try:\n   x=socket.socket(type=k); x.bind(('127.0.0.1',p)); k==1 and x.listen(); s.append(x)\n"
        "  except OSError: pass\nprint(len(s),flush=True)\ntime.sleep(30)"
    )
    sitting = subprocess.Popen(
        box.engine.argv("exec", "--user", "1000", box.name, "python3", "-IS", "-c", code), stdout=subprocess.PIPE
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
        sitting.terminate()
        sitting.communicate(timeout=10)


def never_ran(box: Box, words: str) -> None:
    """The container ended with 97 and one line that says why."""
    box.start(wait=False)
    assert box.exit_code() == 97
    said = [line for line in box.logs().splitlines() if "firewall" in line]
    assert words in said[0]


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


BROKEN = ['{"format":1,', "", "[]", '{"format":2,"policy":{"mode":"block"}}', '{"format":1,"policy":{"mode":"open"}}',
          '{"format":1,"hash":"00","policy":{"mode":"block"}}',
          '{"format":1,"policy":{"mode":"block","allow":[{"name":"*.a;b.example"}]}}']  # fmt: skip


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
	case $text in *{pattern}*) echo "Error: Could not process rule: Operation not supported" >&2; exit 1 ;; esac
	if [ "$1" = -c ]; then check=-c; fi
	printf '%s\\n' "$text" | /opt/lab/nft $check -f -
	exit $?
fi
exec /opt/lab/nft "$@"
"""


@pytest.mark.parametrize(
    ("feature", "pattern"), [("reject", '"reject with"'), ("record", '"flags dynamic"')], ids=["reject", "record"]
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


def follow(box: Box, seconds: float, name: str = "allowed.example") -> subprocess.Popen[bytes]:
    """A stream of the agent's, on its way."""
    wanted = json.dumps([["follow", {"name": name, "seconds": seconds}]])
    return subprocess.Popen(
        box.engine.argv("exec", "--user", "1000", box.name, "python3", "-IS", "/lab/probe.py", wanted),
        stdout=subprocess.PIPE,
    )


def outcome(stream: subprocess.Popen[bytes]) -> dict[str, object]:
    out = stream.communicate(timeout=30)[0]
    found: dict[str, object] = json.loads(out)[0]
    return found


@attack(39, "a name is added while a stream runs", "works within 300 ms; the stream is unbroken")
def test_addition(own: Callable[..., Box]) -> None:
    box = own()
    stream = follow(box, 5)
    time.sleep(1.5)
    done = box.apply(with_allowed(POLICY, LATER, {"name": "later.example", "port": 22}))
    assert done.code == 0, done.err
    assert "kept" in done.out
    assert int(done.out.rpartition(", ")[2].split()[0]) < 300
    assert box.try_one("https", name="later.example")["status"] == "200"
    address = box.try_one("resolve", name="later.example")["addresses"][0]
    assert box.try_one("tcp", address=address, port=22)["data"].startswith("LAB ")
    told = outcome(stream)
    assert told["end"] == "still open"
    assert float(str(told["gap"])) < 0.5


@attack(40, "a name is removed", "its stream is reset within 2 s; new connections are denied")
def test_removal(own: Callable[..., Box], lab: Lab) -> None:
    box = own(with_allowed(POLICY, LATER))
    stream = follow(box, 15, "later.example")
    time.sleep(1.5)
    began = time.monotonic()
    done = box.apply(POLICY)
    assert done.code == 0, done.err
    assert ", cut, " in done.out
    told = outcome(stream)
    assert told["end"] != "still open"
    assert time.monotonic() - began < 2.5
    since = lab.now()
    assert box.try_one("https", name="later.example")["error"] == "NONAME"
    assert refused(box.try_one("https", name="later.example", address=SHARED))
    nothing_left(box, since)
    assert box.try_one("https", name="allowed.example")["status"] == "200"


def test_a_removal_can_keep_what_is_open(own: Callable[..., Box]) -> None:
    box = own(with_allowed(POLICY, LATER))
    stream = follow(box, 4, "later.example")
    time.sleep(1.5)
    assert ", kept, " in box.apply(POLICY, "--keep").out
    assert box.try_one("https", name="later.example")["error"] == "NONAME"
    assert outcome(stream)["end"] == "still open"


def test_a_cut_can_be_asked_for(own: Callable[..., Box]) -> None:
    box = own()
    stream = follow(box, 10)
    time.sleep(1.5)
    assert ", cut, " in box.apply(POLICY, "--cut").out
    assert outcome(stream)["end"] != "still open"


BAD_NAMES = ["*", "*.com.", "a; }", "1.2.3.4", "a\0b.example", "a" * 64 + ".example", "b\u00fccher.example", "ALLOWED.example",
             "a.example\n", "a..example", "-a.example", "localhost", "a.example:443", "*.*.example", "[::1]", "a b.example",
             "a.example/24", "${x}.example", "a.0x7f"]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
@attack(41, "policy lines that are no names: *, addresses, ; } NUL, 64 characters, unicode", "refused; the old policy stays in force")
def test_bad_lines(box: Box, name: str) -> None:
    before = box.status()
    done = box.apply(with_allowed(POLICY, {"name": name}, {"name": "smuggled.example"}))
    assert done.code != 0
    assert "policy refused" in done.err
    assert len(done.err.strip().splitlines()) == 1
    box.write_policy({**POLICY})
    after = box.status()
    assert {**after, "counters": 0} == {**before, "counters": 0}
    assert box.try_one("https", name="allowed.example")["status"] == "200"
    assert box.try_one("resolve", name="smuggled.example")["error"] == "NONAME"


@attack(42, "50 000 different denied names", "service alive; rows bounded, the rest counted; the disk bounded")
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


@pytest.mark.parametrize("how", ["stop", "kill"])
@attack(43, "the container is stopped or killed, and started again", "rules back before the agent; the same policy")
def test_restart(own: Callable[..., Box], lab: Lab, how: str) -> None:
    box = own()
    before = box.try_one("resolve", name="git.example")["addresses"]
    if how == "stop":
        box.stop()
    else:
        box._run("kill", box.name)
        while box.running():
            time.sleep(0.05)
    since = lab.now()
    box.start(wait=False)
    codes = []
    for _ in range(10):
        codes.append(box.agent("python3", "-IS", "/lab/probe.py", '[["tcp", {"address": "45.66.0.66", "port": 8080}]]'))
    assert not [done for done in codes if done.code == 0 and "ECONNREFUSED" not in done.out]
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
    until = int(time.time()) + 8
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
    stream = follow(box, 20, "blocked.example")
    time.sleep(1.5)
    began = time.monotonic()
    assert box.apply(POLICY).code == 0
    told = outcome(stream)
    assert told["end"] != "still open" or float(str(told["gap"])) > 5
    assert time.monotonic() - began < 8


def test_a_dead_upstream_is_a_failure_and_no_hole(own: Callable[..., Box], lab: Lab) -> None:
    box = own(env={"CONTENANT_RESOLVER": "45.250.0.1"})
    since = lab.now()
    answer = box.try_one("https", name="allowed.example", seconds=12)
    assert "error" in answer
    assert answer["ms"] < 6000
    assert {(p[0], p[1], p[2]) for p in box.left(since)} <= {("udp", "45.250.0.1", 53), ("tcp", "45.250.0.1", 53)}


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


def test_the_test_command(box: Box) -> None:
    done = box.firewall("test", "allowed.example")
    assert done.code == 0
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
    assert sum(row["count"] for row in first if row.get("name") == "blocked.example") == 6  # A and AAAA
    cursor = again[-1]["cursor"]
    assert len(box.firewall("collect", "--since", cursor).out.splitlines()) == 1
    box.try_one("tcp", address=EVIL, port=8080)
    third = [json.loads(line) for line in box.firewall("collect", "--since", cursor).out.splitlines()]
    assert [(row["layer"], row["dst"]) for row in third[:-1]] == [("l3", EVIL)]
    strange = [json.loads(line) for line in box.firewall("collect", "--since", "other:99").out.splitlines()]
    assert len(strange) == 2
    assert box.firewall("collect", "--since").code == 2


def test_usage(box: Box) -> None:
    for command, words in (("apply", []), ("apply", ["a", "b"]), ("apply", ["x", "--force"]), ("run", ["nothing"])):
        done = box.firewall(command, *words)
        assert done.code == 2
        assert len(done.err.strip().splitlines()) == 1
    missing = box.firewall("apply", "/nonexistent")
    assert missing.code == 1
    assert "cannot be read" in missing.err
