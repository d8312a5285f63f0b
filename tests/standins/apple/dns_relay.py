"""The resolver at a network's gateway: `dns_relay.py GATEWAY HOME UPSTREAM PORT`, alive as long as HOME is.

On a Mac the gateway answers names for the guests. Where another stand-in serves the same gateway already,
this one waits for its turn.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sys
import threading
import time
from pathlib import Path

IP_FREEBIND = 15  # the bridge comes and goes with its containers
PATIENCE = 5.0


def bound(kind: int, gateway: str, home: Path) -> socket.socket:
    """A socket on port 53 of the gateway, when it is free. Ends the process when the home is gone."""
    while home.exists():
        server = socket.socket(socket.AF_INET, kind)
        server.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        try:
            server.bind((gateway, 53))
        except OSError:
            server.close()
            time.sleep(0.5)
        else:
            server.settimeout(1)
            return server
    os._exit(0)


def ask(server: socket.socket, query: bytes, client: tuple[str, int], upstream: tuple[str, int]) -> None:
    """One question, and its answer when there is one."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.settimeout(PATIENCE)
        resolver.sendto(query, upstream)
        server.sendto(resolver.recv(65535), client)


def answer_datagrams(gateway: str, home: Path, upstream: tuple[str, int]) -> None:
    """Serve UDP."""
    server = bound(socket.SOCK_DGRAM, gateway, home)
    while home.exists():
        with contextlib.suppress(TimeoutError):
            query, client = server.recvfrom(65535)
            threading.Thread(target=ask, args=(server, query, client, upstream), daemon=True).start()


def pass_on(connection: socket.socket, upstream: tuple[str, int]) -> None:
    """One connection: a question and its answer."""
    with connection, contextlib.suppress(OSError), socket.create_connection(upstream, PATIENCE) as resolver:
        connection.settimeout(PATIENCE)
        resolver.sendall(connection.recv(65535))
        while data := resolver.recv(65535):
            connection.sendall(data)


def answer_connections(gateway: str, home: Path, upstream: tuple[str, int]) -> None:
    """Serve TCP."""
    server = bound(socket.SOCK_STREAM, gateway, home)
    server.listen()
    while home.exists():
        with contextlib.suppress(TimeoutError):
            connection = server.accept()[0]
            threading.Thread(target=pass_on, args=(connection, upstream), daemon=True).start()


def serve(gateway: str, home: Path, upstream: tuple[str, int]) -> None:
    """Serve both until the home is gone; one process per home and gateway."""
    with (home / f"dns-{gateway}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        threading.Thread(target=answer_connections, args=(gateway, home, upstream), daemon=True).start()
        answer_datagrams(gateway, home, upstream)


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]), (sys.argv[3], int(sys.argv[4])))
