"""The host's SSH agent for one session: its messages travel over an exec of their own.

No engine can mount the socket soundly: a container lives longer than the socket, and on a Mac there is a
virtual machine in between. So `ssh_inside` holds a socket in the container, and each message that may pass
(core.ssh_agent) is put to the host's agent here. Nothing that comes from inside is believed.
"""

from __future__ import annotations

import os
import queue
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from contenant import process
from contenant.app import inside, ssh_inside
from contenant.app.host_streams import read_exactly
from contenant.core import ssh_agent as protocol
from contenant.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from contenant.app.ledger import Ledger
    from contenant.app.results import Ui
    from contenant.core.records import SessionRecord
    from contenant.core.settings import Settings
    from contenant.engines.base import Engine

VARIABLE = "SSH_AUTH_SOCK"
KIND = "session.ssh"
_HEAD = struct.Struct(">II")
_CONNECTIONS = 32  # at a time
_AHEAD = 2  # requests of one connection that wait; a client sends one and waits for its answer
_ANSWER = 300.0  # seconds: an agent may ask the user first, or a key want to be touched
_PROBE = 5.0  # seconds


class Agent(NamedTuple):
    """The agent that answers at a socket of the host, and what it holds."""

    socket: str
    keys: tuple[str, ...]  # fingerprints


class RelayError(EngineError):
    """The container did not take the SSH agent."""

    slug = "ssh-agent"


def find() -> Agent:
    """The caller's agent. Raises ConfigError where there is none, or where what is there is none."""
    place = os.environ.get(VARIABLE, "")
    hint = "start one (`eval $(ssh-agent)`, `ssh-add`), or go on without --ssh"
    if not place:
        raise ConfigError(f"no SSH agent to hand on: {VARIABLE} is not set", hint=hint)
    try:
        with _connected(place, _PROBE) as connection:
            return Agent(place, protocol.fingerprints(_ask(connection, protocol.LIST)))
    except (OSError, ValueError) as error:
        raise ConfigError(f"no SSH agent answers at {place}: {error}", hint=hint) from None


def wanted(settings: Settings, ui: Ui) -> Agent | None:
    """The agent for a new session. A flag that cannot be met is refused, a setting only told.

    Raises ConfigError.
    """
    if not settings.ssh:
        return None
    try:
        return find()
    except ConfigError as error:
        if settings.origins["ssh"][0].layer == "flag":
            raise
        ui.warn(f"{error.message}; this session goes without")
        return None


def again(ledger: Ledger, session: SessionRecord, path: str, settings: Settings, ui: Ui) -> Agent | None:
    """The agent for a session that is come back to: if it began with one, and only then."""
    if session.id not in lent_in(ledger, path):
        if settings.ssh and settings.origins["ssh"][0].layer == "flag":
            ui.warn("this session began without the SSH agent; `contenant --new --ssh` starts one with it")
        return None
    try:
        return find()
    except ConfigError as error:
        ui.warn(f"{error.message}; this session goes without for now")
        return None


def lent_in(ledger: Ledger, path: str) -> set[str]:
    """The sessions of a project, by id, that were given the SSH agent."""
    view = ledger.snapshot()
    return {row.subject for row in view.history(path=path, kinds=(KIND,))} if view else set()


def place_inside(session_id: str) -> str:
    """The socket of a session in its container, in the agent's own run directory."""
    return f"/run/contenant/agent/{session_id}.ssh"


@contextmanager
def lend(engine: Engine, name: str, session_id: str, wrapper: str, agent: Agent, ui: Ui) -> Iterator[None]:
    """Keep the session's socket in the container `name` alive. Raises RelayError where it cannot be made.

    That the host's agent failed meanwhile is told at the end: until then the terminal is the session's.
    """
    words = (place_inside(session_id),)
    with inside.talking(engine, name, f"{session_id}ssh", wrapper, ssh_inside, *words) as client:
        relay = Relay(client, agent.socket)
        try:
            if not relay.is_ready(inside.READY):
                client.hang_up(1)
                raise RelayError(f"{name} did not take the SSH agent")
            threading.Thread(target=relay.work, daemon=True).start()
            yield
            if relay.trouble:
                ui.warn(f"the SSH agent at {agent.socket} failed the session: {relay.trouble}")
        finally:
            relay.close()


