"""The lab's internet, one process in its own namespace. Answers on every address and logs what reached it.

    python3 internet.py DIRECTORY [gateway|no-web]

DIRECTORY holds `cert.pem`, `key.pem` and `zone.json` (name -> addresses; `*.x` for wildcards), read anew at
every query; each thing that arrives becomes one line of `log.jsonl`. With `gateway` it plays the machine the
container runs on: banners only. With `no-web` ports 80 and 443 are left to somebody else.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

HERE = Path(sys.argv[1])
BANNERS = (22, 853, 5000, 5432, 8080, 8443, 9999)
UDP_SINKS = (123, 443, 1900, 5353, 9999)
RESOLVERS = ("45.53.0.53", "2a0d:5600:53::53")
EVIL = ("45.66.0.66", "2a0d:5600:66::66")
IP_PKTINFO = 8  # linux/in.h; Python names it from 3.12 on
_LOCK = threading.Lock()


def log(**fields: Any) -> None:
    """One line, at once."""
    with _LOCK, (HERE / "log.jsonl").open("a") as file:
        file.write(json.dumps({"at": time.time(), **fields}) + "\n")


def zone(name: str) -> list[str]:
    """Addresses of a name, from the file the tests write."""
    entries: dict[str, list[str]] = json.loads((HERE / "zone.json").read_text())
    if name in entries:
        return entries[name]
    labels = name.split(".")
    for depth in range(1, len(labels)):
        wild = "*." + ".".join(labels[depth:])
        if wild in entries:
            return entries[wild]
    return []


def answer(query: bytes, name: str, kind: int, addresses: list[str]) -> bytes:
    """A DNS answer with TTL 1, NXDOMAIN where there are no addresses at all."""
    family, size = {1: (socket.AF_INET, 4), 28: (socket.AF_INET6, 16)}.get(kind, (0, 0))
    packed = [socket.inet_pton(family, a) for a in addresses if family and (":" in a) == (kind == 28)]
    flags = 0x8180 if addresses else 0x8183
    question = query[12 : 12 + len(name) + 2 + 4]
    head = query[:2] + struct.pack(">HHHHH", flags, 1, len(packed), 0, 0)
    return head + question + b"".join(struct.pack(">HHHLH", 0xC00C, kind, 1, 1, size) + p for p in packed)


def parse(query: bytes) -> tuple[str, int]:
    """Name and type of a query; undecodable bytes stay visible."""
    labels, position = [], 12
    while position < len(query) and query[position]:
        size = query[position]
        labels.append(query[position + 1 : position + 1 + size].decode("latin-1"))
        position += size + 1
    kind = struct.unpack(">H", query[position + 1 : position + 3])[0] if position + 3 <= len(query) else 0
    return ".".join(labels), kind


def reply_to(query: bytes, server: str, via: str, source: str) -> bytes:
    """Log a query and answer it: the resolvers from the zone, everyone else with their own address."""
    name, kind = parse(query)
    log(kind="dns", server=server, via=via, name=name, type=kind, source=source)
    return answer(query, name, kind, zone(name.lower()) if server in RESOLVERS else [EVIL[0]])


def serve_udp(family: int, port: int) -> None:
    """Every datagram to a port, whatever the address; DNS is answered from where it was asked."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    sock.bind(("", port))
    while True:
        data, ancillary, _, peer = sock.recvmsg(4096, 256)
        info = next((body for _, kind, body in ancillary if kind in (IP_PKTINFO, socket.IPV6_PKTINFO)), b"")
        to = socket.inet_ntop(family, info[8:12] if family == socket.AF_INET else info[:16])
        if port != 53:
            log(kind="udp", dst=to, port=port, data=data[:80].decode("latin-1"))
            continue
        back = info if family == socket.AF_INET6 else struct.pack("=I4s4s", 0, info[8:12], b"\0\0\0\0")
        level = socket.IPPROTO_IP if family == socket.AF_INET else socket.IPPROTO_IPV6
        kind = IP_PKTINFO if family == socket.AF_INET else socket.IPV6_PKTINFO
        if family == socket.AF_INET6:
            back = info[:16] + struct.pack("=I", 0)
        reply = reply_to(data, to, "udp", peer[0])
        with contextlib.suppress(OSError):  # addresses that nobody has do not answer
            sock.sendmsg([reply], [(level, kind, back)], 0, peer)


class Web(BaseHTTPRequestHandler):
    """Says who it is; the tenant is the SNI name under TLS and the Host without."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        local = self.connection.getsockname()
        sni = getattr(self.connection, "lab_sni", None)
        host = self.headers.get("Host", "")
        log(kind="http", dst=local[0], port=local[1], sni=sni, host=host, method=self.command, path=self.path)
        if self.path.startswith("/stream"):
            self._stream()
            return
        seen = {"who": sni or host, "host": host, "sni": sni, "dst": local[0], "path": self.path}
        body = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_HEAD = do_CONNECT = do_GET  # noqa: N815 - http.server looks for these names

    def _stream(self) -> None:
        """A line every 50 ms for a minute."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(1200):
            self.wfile.write(f"{number}\n".encode())
            self.wfile.flush()
            time.sleep(0.05)

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


def context() -> ssl.SSLContext:
    """One certificate for everybody: who answers is told by the SNI that arrived."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(HERE / "cert.pem", HERE / "key.pem")

    def heard(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        connection.lab_sni = name  # type: ignore[union-attr] # read back by Web

    made.sni_callback = heard
    return made


def serve_tcp(family: int, port: int, gateway: bool) -> None:
    """Every connection to a port, whatever the address."""
    listening = socket.create_server(("", port), family=family, backlog=512)
    secure = context() if port == 443 and not gateway else None
    while True:
        connection, peer = listening.accept()
        threading.Thread(target=handle, args=(connection, peer, port, secure), daemon=True).start()


def handle(connection: socket.socket, peer: Any, port: int, secure: ssl.SSLContext | None) -> None:
    """Log the connection and speak what the port speaks."""
    local = connection.getsockname()[0]
    log(kind="tcp", dst=local, port=port, source=peer[0])
    try:
        connection.settimeout(60)
        if secure is not None:
            with secure.wrap_socket(connection, server_side=True) as wrapped:
                log(kind="tls", dst=local, sni=getattr(wrapped, "lab_sni", None))
                Web(wrapped, peer, None)  # type: ignore[arg-type] # it asks its server for nothing
        elif port == 80:
            Web(connection, peer, None)  # type: ignore[arg-type] # as above
        elif port == 53:
            size = struct.unpack(">H", connection.recv(2))[0]
            reply = reply_to(connection.recv(size), local, "tcp", peer[0])
            connection.sendall(struct.pack(">H", len(reply)) + reply)
        else:
            connection.sendall(f"LAB {local} {port}\r\n".encode())
            while data := connection.recv(4096):
                connection.sendall(data)
    except (OSError, struct.error):
        pass
    finally:
        connection.close()


def main() -> None:
    gateway = "gateway" in sys.argv[2:]
    families = (socket.AF_INET, socket.AF_INET6)
    web = () if "no-web" in sys.argv[2:] else (80, 443)
    ports = BANNERS if gateway else (53, *web, *BANNERS)
    for family in families:
        for port in ports:
            threading.Thread(target=serve_tcp, args=(family, port, gateway), daemon=True).start()
        for port in () if gateway else (53, *UDP_SINKS):
            threading.Thread(target=serve_udp, args=(family, port), daemon=True).start()
    time.sleep(0.2)
    (HERE / "up").write_text(str(os.getpid()))
    threading.Event().wait()


main()
