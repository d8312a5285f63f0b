"""Runs inside the container, as the agent, standard library only: each probe tries something and reports.

    python3 -IS probe.py '[["tcp", {"address": "45.66.0.66", "port": 443}], …]'

Prints a JSON list. An error is told by its errno name: {"error": "ECONNREFUSED", "ms": 0.2}.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import sys
import time
from typing import Any

sys.path.insert(0, "/lab")

from probe_local import attack_process, listen, name_of, raw, read, rights, run, write

LOCAL = (attack_process, listen, raw, read, rights, run, write)
Result = dict[str, Any]


def connect(address: str, port: int, seconds: float, scope: str = "") -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(seconds)
    target: Any = (address, port)
    if scope:
        target = (address, port, 0, socket.if_nametoindex(scope))
    try:
        sock.connect(target)
    except OSError:
        sock.close()
        raise
    return sock


def tcp(
    address: str, port: int, send: str = "", seconds: float = 3, scope: str = "", device: str = ""
) -> Result:
    """Connect, send latin-1 text, and tell what came back."""
    if device:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.settimeout(seconds)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        sock.connect((address, port))
    else:
        sock = connect(address, port, seconds, scope)
    with sock:
        sock.sendall(send.encode("latin-1"))
        return {"data": read_all(sock, seconds)}


def read_all(sock: socket.socket, seconds: float) -> str:
    """Everything until the other side closes, or is silent for a while."""
    data, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline and len(data) < 1 << 20:
        sock.settimeout(max(0.01, min(0.35 if data else seconds, deadline - time.monotonic())))
        try:
            part = sock.recv(65536)
        except TimeoutError:
            break
        if not part:
            break
        data += part
    return data.decode("latin-1")


def http(address: str, text: str, port: int = 80, seconds: float = 4, then: str = "") -> Result:
    """Send a raw request, and another on the same connection, and tell everything that came back."""
    with connect(address, port, seconds) as sock:
        sock.sendall(text.encode("latin-1"))
        if not then:
            return {"data": read_all(sock, seconds)}
        first = sock.recv(65536).decode("latin-1")
        sock.sendall(then.encode("latin-1"))
        return {"first": first, "data": read_all(sock, seconds)}


def resolve(name: str) -> Result:
    """As every program does: through the C library."""
    try:
        found = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return {"error": {-2: "NONAME", -3: "AGAIN", -5: "NODATA"}.get(error.errno or 0, str(error))}
    return {"addresses": [str(item[4][0]) for item in found]}


def https(
    name: str, address: str = "", sni: str = "", host: str = "", path: str = "/", seconds: float = 5
) -> Result:
    """TLS as a client library does it. `address` and `sni` may lie."""
    if not address:
        looked = resolve(name)
        if "error" in looked:
            return looked
        address = next(item for item in looked["addresses"] if ":" not in item)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        connect(address, 443, seconds) as plain,
        context.wrap_socket(plain, server_hostname=sni or name) as secure,
    ):
        secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {host or name}\r\nConnection: close\r\n\r\n".encode())
        text = read_all(secure, seconds)
    body = text.partition("\r\n\r\n")[2]
    return {"status": text[9:12], **(json.loads(body) if body.startswith("{") else {"body": body})}


def hello(sni: str, address: str, how: str = "whole", seconds: float = 7, port: int = 443) -> Result:
    """A hand-made ClientHello with any bytes (latin-1) as its name, cut in any way.

    `how`: whole, two (segments), bytes (one a segment), records (two TLS records). Did a TLS answer come?
    """
    message = client_hello(sni.encode("latin-1"))
    head, parts = b"\x16\x03\x01", []
    if how == "records":
        cut = message.find(sni.encode("latin-1")) + len(sni) // 2
        parts = [head + struct.pack(">H", len(p)) + p for p in (message[:cut], message[cut:])]
    else:
        record = head + struct.pack(">H", len(message)) + message
        cut = record.find(sni.encode("latin-1")) + max(1, len(sni) // 2)
        parts = {"whole": [record], "two": [record[:cut], record[cut:]]}.get(how) or [
            record[i : i + 1] for i in range(len(record))
        ]
    with connect(address, port, seconds) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            sock.sendall(part)
            time.sleep(0.002 if how == "bytes" else 0.05 if len(parts) > 1 else 0)
        began = time.monotonic()
        data = read_all(sock, seconds)
    return {"answered": data.startswith("\x16"), "bytes": len(data), "waited": time.monotonic() - began}


def client_hello(name: bytes) -> bytes:
    """TLS 1.2 and 1.3, P-256, with a key share that makes a server answer."""
    entry = b"\0" + struct.pack(">H", len(name)) + name
    extensions = b""
    if name:
        extensions += extension(0, struct.pack(">H", len(entry)) + entry)
    extensions += extension(10, b"\0\2\0\x17") + extension(11, b"\1\0")
    extensions += extension(13, b"\0\4\x04\x03\x08\x04")
    body = b"\x03\x03" + os.urandom(32) + b"\0" + b"\0\4\xc0\x2b\xc0\x2f" + b"\x01\0"
    body += struct.pack(">H", len(extensions)) + extensions
    return b"\x01" + struct.pack(">I", len(body))[1:] + body


def extension(kind: int, body: bytes) -> bytes:
    return struct.pack(">HH", kind, len(body)) + body


def silent(address: str, port: int, seconds: float) -> Result:
    """Connect and say nothing: how long is that borne?"""
    with connect(address, port, seconds) as sock:
        began = time.monotonic()
        sock.settimeout(seconds)
        data = sock.recv(1)
        return {"data": data.decode("latin-1"), "closed_after": time.monotonic() - began}


def udp(
    address: str, port: int, data: str = "leak", seconds: float = 0.5, device: str = "", multicast: str = ""
) -> Result:
    """One datagram, broadcast allowed; `multicast` names the interface it should go out of."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(seconds)
        if family == socket.AF_INET:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        if multicast and family == socket.AF_INET:
            index = struct.pack("=4s4si", b"\0" * 4, b"\0" * 4, socket.if_nametoindex(multicast))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, index)
        target: Any = (address, port)
        if multicast and family == socket.AF_INET6:
            target = (address, port, 0, socket.if_nametoindex(multicast))
        sock.sendto(data.encode("latin-1"), target)
        try:
            return {"reply": sock.recv(2048).decode("latin-1")}
        except TimeoutError:
            return {"sent": True}


