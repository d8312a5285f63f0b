"""Builds the lab: a namespace that plays the machine containers run on, and one that plays the internet.

The machine's namespace has no way out but into that internet, so nothing here can reach anything real.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.firewall.lab.sniff import Packet, Sniffer, netns_path

RESOLVER, EVIL = "45.53.0.53", "45.66.0.66"
RESOLVER6, EVIL6 = "2a0d:5600:53::53", "2a0d:5600:66::66"
SHARED, SHARED6 = "45.113.0.10", "2a0d:5600:113::10"  # two tenants and a wildcard live on it
SECOND = "45.113.0.11"
LAN = "192.168.77.9"
METADATA = ("169.254.169.254", "fd00:ec2::254")
ZONE = {
    "allowed.example": [SHARED, SHARED6],
    "blocked.example": [SHARED, SHARED6],
    "*.wild.example": [SHARED, SHARED6],
    "wild.example": [SHARED],
    "rot.example": [SHARED],
    "point.example": [SHARED],
    "later.example": [SHARED],
    "git.example": [SECOND],
    "evil.example": [EVIL, EVIL6],
    "*.evil.example": [EVIL],
}

_ANSWERING = (
    "1.0.0.0/8",
    "8.0.0.0/8",
    "45.53.0.0/16",
    "45.66.0.0/16",
    "45.113.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
)


class Lab:
    """The two namespaces, the servers and the sniffer."""

    def __init__(self, directory: Path, web: bool = True) -> None:
        self.directory = directory
        self.host, self.net = f"fwlab{os.getpid()}h", f"fwlab{os.getpid()}n"
        self._servers: list[subprocess.Popen[bytes]] = []
        self.set_zone({})
        _certificate(directory)
        self._wire()
        self._serve(self.net, directory, *(() if web else ("no-web",)))
        gateway = directory / "gateway"
        gateway.mkdir()
        (gateway / "zone.json").write_text("{}")
        self._serve(self.host, gateway, "gateway")
        self.sniffer = Sniffer(netns_path(self.host))

    def on_host(self, *argv: str) -> list[str]:
        """A command line that runs on the lab's machine. Its mounts stay the real machine's."""
        return ["nsenter", f"--net={netns_path(self.host)}", "--", *argv]

    def set_zone(self, changes: dict[str, list[str]]) -> None:
        """Point names elsewhere; what is not named is as at the beginning."""
        temporary = self.directory / "zone.new"
        temporary.write_text(json.dumps(ZONE | changes))
        temporary.replace(self.directory / "zone.json")

    def now(self) -> float:
        """A moment to compare with later."""
        return time.time()

    def arrived(self, since: float, **fields: Any) -> list[dict[str, Any]]:
        """What the servers logged after a moment, with these fields."""
        time.sleep(0.1)
        rows = [json.loads(line) for line in (self.directory / "log.jsonl").read_text().splitlines()]
        return [r for r in rows if r["at"] >= since and all(r.get(k) == v for k, v in fields.items())]

    def left(self, sources: set[str], since: float) -> set[tuple[str, str, int, str]]:
        """What left a container after a moment: (protocol, address, port, name asked for)."""
        return {(p.protocol, p.target, p.port, p.name) for p in self.packets(sources, since)}

    def packets(self, sources: set[str], since: float) -> list[Packet]:
        """The same, packet by packet."""
        return self.sniffer.seen(sources, since)

    def close(self) -> None:
        self.sniffer.stop()
        for server in self._servers:
            server.terminate()
            server.wait(5)
        for name in (self.host, self.net):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def _wire(self) -> None:
        _ip("netns", "add", self.host)
        _ip("netns", "add", self.net)
        for name in (self.host, self.net):
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", self.host, "link", "add", "up0", "type", "veth", "peer", "name", "down0", "netns", self.net)
        for name, link, number in ((self.host, "up0", 1), (self.net, "down0", 2)):
            _ip("-n", name, "addr", "add", f"45.0.0.{number}/24", "dev", link)
            _ip("-n", name, "addr", "add", f"2a0d:5600::{number}/64", "dev", link, "nodad")
            _ip("-n", name, "link", "set", link, "up")
        _ip("-n", self.host, "route", "add", "default", "via", "45.0.0.2")
        _ip("-n", self.host, "-6", "route", "add", "default", "via", "2a0d:5600::2")
        # These answer over TCP; the private ones stand for what lies around a container.
        for block in _ANSWERING:
            _ip("-n", self.net, "route", "add", "local", block, "dev", "lo")
        # Whatever else is dialled ends here too.
        for flag, everything in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
            _ip("-n", self.net, flag, "route", "add", "local", everything, "dev", "lo", "table", "100")
            _ip("-n", self.net, flag, "rule", "add", "iif", "down0", "lookup", "100")
        # Those that answer over UDP need their address to be real.
        for address in (RESOLVER, EVIL):
            _ip("-n", self.net, "addr", "add", f"{address}/32", "dev", "lo")
        for address in (RESOLVER6, EVIL6):
            _ip("-n", self.net, "addr", "add", f"{address}/128", "dev", "lo", "nodad")
        for number in (88, 123, 178):
            _ip("-n", self.net, "route", "add", f"10.{number}.0.0/16", "via", "45.0.0.1")
        _ip("-n", self.net, "-6", "route", "add", "fd4c::/16", "via", "2a0d:5600::1")
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            subprocess.run(self.on_host("sysctl", "-qw", f"{key}=1"), check=True)

    def _serve(self, namespace: str, directory: Path, *words: str) -> None:
        script = Path(__file__).with_name("internet.py")
        argv = [
            "nsenter",
            f"--net={netns_path(namespace)}",
            "--",
            "python3",
            str(script),
            str(directory),
            *words,
        ]
        self._servers.append(subprocess.Popen(argv))
        deadline = time.monotonic() + 10
        while not (directory / "up").exists():
            if time.monotonic() > deadline:
                raise RuntimeError("the lab's servers did not start")
            time.sleep(0.02)
        (directory / "log.jsonl").touch()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _certificate(directory: Path) -> None:
    names = ",".join(f"DNS:{name}" for name in ZONE)
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=lab",
            "-addext",
            f"subjectAltName={names}",
            "-keyout",
            str(directory / "key.pem"),
            "-out",
            str(directory / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )


def remove_leftovers() -> None:
    """Namespaces of runs that ended without tidying up."""
    for entry in Path("/run/netns").glob("fwlab*"):
        pid = entry.name[5:-1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            subprocess.run(["ip", "netns", "del", entry.name], check=False, capture_output=True)
