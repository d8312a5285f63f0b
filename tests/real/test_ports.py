"""Published ports and services of the host on real engines: who gets through, and who does not."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.test_host_services import Echo, Server
from tests.real.conftest import LINUX, Contenant, wait_for
from tests.sockets import free_ports

pytestmark = pytest.mark.real
ENGINES = (*LINUX, "container-1.2.2")

SERVE = """
python3 -m http.server 8000 >/dev/null 2>&1 &
python3 -m http.server 8001 >/dev/null 2>&1 &
python3 -m http.server --bind 127.0.0.1 8002 >/dev/null 2>&1 &
sleep 1; hostname -I; read -r line
"""
# Whether a connection comes about, from a neighbour: to the published port and to another one.
DIAL = """
import socket, sys
for port in (8000, 8001):
    try:
        socket.create_connection((sys.argv[1], port), 3).close()
        print(port, "open")
    except OSError:
        print(port, "closed")
"""
TALK = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as one:
    one.sendall(b"x" * 1000000) if sys.argv[2] == "much" else one.sendall(b"hello")
    one.shutdown(socket.SHUT_WR)
    size = 0
    while part := one.recv(65536):
        size += len(part)
print(size)
"""


@pytest.fixture
def free() -> tuple[int, int]:
    one, two = free_ports(2)
    return one, two


@pytest.fixture
def echo() -> Iterator[int]:
    """A service that listens on this machine's loopback alone."""
    with Server(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_published_port_and_nothing_else(
    contenant: Contenant, project: Path, tmp_path: Path, free: tuple[int, int]
) -> None:
    first, second = free
    words = ("--publish", f"{first}:8000", "--publish", f"{second}:8002", "--", "sh", "-c", SERVE)
    session = contenant.start(*words, cwd=project)
    assert session.stdout is not None
    address = session.stdout.readline().split()[0].decode()
    with urllib.request.urlopen(f"http://127.0.0.1:{first}/hello.txt", timeout=10) as answer:
        assert answer.read() == b"hello\n"
    rows = {row["host"]: row["state"] for row in json.loads(contenant.ok("port", "--json", cwd=project))}
    assert rows == {f"127.0.0.1:{first}": "listening", f"127.0.0.1:{second}": "inside only"}
    with pytest.raises(OSError):
        socket.create_connection((address, 8001), 3)
    other = tmp_path / "other"
    other.mkdir()
    told = contenant.ok("--", "python3", "-c", DIAL, address, cwd=other)
    assert told == "8000 closed\n8001 closed\n"
    taken = contenant("--recreate", "--publish", f"{first}:80", "--", "true", cwd=other)
    assert (taken.returncode, f"port {first} of 127.0.0.1 is in use, by the container" in taken.stderr) == (
        5,
        True,
    )
    refused = contenant("port", "remove", f"{second}:8002", "--recreate", cwd=project)
    assert (refused.returncode, "live session" in refused.stderr) == (5, True)
    assert session.stdin is not None
    session.stdin.write(b"\n")
    session.stdin.close()
    session.wait(30)
    contenant.ok("port", "remove", f"{second}:8002", "--recreate", cwd=project)
    assert [row["host"] for row in json.loads(contenant.ok("port", "--json", cwd=project))] == [
        f"127.0.0.1:{first}"
    ]


def test_a_service_of_the_host(contenant: Contenant, project: Path, echo: int) -> None:
    contenant.env = {**contenant.env, "CONTENANT_KEEP_RUNNING": "true"}
    port = str(echo)
    without = contenant("--", "python3", "-c", TALK, port, "much", cwd=project)
    assert "ConnectionRefusedError" in without.stderr
    words = ("--host-service", port, "--", "python3", "-c", TALK, port, "much")
    assert contenant.ok(*words, cwd=project) == "1000004\n"
    session = contenant.start("--host-service", port, "--", "sh", "-c", "echo up; read -r x", cwd=project)
    assert session.stdout is not None
    assert session.stdout.readline() == b"up\n"
    beside = contenant.ok("--", "python3", "-c", TALK, port, "little", cwd=project)
    assert beside == "9\n", "the container's loopback is one"
    session.kill()  # without a word: the service goes all the same

    def gone() -> bool:
        return contenant("--", "python3", "-c", TALK, port, "little", cwd=project).returncode != 0

    wait_for(gone, 20, "gone with its session")
    rows = [row for row in contenant.history(project) if row["kind"].startswith("service.")]
    assert {row["kind"] for row in rows} == {"service.lent", "service.used"}
    assert contenant("verify", "--drift", cwd=project).returncode == 0