def dns(name: str, server: str, kind: int = 1, over: str = "udp", seconds: float = 1.5) -> Result:
    """Ask a server directly: response code and the number of answers."""
    labels = b"".join(bytes([len(p)]) + p.encode("latin-1") for p in name.split("."))
    query = struct.pack(">HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    if over == "tcp":
        with connect(server, 53, seconds) as sock:
            sock.sendall(struct.pack(">H", len(query)) + query)
            data = sock.recv(2048)[2:]
    else:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.settimeout(seconds)
            sock.connect((server, 53))
            sock.send(query)
            data = sock.recv(2048)
    code, count = data[3] & 15, struct.unpack(">H", data[6:8])[0]
    return {
        "code": code,
        "answers": count,
        "last": ".".join(str(b) for b in data[-4:]) if count and kind == 1 else "",
    }


def flood(count: int, domain: str = "evil.example") -> Result:
    """That many names nobody asked for before, as fast as they are answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.connect(("127.0.0.1", 53))
        tail = b"".join(bytes([len(p)]) + p.encode() for p in domain.split(".")) + b"\0\0\x01\0\x01"
        lost = 0
        for number in range(count):
            sock.send(struct.pack(">HHHHHH", number & 65535, 256, 1, 0, 0, 0) + b"\x0af%09d" % number + tail)
            try:
                sock.recv(512)
            except TimeoutError:
                lost += 1
    return {"asked": count, "lost": lost}


def follow(name: str, seconds: float, port: int = 443) -> Result:
    """Read /stream until it breaks or the time is over; how many lines, the longest gap, and how it ended."""
    address = next(item for item in resolve(name)["addresses"] if ":" not in item)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    lines, gap, last, began, end, head = 0, 0.0, time.monotonic(), time.monotonic(), "still open", b""
    with connect(address, port, 5) as plain, context.wrap_socket(plain, server_hostname=name) as secure:
        secure.sendall(f"GET /stream HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        secure.settimeout(3)
        while not head.endswith(b"\r\n\r\n"):
            head += secure.recv(1)
        print("streaming", flush=True)
        try:
            while time.monotonic() - began < seconds:
                part = secure.recv(4096)
                if not part:
                    end = "closed"
                    break
                lines += part.count(b"\n")
                gap, last = max(gap, time.monotonic() - last), time.monotonic()
        except OSError as error:
            end = name_of(error)
    return {"lines": lines, "gap": gap, "end": end, "at": time.time()}


PROBES = {
    each.__name__: each
    for each in (*LOCAL, tcp, http, resolve, https, hello, silent, udp, dns, flood, follow)
}


def main() -> None:
    results = []
    for name, arguments in json.loads(sys.argv[1]):
        began = time.monotonic()
        try:
            result = PROBES[name](**arguments)
        except OSError as error:
            result = {"error": name_of(error)}
        results.append(result | {"ms": (time.monotonic() - began) * 1000})
    print(json.dumps(results))


main()
