"""`--host-service PORT`: what listens on this machine's loopback, at the same port of a session's container.

No network path is opened for it: as with the SSH agent, connections travel over an exec of their own, which
lives as long as this contenant shows the session. So the firewall stays as it is, a service that listens at
127.0.0.1 alone is reached on every engine, and no other container gets near it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from contenant.app import host_streams, inside
from contenant.app.host_streams import HEAD, READY, Mux, Reach, Stream, read_exactly
from contenant.errors import EngineError

if TYPE_CHECKING:
    from contenant.app.ledger import Ledger
    from contenant.app.results import Ui
    from contenant.core.records import SessionRecord
    from contenant.engines.base import Engine

KIND = "service.lent"
_DIAL = 10.0  # seconds
_ADDRESSES = ("127.0.0.1", "::1")


class ServiceError(EngineError):
    """The container cannot show a service of this machine."""

    slug = "host-service"

    def __init__(self, message: str, *, hint: str = "", gone: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.gone = gone  # the container was not there for it


class Use(NamedTuple):
    """What went through one port while a session had it."""

    connections: int
    sent: int  # bytes from the container to the service
    received: int  # bytes


def told(ports: Sequence[int], ui: Ui) -> None:
    """Say which of the services nobody answers for yet."""
    silent = [port for port in ports if not _answers(port)]
    if silent:
        names = ", ".join(f"127.0.0.1:{port}" for port in silent)
        ui.warn(f"nothing listens at {names} of this machine yet; the session reaches it once something does")


def _answers(port: int) -> bool:
    try:
        _dial(port, 1.0).close()
    except OSError:
        return False
    return True


def _dial(port: int, seconds: float = _DIAL) -> socket.socket:
    """A connection to the service, by whichever loopback it listens at. Raises OSError."""
    try:
        connection = socket.create_connection((_ADDRESSES[0], port), seconds)
    except ConnectionRefusedError:
        connection = socket.create_connection((_ADDRESSES[1], port), seconds)
    connection.settimeout(None)
    return connection


def again(ledger: Ledger, session: SessionRecord, path: str) -> tuple[int, ...]:
    """The ports of a session that is come back to: those it began with."""
    return tuple(shown_in(ledger, path).get(session.id, ()))


def shown_in(ledger: Ledger, path: str) -> dict[str, list[int]]:
    """The sessions of a project, by id, that were shown services of this machine, and at which ports."""
    view = ledger.snapshot()
    rows = view.history(path=path, kinds=(KIND,)) if view else ()
    return {row.subject: list(row.data["data"]["ports"]) for row in rows}


@contextmanager
def lend(
    engine: Engine, name: str, session_id: str, wrapper: str, ports: Sequence[int]
) -> Iterator[dict[int, Use]]:
    """Keep the ports open in the container `name`. What is given is filled, by port, when it is over.

    Raises ServiceError where the container cannot listen there.
    """
    words = map(str, ports)
    with inside.talking(engine, name, f"{session_id}host", wrapper, host_streams, *words) as client:
        into, out = client.ends()
        relay = _Relay(os.dup(out), into, frozenset(ports))
        try:
            relay.wait(inside.READY, name)
            threading.Thread(target=relay.serve, daemon=True).start()
            yield relay.used
        finally:
            relay.close()


class _Relay(Mux):
    """The host's end. Nothing but the ports that were asked for is dialled, whatever comes from inside."""

    def __init__(self, source: int, sink: int, ports: frozenset[int]) -> None:
        super().__init__(source, sink, self._reach)
        self.used: dict[int, Use] = {}
        self._ports, self._counting = ports, threading.Lock()

    def _reach(self, port: int) -> Reach | None:
        return (lambda: _dial(port)) if port in self._ports else None

    def ended(self, stream: Stream) -> None:
        with self._counting:
            before = self.used.get(stream.port, Use(0, 0, 0))
            self.used[stream.port] = Use(
                before.connections + 1, before.sent + stream.received, before.received + stream.sent
            )

    def wait(self, seconds: float, name: str) -> None:
        """Until the container listens. Raises ServiceError; it reads nothing any more then."""
        try:
            kind, text = self._greeting(time.monotonic() + seconds)
            if kind == READY and not text:
                return
            raise ServiceError(
                f"{name} cannot show a service of this machine: {text or 'it answers oddly'}",
                hint="something in the container may listen there, or it may not listen below 1024",
            )
        except BaseException as error:
            os.close(self._source)
            if isinstance(error, (ValueError, TimeoutError)):
                raise ServiceError(f"{name} did not take the services of this machine", gone=True) from None
            raise

    def _greeting(self, deadline: float) -> tuple[int, str]:
        """Raises ValueError at the end, TimeoutError."""
        kind, _, length = HEAD.unpack(inside.read_before(self._source, HEAD.size, deadline))
        text = read_exactly(self._source, min(length, 200)).decode("utf-8", "replace")
        return kind, "".join(char if char.isprintable() else "?" for char in text)

    def serve(self) -> None:
        """Take frames until the end."""
        self.work()
        os.close(self._source)

    def close(self) -> None:
        """Send nothing any more: the client's descriptor will be closed, and its number be another file's."""
        self.over = True
        if self._lock.acquire(timeout=1):
            self._lock.release()
