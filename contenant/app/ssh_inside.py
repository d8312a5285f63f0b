"""The container's end of the SSH agent: a socket whose messages go out over standard output, and come back.

contenant hands this file's text to the container's Python: it stands alone, with the standard library only.
It runs as the agent and ends, the socket with it, when its input does. A frame is a connection's number and a
length, big-endian, then the message; one without a message ends the connection, and number 0 says that the
socket is there. Who sits inside can send anything: what may pass is decided on the host.
"""

import contextlib
import os
import socket
import struct
import sys
import threading

HEAD = struct.Struct(">II")
MOST = 256 * 1024  # bytes of a message
PATIENCE = 30  # seconds for a client to take an answer


class Relay:
    """The connections there are, by number, and the way out."""

    def __init__(self) -> None:
        self._clients: dict[int, socket.socket] = {}
        self._lock = threading.Lock()

    def send(self, number: int, data: bytes = b"") -> None:
        """Write one frame."""
        with self._lock:
            sys.stdout.buffer.write(HEAD.pack(number, len(data)) + data)
            sys.stdout.buffer.flush()

    def accept(self, server: socket.socket) -> None:
        """Take connections for as long as the socket lives."""
        number = 0
        while True:
            client, _ = server.accept()
            number += 1
            self._clients[number] = client
            threading.Thread(target=self._serve, args=(number, client), daemon=True).start()

    def _serve(self, number: int, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), client:
            while message := read_message(client):
                self.send(number, message)
        self._clients.pop(number, None)
        with contextlib.suppress(OSError, ValueError):
            self.send(number)

    def answer(self) -> None:
        """Hand what comes in to its connection, until the input ends."""
        source = sys.stdin.buffer
        while len(head := source.read(HEAD.size)) == HEAD.size:
            number, length = HEAD.unpack(head)
            data = source.read(length)
            client = self._clients.get(number)
            if client is None:
                continue
            with contextlib.suppress(OSError):
                if data:
                    send_message(client, data)
                else:
                    client.shutdown(socket.SHUT_RDWR)


def read_message(client: socket.socket) -> bytes:
    """One message without its length, b"" at the end or where it cannot be one."""
    head = client.recv(4, socket.MSG_WAITALL)
    length = int.from_bytes(head, "big")
    if len(head) < 4 or not 0 < length <= MOST:
        return b""
    data = client.recv(length, socket.MSG_WAITALL)
    return data if len(data) == length else b""


def send_message(client: socket.socket, data: bytes) -> None:
    """Send one; a client that does not take it loses the connection, so that the others need not wait."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", PATIENCE, 0))
    try:
        client.sendall(len(data).to_bytes(4, "big") + data)
    except OSError:
        client.shutdown(socket.SHUT_RDWR)


def main(path: str) -> None:
    """Listen at `path`, for the agent's own user alone, until standard input ends."""
    os.umask(0o177)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - one import less
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        try:
            server.listen(64)
            relay = Relay()
            threading.Thread(target=relay.accept, args=(server,), daemon=True).start()
            relay.send(0)
            relay.answer()
        finally:
            os.unlink(path)  # noqa: PTH108 - as above
    os._exit(0)  # whatever a connection still waits for


if __name__ == "__main__":
    main(sys.argv[1])
