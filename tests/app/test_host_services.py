"""Services of the host in a session: the relay's own two ends, without a container between them."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import pytest

from contenant import config
from contenant.app import host_services, host_streams
from contenant.app.firewall_look import show
from contenant.app.firewall_why import explain
from contenant.app.host_services import ServiceError, Use, lend
from contenant.app.host_streams import CLOSE, CREDIT, DATA, HEAD, OPEN, READY, WINDOW
from contenant.app.ledger import Ledger
from contenant.app.results import RunRequest
from contenant.app.run import run
from contenant.core.settings import Settings
from contenant.engines.base import Engine
from tests.app.test_ssh_agent import Here, wait_for
from tests.app.world import World
from tests.sockets import free_port


class Echo(socketserver.BaseRequestHandler):
    """Sends back what comes, and a word at the end of it."""

    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.request.sendall(data)
        self.request.sendall(b"over")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 100


@pytest.fixture
def service() -> Iterator[int]:
    """The port of an echo on the loopback."""
    with Server(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address that stands for the container's loopback, which is this machine's, too."""
    text = (
        Path(host_streams.__file__).read_text().replace('LOOPBACK = "127.0.0.1"', 'LOOPBACK = "127.0.0.77"')
    )
    monkeypatch.setattr(Path, "read_text", lambda self, encoding: text)
    return "127.0.0.77"


@contextmanager
def lent(*ports: int, engine: Here | None = None) -> Iterator[dict[int, Use]]:
    with lend(cast(Engine, engine or Here()), "box", "s1", "wrapper", ports) as used:
        yield used


def send(one: socket.socket, data: bytes) -> None:
    with suppress(OSError):  # the reader sees what became of it
        one.sendall(data)
        one.shutdown(socket.SHUT_WR)


def talk(address: str, port: int, data: bytes) -> bytes:
    """Send, close that side, read to the end, both at once."""
    with socket.create_connection((address, port), 20) as one:
        sender = threading.Thread(target=send, args=(one, data))
        sender.start()
        answer = b""
        while part := one.recv(65536):
            answer += part
        sender.join()
    return answer


def test_bytes_go_both_ways_and_are_counted(service: int, inside: str) -> None:
    big = bytes(range(256)) * 16384  # sixteen windows
    with lent(service) as used:
        assert talk(inside, service, b"hello") == b"hello" + b"over"
        assert talk(inside, service, big) == big + b"over"
        wait_for(lambda: service in used and used[service].connections == 2)
    assert used == {service: Use(2, len(big) + 5, len(big) + 13)}
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((inside, service), 1)


