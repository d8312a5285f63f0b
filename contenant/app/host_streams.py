"""TCP connections side by side over two pipes: both ends of what lends a session a service of the host.

contenant hands this file's text to the container's Python: it stands alone, with the standard library only.
There it listens on the container's loopback, as the agent; each connection travels as frames over standard
output and input, and ends when these do. A frame is a kind, the connection's number and a length, big-endian,
then its bytes. Of a connection at most WINDOW bytes are on their way in a direction, until CREDIT says that
they were taken: a slow one keeps nobody waiting, and memory stays bounded. What may be reached is decided on
the host, whatever the container's end says.
"""

import contextlib
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable

HEAD = struct.Struct(">BIH")
READY, OPEN, DATA, CREDIT, EOF, CLOSE = range(6)
CHUNK = 16 * 1024  # bytes of a frame
WINDOW = 256 * 1024  # bytes
STREAMS = 64  # at a time
LOOPBACK = "127.0.0.1"

Reach = Callable[[], socket.socket]  # gives a connected socket, or raises OSError


class Stream:
    """One connection: what its socket gives goes out as frames, what comes in as frames is put to it."""

    def __init__(self, mux: "Mux", number: int, reach: Reach, port: int) -> None:
        self.port, self.sent, self.received = port, 0, 0  # bytes, as this end sees it
        self._mux, self._number, self._reach = mux, number, reach
        self._socket: socket.socket | None = None
        self._change = threading.Condition()
        self._inbox, self._no_more = bytearray(), False
        self._credit, self._held, self._dead = WINDOW, 0, False
        self._told_end = self._heard_end = False

    def run(self) -> None:
        """Until both directions are over. To be called in a thread."""
        with contextlib.suppress(OSError), self._reach() as self._socket:
            other = threading.Thread(target=self._inward, args=(self._socket,), daemon=True)
            other.start()
            self._outward(self._socket)
            other.join()
        self._mux.forget(self._number, cut=not (self._told_end and self._heard_end))

    def feed(self, data: bytes) -> None:
        """Take bytes from the other side, b"" at their end. Raises ValueError for more than was agreed."""
        with self._change:
            self._held += len(data)
            if self._held > WINDOW:
                raise ValueError("more than was agreed")
            self._inbox += data
            self._no_more = self._no_more or not data
            self._change.notify_all()

    def allow(self, count: int) -> None:
        """The other side took that many bytes."""
        with self._change:
            self._credit = min(WINDOW, self._credit + count)
            self._change.notify_all()

    def abort(self) -> None:
        """End it, whatever is still to come."""
        with self._change:
            self._dead = True
            self._change.notify_all()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _outward(self, source: socket.socket) -> None:
        try:
            while room := self._room():
                data = source.recv(room)
                if not data:
                    self._mux.send(EOF, self._number)
                    self._told_end = True
                    return
                with self._change:
                    self._credit -= len(data)
                self.sent += len(data)
                self._mux.send(DATA, self._number, data)
        except OSError:
            self.abort()

    def _room(self) -> int:
        """How much may be sent, once there is room; 0 when it is over."""
        with self._change:
            self._change.wait_for(lambda: self._credit > 0 or self._dead)
            return 0 if self._dead else min(CHUNK, self._credit)

    def _inward(self, target: socket.socket) -> None:
        try:
            while data := self._next():
                target.sendall(data)
                self.received += len(data)
                with self._change:
                    self._held -= len(data)
                self._mux.send(CREDIT, self._number, struct.pack(">I", len(data)))
            if not self._dead:
                target.shutdown(socket.SHUT_WR)
                self._heard_end = True
        except OSError:
            self.abort()

    def _next(self) -> bytes:
        """What came in meanwhile; b"" when nothing comes any more."""
        with self._change:
            self._change.wait_for(lambda: self._inbox or self._no_more or self._dead)
            data = b"" if self._dead else bytes(self._inbox)
            self._inbox.clear()
            return data


