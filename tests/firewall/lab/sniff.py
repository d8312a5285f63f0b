"""What really leaves a container: every IP packet on the host's side of its network, as the kernel saw it."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import threading
import time
from typing import NamedTuple

CLONE_NEWNET = 0x40000000
_PROTOCOLS = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
# Neighbour discovery and multicast listener reports (RFC 4861, RFC 3810): the kernel's own, on the link only.
_LINK_CHATTER = {130, 131, 132, 133, 134, 135, 136, 143}


class Packet(NamedTuple):
    """One packet on its way out."""

    at: float
    source: str
    target: str
    protocol: str
    port: int
    name: str  # of a DNS query, else ""


class Sniffer:
    """Listens on every interface of a namespace until it is stopped."""

    def __init__(self, namespace: str) -> None:
        self.packets: list[Packet] = []
        self._stopped = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(namespace,), daemon=True)
        self._thread.start()
        if not self._ready.wait(5):
            raise RuntimeError("the sniffer did not start")

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(2)

    def seen(self, sources: set[str], since: float) -> list[Packet]:
        """Packets that came from these addresses, link chatter left out. Waits for stragglers."""
        time.sleep(0.15)
        if not self._thread.is_alive():
            raise RuntimeError("the sniffer has died: that it saw nothing means nothing")
        return [packet for packet in list(self.packets) if packet.at >= since and packet.source in sources]

    def _listen(self, namespace: str) -> None:
        # A namespace belongs to a thread: only this one moves.
        with open(namespace) as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
            sock.settimeout(0.2)
            self._ready.set()
            while not self._stopped.is_set():
                try:
                    data = sock.recv(2048)
                except TimeoutError:
                    continue
                packet = _parse(data)
                if packet is not None:
                    self.packets.append(packet)


def _parse(data: bytes) -> Packet | None:
    if len(data) < 20:
        return None
    version = data[0] >> 4
    if version == 4:
        size, number = (data[0] & 15) * 4, data[9]
        source, target = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
    elif version == 6 and len(data) >= 40:
        size, number = 40, data[6]
        source = socket.inet_ntop(socket.AF_INET6, data[8:24])
        target = socket.inet_ntop(socket.AF_INET6, data[24:40])
        if number == 0 and len(data) > 48:  # hop-by-hop, as listener reports carry it
            number, size = data[40], 48
    else:
        return None
    body = data[size:]
    if number == 58 and body and body[0] in _LINK_CHATTER:
        return None
    port = struct.unpack(">H", body[2:4])[0] if number in (6, 17) and len(body) >= 4 else 0
    name = _name(body) if number == 17 and port == 53 else ""
    return Packet(time.time(), source, target, _PROTOCOLS.get(number, str(number)), port, name)


def _name(body: bytes) -> str:
    labels, position = [], 8 + 12
    while position < len(body) and body[position]:
        labels.append(body[position + 1 : position + 1 + body[position]].decode("latin-1"))
        position += body[position] + 1
    return ".".join(labels)


def netns_path(name: str) -> str:
    """Where `ip netns` keeps a namespace."""
    return os.path.join("/run/netns", name)