def test_side_by_side_and_one_that_reads_nothing(service: int, inside: str) -> None:
    with lent(service), socket.create_connection((inside, service), 5) as stuck:
        stuck.settimeout(0.5)
        with pytest.raises(TimeoutError):  # what it does not read back fills its windows, and only its own
            while True:
                stuck.send(b"x" * 65536)
        found: list[bytes] = []
        threads = [
            threading.Thread(target=lambda n=n: found.append(talk(inside, service, b"%d" % n * 100_000)))
            for n in range(10)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sorted(len(text) for text in found) == [100_004] * 10


def test_too_many_connections_are_refused_and_the_rest_go_on(service: int, inside: str) -> None:
    with lent(service):
        many = [socket.create_connection((inside, service), 5) for _ in range(host_streams.STREAMS)]
        for one in many:
            one.sendall(b"x")
            assert one.recv(1) == b"x"
        with socket.create_connection((inside, service), 5) as more:
            assert more.recv(1) == b""
        for one in many:
            one.close()
        wait_for(lambda: _works(inside, service))


def _works(address: str, port: int) -> bool:
    try:
        return talk(address, port, b"a") == b"aover"
    except OSError:
        return False


def test_nobody_listens_outside(inside: str) -> None:
    port = free_port()
    with lent(port) as used, socket.create_connection((inside, port), 5) as one:
        assert one.recv(1) == b""
        wait_for(lambda: port in used)


def test_two_sessions_share_a_port(service: int, inside: str) -> None:
    with lent(service):
        with lent(service):
            assert all(_works(inside, service) for _ in range(5))
        assert all(_works(inside, service) for _ in range(5))


def test_a_port_that_is_taken_inside(service: int, inside: str) -> None:
    with socket.socket() as own:
        own.bind((inside, service))
        own.listen()
        with pytest.raises(ServiceError, match="Address already in use") as refused, lent(service):
            pass
        assert not refused.value.gone


@pytest.mark.parametrize("program", ["false", "echo"])
def test_a_container_that_does_not_take_it(program: str) -> None:
    with pytest.raises(ServiceError, match="did not take") as refused, lent(1, engine=Here([program])):
        pass
    assert refused.value.gone


def frame(kind: int, number: int, data: bytes = b"") -> bytes:
    return HEAD.pack(kind, number, len(data)) + data


def opening(number: int, port: int) -> bytes:
    return frame(OPEN, number, port.to_bytes(2))


HOSTILE = ("other port", "crowd", "flood", "credit", "junk", "twice", "half")


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_container_that_lies_reaches_nothing_else(
    service: int, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    dial = host_services._dial
    monkeypatch.setattr(host_services, "_dial", lambda port, *more: asked.append(port) or dial(port, *more))
    crowd = b"".join(opening(number, service) for number in range(500))
    text = {
        "other port": b"".join(opening(number, 22 + number) for number in range(100)),
        "crowd": crowd,
        "flood": opening(1, service) + frame(DATA, 1, b"x" * 60000) * (4 * WINDOW // 60000),
        "credit": opening(1, service) + frame(CREDIT, 1, b"\xff" * 4) * 1000 + frame(CREDIT, 1, b""),
        "junk": b"\xff" * 100_000,
        "twice": opening(1, service) * 3 + frame(CLOSE, 1) * 3 + frame(DATA, 9, b"x"),
        "half": opening(1, service)[:-1],
    }[kind]
    (tmp_path / "lie").write_bytes(frame(READY, 0) + text)
    before = threading.active_count()
    engine = Here(["sh", "-c", f"cat {tmp_path / 'lie'}; cat >{tmp_path / 'answers'}"])
    most = 0
    with lent(service, engine=engine):
        for _ in range(30):
            most = max(most, threading.active_count())
            time.sleep(0.01)
    assert set(asked) <= {service}
    assert len(asked) <= host_streams.STREAMS
    assert most <= before + 4 * host_streams.STREAMS + 4  # the echo's own threads are among them
    wait_for(lambda: threading.active_count() <= before)


def test_a_session_records_what_it_is_shown_and_what_went_there(
    world: World, service: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, seen = world.project("shop"), []

    @contextmanager
    def instead(engine: object, name: str, session_id: str, *more: object) -> Iterator[dict[int, Use]]:
        seen.append(session_id)
        yield {service: Use(1, 2, 3)}

    monkeypatch.setattr(host_services, "lend", instead)
    run(RunRequest(shop, ("true",), host_service=(service, 1)), world.ui)
    run(RunRequest(shop, ("true",)), world.ui)
    assert len(seen) == 1, "one session's wish is not the next one's"
    assert [text for text in world.ui.said if "nothing listens at 127.0.0.1:1 of" in text]
    with Ledger() as ledger:
        assert host_services.shown_in(ledger, str(shop)) == {seen[0]: [service, 1]}
        view = ledger.snapshot()
        assert view is not None
        told = [row.summary for row in view.history(path=str(shop)) if row.kind.startswith("service.")]
    assert told == [
        f"127.0.0.1:{service}: 1 connections, 2 bytes to it, 3 back",
        f"services of this machine: 127.0.0.1:{service}, 127.0.0.1:1",
    ]


def test_a_container_that_cannot_ends_the_session_before_it_began(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = world.project("shop")

    @contextmanager
    def refuse(*given: object) -> Iterator[None]:
        raise ServiceError("no")
        yield

    monkeypatch.setattr(host_services, "lend", refuse)
    with pytest.raises(ServiceError):
        run(RunRequest(shop, ("true",), host_service=(1,)), world.ui)
    with Ledger() as ledger:
        (session,) = ledger.store().sessions()
        assert (session.how, bool(session.ended)) == ("failed", True)


def test_the_setting_is_the_users_and_the_firewall_tells_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = world.project("shop")
    config.project_path(shop).write_text("host_services = [5432]\n")
    with Ledger() as ledger:
        from contenant.app import configuration

        settings: Settings = configuration.load(ledger, str(shop), {})
        assert settings.host_services == ()
        assert [item.key for item in settings.pending] == ["host_services"]
    assert "service" not in {entry.kind for entry in show(shop, everything=True).entries}
    monkeypatch.setenv("CONTENANT_HOST_SERVICES", "5432")
    (entry,) = [entry for entry in show(shop, everything=True).entries if entry.kind == "service"]
    assert (entry.entry, entry.layer, entry.source) == ("127.0.0.1:5432", "env", "CONTENANT_HOST_SERVICES")
    answer = explain(shop, "host:5432", 443, world.ui)
    assert answer["reached"] is False
    assert "each session reaches it at 127.0.0.1:5432" in json.dumps(answer)
