"""What reaches the host or another stand-in: sockets, ports, names, images."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from tests.apple.look import keep, keep_running, listed
from tests.standins.apple.fixture import Standin, apple_standin

pytestmark = pytest.mark.real


def test_a_port_is_really_published(tiny: Standin) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    keep_running(tiny, "web", "-p", f"127.0.0.1:{port}:80")
    tiny.ok("exec", "-d", "web", "sh", "-c", "echo hello | nc -l -p 80")
    deadline = time.monotonic() + 10
    data = b""
    while not data and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
                data = client.recv(16)
        except OSError:
            time.sleep(0.2)
    assert data == b"hello\n"


def test_the_agent_socket_of_the_starting_client_is_in_the_guest(tiny: Standin, tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def answer() -> None:
            connection = server.accept()[0]
            with connection:
                connection.sendall(connection.recv(16).upper())

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        keep(tiny, "ssh", "--ssh")
        tiny.ok("start", "ssh", env={"SSH_AUTH_SOCK": str(path)})
        script = 'test -S "$SSH_AUTH_SOCK" && echo $SSH_AUTH_SOCK'
        assert tiny.ok("exec", "ssh", "sh", "-c", script) == "/run/host-services/ssh-auth.sock\n"
        relayed = tiny.home / "ssh" / "ssh" / "ssh-auth.sock"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(relayed))
            client.sendall(b"ping")
            client.settimeout(5)
            assert client.recv(16) == b"PING"


def test_stand_ins_live_side_by_side(tiny: Standin, archive: Path) -> None:
    with apple_standin("1.0.0") as other:
        other.ok("image", "load", "-i", str(archive))
        keep_running(other, "same")
        keep_running(tiny, "same")
        assert set(listed(other)) == set(listed(tiny)) == {"same"}
        other.ok("exec", "same", "touch", "/tmp/other")
    assert tiny.run("exec", "same", "test", "-e", "/tmp/other").returncode == 1
    assert tiny.ok("run", "--rm", "tiny:1", "echo", "mine") == "mine\n"


def test_the_gateway_answers_names(tiny: Standin) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind(("127.0.0.1", 0))
        resolver.settimeout(20)

        def answer() -> None:
            query, client = resolver.recvfrom(512)
            end = query.index(b"\0", 12) + 5
            record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([192, 0, 2, 77])
            resolver.sendto(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:end] + record, client)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        tiny.ok("network", "create", "wire")
        keep(tiny, "asker", "--network", "wire")
        port = resolver.getsockname()[1]
        tiny.ok("start", "asker", env={"CONTAINER_STANDIN_RESOLVER": f"127.0.0.1:{port}"})
        time.sleep(1)
        script = "nslookup -type=a name.test | tail -3"
        assert "192.0.2.77" in tiny.ok("exec", "asker", "sh", "-c", script)
        thread.join(5)