class Relay:
    """The host's end. Each connection has a thread and a connection to the agent of its own.

    `trouble` is why the agent last failed one, "" while it never did.
    """

    def __init__(self, client: process.Pending, place: str) -> None:
        self.trouble = ""
        self._over = False
        self._into, out = client.ends()
        self._out = os.dup(out)  # read until its end, whenever the client's own is closed
        self._place = place
        self._lock = threading.Lock()
        self._waiting: dict[int, queue.Queue[bytes]] = {}

    def is_ready(self, seconds: float) -> bool:
        """Wait until the socket is there; False where the container's end is gone, or the time is over.

        One that is not ready reads nothing any more.
        """
        ready = self._is_greeted(seconds)
        if not ready:
            os.close(self._out)
        return ready

    def _is_greeted(self, seconds: float) -> bool:
        try:
            head = inside.read_before(self._out, _HEAD.size, time.monotonic() + seconds)
        except (ValueError, TimeoutError):
            return False
        return head == _HEAD.pack(0, 0)

    def close(self) -> None:
        """Send nothing any more: the client's descriptor will be closed, and its number be another file's.

        An answer may be on its way for minutes; one that is stuck in the pipe ends with the client.
        """
        self._over = True
        if self._lock.acquire(timeout=1):
            self._lock.release()

    def work(self) -> None:
        """Take frames until there are no more, or one that no honest end sends."""
        with suppress(OSError, ValueError, queue.Full):
            while True:
                number, length = _HEAD.unpack(read_exactly(self._out, _HEAD.size))
                if length > protocol.MOST:
                    break
                self._take(number, read_exactly(self._out, length))
        os.close(self._out)
        for waiting in list(self._waiting.values()):
            _end(waiting)

    def _take(self, number: int, message: bytes) -> None:
        waiting = self._waiting.get(number)
        if waiting is None and message:
            if len(self._waiting) >= _CONNECTIONS:
                self._send(number)
                return
            waiting = self._waiting[number] = queue.Queue(_AHEAD)
            threading.Thread(target=self._serve, args=(number, waiting), daemon=True).start()
        if waiting is not None:
            waiting.put_nowait(message)

    def _serve(self, number: int, waiting: queue.Queue[bytes]) -> None:
        """Put a connection's requests to the agent, one after the other."""
        try:
            with _connected(self._place, _ANSWER) as connection:
                while message := waiting.get():
                    permitted = protocol.is_permitted(message)
                    self._send(number, _ask(connection, message) if permitted else protocol.FAILURE)
        except (OSError, ValueError) as error:
            self.trouble = str(getattr(error, "strerror", None) or error)
        self._waiting.pop(number, None)
        self._send(number)

    def _send(self, number: int, data: bytes = b"") -> None:
        """One frame; nothing happens where the container's end is gone."""
        frame = memoryview(_HEAD.pack(number, len(data)) + data)
        with self._lock, suppress(OSError):
            while frame and not self._over:
                frame = frame[os.write(self._into, frame) :]


def _end(waiting: queue.Queue[bytes]) -> None:
    """Let a connection's thread end next, whatever still waits for it."""
    while True:
        try:
            waiting.put_nowait(b"")
            return
        except queue.Full:
            with suppress(queue.Empty):
                waiting.get_nowait()


def _connected(place: str, seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(place)
    except BaseException:
        connection.close()
        raise
    return connection


def _ask(connection: socket.socket, message: bytes) -> bytes:
    """One request and its answer. Raises OSError, ValueError for what is no answer of an SSH agent."""
    connection.sendall(len(message).to_bytes(4) + message)
    length = int.from_bytes(_received(connection, 4))
    if not 0 < length <= protocol.MOST:
        raise ValueError("not an SSH agent's answer")
    return _received(connection, length)


def _received(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ValueError("it hung up")
        data += part
    return data
