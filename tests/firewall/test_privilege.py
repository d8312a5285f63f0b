"""Attacks on the firewall itself, as the agent and with the engine's help (27-30, 33-37)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.firewall.common import freeze_supervisor, nothing_left, supervisors
from tests.firewall.lab.box import FIREWALL, Box
from tests.firewall.lab.network import EVIL, Lab

pytestmark = pytest.mark.real
attack = pytest.mark.attack

TABLE = ["list", "table", "inet", "contenant"]
MENDING = [
    ["nft", "flush", "ruleset"],
    ["nft", "add", "rule", "inet", "contenant", "output", "accept"],
    ["nft", "delete", "table", "inet", "contenant"],
    ["/opt/lab/nft", "flush", "ruleset"],
    ["iptables", "-F"],
    ["ip6tables", "-P", "OUTPUT", "ACCEPT"],
    ["ip", "route", "add", "45.66.0.0/16", "dev", "lo"],
    ["ip", "rule", "add", "pref", "1", "lookup", "main"],
    ["ip", "link", "set", "lo", "down"],
    ["ip", "addr", "add", "10.9.9.9/32", "dev", "lo"],
    ["sysctl", "-w", "net.ipv4.ip_forward=1"],
    ["mount", "-t", "tmpfs", "none", "/mnt"],
    ["mount", "--bind", "/tmp", "/run/contenant"],
    ["umount", "/etc/resolv.conf"],
    ["conntrack", "-F"],
]


@pytest.mark.parametrize("start", ["agent", "plain"])
@attack(27, "nft, iptables, ip, sysctl, mount as the agent", "EPERM; the rules are untouched")
def test_network_tools(box: Box, start: str) -> None:
    answers = box.probe(*(("run", {"argv": argv}) for argv in MENDING), start=start)
    assert not [argv for argv, answer in zip(MENDING, answers, strict=True) if answer["code"] == 0]
    assert box.firewall("check").code == 0


@pytest.mark.every_engine
def test_what_the_attacks_use_works_for_root(own: Callable[..., Box]) -> None:
    """Else they would fail for want of a tool, not of a right."""
    box = own()
    for argv in (
        ["/opt/lab/nft", "list", "ruleset"],
        ["ip", "route", "add", "45.66.0.0/16", "dev", "lo"],
        ["ip", "addr", "add", "10.9.9.9/32", "dev", "lo"],
        ["/usr/local/bin/suid-bash", "-p", "-c", "id -u"],
        ["/usr/local/bin/cap-python", "-IS", "-c", MARKING],
        ["setpriv", "--reuid=64971", "id", "-u"],
        ["nsenter", "--version"],
        ["unshare", "--version"],
    ):
        assert box.root(*argv).code == 0, argv
    assert "4755" in box.root("stat", "-c", "%a", PLANTED[0]).out
    assert (
        "security.capability"
        in box.root("python3", "-c", f"import os; print(os.listxattr({PLANTED[1]!r}))").out
    )
    planted = box.root("cat", "/etc/sudoers.d/planted")
    assert "NOPASSWD" in planted.out
    assert box.firewall("test").code == 0
    freeze_supervisor(box)  # else it puts the rules back before anybody looks
    assert box.root("/opt/lab/nft", "flush", "ruleset").code == 0
    assert box.firewall("check").code == 1


@attack(27, "the kernel's switches written directly", "refused")
def test_switches(box: Box) -> None:
    for path in (
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sys/net/ipv6/conf/all/disable_ipv6",
        "/proc/sys/net/ipv4/conf/all/route_localnet",
        "/proc/sysrq-trigger",
        "/sys/kernel/uevent_helper",
    ):
        answer = box.probe(("write", {"path": path, "text": "1"}), start="plain")[0]
        assert answer["a"] != "done"
        assert answer["w"] != "done"


# NET_ADMIN, which is in the container's bounding set and thus not refused for want of that.
MARKING = "import socket; socket.socket().setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1); print(0)"
PLANTED = ("/usr/local/bin/suid-bash", "/usr/local/bin/cap-python")
BECOMING = [
    ["sudo", "-n", "id", "-u"],
    ["su", "-c", "id -u"],
    ["newgrp", "root"],
    ["/usr/local/bin/suid-bash", "-p", "-c", "id -u"],
    ["/usr/local/bin/cap-python", "-IS", "-c", MARKING],
    ["python3", "-IS", "-c", "import os; os.setresuid(0, 0, 0); print(os.getuid())"],
    ["python3", "-IS", "-c", "import os; os.setresuid(64971, 64971, 64971); print(0)"],
    ["setpriv", "--reuid=64971", "id", "-u"],
    ["setpriv", "--ambient-caps=+net_admin", "nft", "flush", "ruleset"],
    ["chmod", "u+s", "/usr/local/bin/suid-bash"],
    ["chroot", "/", "id", "-u"],
]


@pytest.mark.parametrize("start", ["agent", "plain"])
@attack(
    28,
    "sudo with NOPASSWD, su, a setuid shell, a file capability, setuid(), planted in the image",
    "refused or still the agent",
)
def test_becoming_another(box: Box, start: str) -> None:
    safe = start == "agent" or box.engine.no_new_privileges
    tried = [argv for argv in BECOMING if safe or argv[0] not in PLANTED]
    answers = box.probe(*(("run", {"argv": argv}) for argv in tried), start=start)
    for argv, answer in zip(tried, answers, strict=True):
        assert answer["code"] != 0 or answer["out"].strip() == "1000", argv
    assert box.firewall("check").code == 0


@attack(
    28,
    "a setuid shell, a file capability in the image, by an engine's own exec that sets no no_new_privs",
    "gains the right: so the image holds none, and contenant starts nothing but its wrapper",
    limit=True,
)
def test_setuid_without_the_wrapper(box: Box) -> None:
    if box.engine.no_new_privileges:
        pytest.skip("this engine sets no_new_privs for every process")
    answer = box.probe(("run", {"argv": [PLANTED[0], "-p", "-c", "id -u"]}), start="plain")[0]
    assert answer["out"].strip() == "0"
    answer = box.probe(("run", {"argv": [PLANTED[1], "-IS", "-c", MARKING]}), start="plain")[0]
    assert answer["out"].strip() == "0"


ESCAPING = [
    ["unshare", "-Ur", "nft", "flush", "ruleset"],
    ["unshare", "-Ur", "nft", "delete", "table", "inet", "contenant"],
    ["nsenter", "-t", "1", "-n", "nft", "flush", "ruleset"],
    ["nsenter", "-t", "1", "-a", "id", "-u"],
]


@attack(29, "unshare -Ur and nsenter towards the rules", "EPERM; the rules are untouched")
def test_namespaces(box: Box) -> None:
    for start in ("agent", "plain"):
        answers = box.probe(*(("run", {"argv": argv}) for argv in ESCAPING), start=start)
        assert not [argv for argv, answer in zip(ESCAPING, answers, strict=True) if answer["code"] == 0]
    assert box.firewall("check").code == 0


@attack(29, "a network namespace of the agent's own", "reaches nobody")
def test_own_namespace(box: Box, lab: Lab) -> None:
    since = lab.now()
    code = "import socket; socket.create_connection(('45.66.0.66', 8080), 2)"
    assert box.agent("unshare", "-Urn", "python3", "-IS", "-c", code).code != 0
    nothing_left(box, since)


@attack(29, "/proc of the daemons and of process 1: memory, root, network; ptrace", "refused")
def test_other_processes(box: Box) -> None:
    for pid in (1, *box.status()["daemons"].values(), *map(int, supervisors(box))):
        for start in ("agent", "plain"):
            answer = box.probe(("attack_process", {"pid": pid}), start=start)[0]
            assert not {"done", "opened"} & {
                answer[key] for key in ("ptrace", "mem", "root", "ns/net", "environ")
            }


@attack(30, "kill -9 of dnsmasq, nginx, the supervisor and process 1", "EPERM")
def test_kill(box: Box) -> None:
    before = box.status()["daemons"]
    for pid in (1, *before.values(), *map(int, supervisors(box))):
        assert box.try_one("attack_process", pid=pid)["kill"] == "EPERM"
    assert box.status()["daemons"] == before


WRITABLE = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/contenant/policy/policy.json",
    "/run/contenant/firewall/ready",
    "/run/contenant/firewall/table",
    "/run/contenant/firewall/state.json",
    "/run/contenant/firewall/nginx.conf",
    "/run/contenant/firewall/rules.nft",
    "/run/contenant/firewall/expires",
    "/run/contenant/firewall/proxy/nginx.pid",
    "/run/contenant/ready",
    f"{FIREWALL}/check",
    f"{FIREWALL}/fw/policy.py",
    "/var/log/contenant-firewall/ledger.jsonl",
    "/var/log/contenant-firewall/dns/dns.log",
    "/var/log/contenant-firewall/proxy/proxy.log",
    "/var/lib/contenant-firewall/addresses.json",
    "/usr/sbin/nft",
]


@pytest.mark.parametrize("start", ["agent", "plain"])
@attack(33, "writing resolv.conf, hosts, the policy, the state, the logs, the program", "refused")
def test_writing(box: Box, start: str) -> None:
    answers = box.probe(*(("write", {"path": path}) for path in WRITABLE), start=start)
    for path, answer in zip(WRITABLE, answers, strict=True):
        assert "done" not in (answer["a"], answer["w"], answer["rename"]), path
    assert box.firewall("check").code == 0


@attack(33, "reading the record", "refused")
def test_reading_the_record(box: Box) -> None:
    box.firewall("collect")
    for path in ("ledger.jsonl", "ledger.json", "dns/dns.log", "proxy/proxy.log", "supervise.log"):
        assert box.try_one("read", path=f"/var/log/contenant-firewall/{path}")["error"] == "EACCES"
    assert box.agent("ls", "/var/log/contenant-firewall").code != 0
    assert box.try_one("read", path="/etc/contenant/policy/policy.json")["data"]


@attack(33, "HOSTALIASES and LOCALDOMAIN in the agent's own environment", "without effect; nothing left")
def test_resolver_variables(box: Box, lab: Lab) -> None:
    since = lab.now()
    script = (
        "echo 'alias evil.example' >/tmp/aliases; "
        "HOSTALIASES=/tmp/aliases RES_OPTIONS='ndots:9' LOCALDOMAIN=evil.example "
        "python3 -c \"import socket; socket.getaddrinfo('alias', 443)\""
    )
    assert box.agent("sh", "-c", script).code != 0
    nothing_left(box, since)


@attack(34, "rights of a session, and of what it starts", "no_new_privs, no capability in any set")
def test_rights_of_a_session(box: Box) -> None:
    for argv in ([], ["sh", "-c", 'exec "$@"', "sh"]):
        answer = json.loads(box.agent(*argv, "python3", "-IS", "/lab/probe.py", '[["rights", {}]]').out)[0]
        assert answer["NoNewPrivs"] == "1"
        assert {answer[name] for name in answer if name.startswith("Cap")} == {"0" * 16}
        assert answer["Uid"].split() == ["1000"] * 4


@attack(
    34,
    "rights of the engine's own exec as the agent, without the wrapper",
    "nothing effective; no_new_privs but on Apple",
)
def test_rights_of_a_plain_exec(box: Box) -> None:
    answer = box.probe(("rights",), start="plain")[0]
    assert answer["NoNewPrivs"] == str(int(box.engine.no_new_privileges))
    for name in ("CapEff", "CapPrm", "CapAmb"):
        assert answer[name] == "0" * 16


@attack(
    35,
    "the engine's exec as root flushes the rules",
    "succeeds; no session starts then, and the supervisor puts them back",
    limit=True,
)
def test_root_exec(own: Callable[..., Box], lab: Lab) -> None:
    box = own()
    assert box.root("nft", "flush", "ruleset").code == 0
    since = lab.now()
    session = box.agent(
        "python3", "-IS", "/lab/probe.py", '[["tcp", {"address": "45.66.0.66", "port": 8080}]]'
    )
    assert session.code != 0
    assert "firewall" in session.err
    nothing_left(box, since)
    deadline = time.monotonic() + 12
    while box.firewall("check").code:
        assert time.monotonic() < deadline, "the rules were not put back"
        time.sleep(0.3)
    assert box.try_one("tcp", address=EVIL, port=8080)["error"] == "ECONNREFUSED"
    assert "restored" in box.root("cat", "/var/log/contenant-firewall/supervise.log").out


@attack(36, "a container made with --user and an added capability", "contenant never asks an engine for it")
def test_no_user_with_capabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    from contenant.core.values import ContainerSpec
    from contenant.engines.select import make

    asked: list[list[str]] = []
    for name in ("podman", "docker"):
        engine = make(name)
        caller = engine._caller  # what every call goes through

        def remember(what: str, argv: list[str], *more: object, **named: object) -> object:
            asked.append(list(argv))
            raise RuntimeError

        monkeypatch.setattr(type(caller), "run", lambda self, *a, **k: remember(*a, **k))
        spec = ContainerSpec("x", "image:1", {}, (), {}, cap_add=("NET_ADMIN",))
        with pytest.raises(RuntimeError):
            engine.create(spec)
    assert len(asked) == 2
    for argv in asked:
        assert not [word for word in argv if word == "-u" or word.startswith("--user=")]
        assert not [
            argv[at + 1]
            for at, word in enumerate(argv)
            if word == "--user" and argv[at + 1] not in ("0", "0:0")
        ]
        assert "no-new-privileges" in " ".join(argv)
        assert "NET_ADMIN" in " ".join(argv)


@attack(
    37, "sessions from the very instant of the start", "none runs before the firewall is proven; nothing left"
)
def test_first_instant(own: Callable[..., Box], lab: Lab) -> None:
    box = own(start=False)
    since = lab.now()
    box.start(wait=False)
    codes = []
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        done = box.agent(
            "python3", "-IS", "/lab/probe.py", '[["tcp", {"address": "45.66.0.66", "port": 8080}]]'
        )
        codes.append(done.code)
        if done.code == 0:
            assert "ECONNREFUSED" in done.out
            if codes.count(0) > 2:
                break
    assert 0 in codes
    box.await_ready()
    nothing_left(box, since)