class Mux:
    """The connections there are, by number, and the two pipes."""

    def __init__(self, source: int, sink: int, opening: Callable[[int], Reach | None] | None = None) -> None:
        """`opening` is asked about each connection that the other side begins: its port -> how to connect,
        or None where that may not be reached.
        """
        self.over = False
        self._source, self._sink, self._opening = source, sink, opening
        self._lock = threading.Lock()
        self._streams: dict[int, Stream] = {}

    def send(self, kind: int, number: int = 0, data: bytes = b"") -> None:
        """Write one frame; nothing happens where the other end is gone."""
        frame = memoryview(HEAD.pack(kind, number, len(data)) + data)
        with self._lock, contextlib.suppress(OSError):
            while frame and not self.over:
                frame = frame[os.write(self._sink, frame) :]

    def begin(self, number: int, reach: Reach, port: int, *, tell: bool = False) -> bool:
        """A new connection, which the other side is told of with `tell`. False where there are too many."""
        if len(self._streams) >= STREAMS:
            return False
        stream = self._streams[number] = Stream(self, number, reach, port)
        if tell:
            self.send(OPEN, number, struct.pack(">H", port))
        threading.Thread(target=stream.run, daemon=True).start()
        return True

    def forget(self, number: int, *, cut: bool) -> None:
        """A connection is over; `cut`: the other side shall end it, too."""
        stream = self._streams.pop(number, None)
        if cut:
            self.send(CLOSE, number)
        if stream is not None:
            self.ended(stream)

    def ended(self, stream: Stream) -> None:
        """For who counts."""

    def work(self) -> None:
        """Take frames until there are no more, or one that no honest end sends; then everything ends."""
        with contextlib.suppress(OSError, ValueError, struct.error):
            while True:
                kind, number, length = HEAD.unpack(read_exactly(self._source, HEAD.size))
                self._take(kind, number, read_exactly(self._source, length))
        for stream in list(self._streams.values()):
            stream.abort()

    def _take(self, kind: int, number: int, data: bytes) -> None:
        stream = self._streams.get(number)
        if stream is None and kind == OPEN and self._opening is not None:
            (port,) = struct.unpack(">H", data)
            reach = self._opening(port)
            if reach is None or not self.begin(number, reach, port):
                self.send(CLOSE, number)
        elif stream is None:
            return
        elif kind in (DATA, EOF):
            stream.feed(data)
        elif kind == CREDIT:
            stream.allow(struct.unpack(">I", data)[0])
        elif kind == CLOSE:
            stream.abort()


def read_exactly(descriptor: int, size: int) -> bytes:
    """That many bytes. Raises ValueError at the end."""
    data = b""
    while len(data) < size:
        part = os.read(descriptor, size - len(data))
        if not part:
            raise ValueError("the end")
        data += part
    return data


def listen(port: int) -> socket.socket:
    """A socket on the loopback. Sessions beside each other share the port: each leads to the same place."""
    server = socket.socket()
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind((LOOPBACK, port))
        server.listen(STREAMS)
    except BaseException:
        server.close()
        raise
    return server


class Counter:
    """Numbers of connections: none is used twice."""

    def __init__(self) -> None:
        self._lock, self._last = threading.Lock(), 0

    def take(self) -> int:
        """The next one."""
        with self._lock:
            self._last += 1
            return self._last


def accept(mux: Mux, server: socket.socket, port: int, numbers: Counter) -> None:
    """Take connections for as long as the socket lives."""
    while True:
        client, _ = server.accept()
        if not mux.begin(numbers.take(), lambda client=client: client, port, tell=True):  # type: ignore[misc]
            client.close()


def main(ports: list[int]) -> None:
    """Listen at the ports until standard input ends."""
    mux, numbers = Mux(0, 1), Counter()
    servers = []
    for port in ports:
        try:
            servers.append((listen(port), port))
        except OSError as error:
            mux.send(READY, 0, f"port {port}: {error.strerror}".encode())
            return
    mux.send(READY)
    for server, port in servers:
        threading.Thread(target=accept, args=(mux, server, port, numbers), daemon=True).start()
    mux.work()
    os._exit(0)  # whatever a connection still waits for


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
