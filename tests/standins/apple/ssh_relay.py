"""The relay behind --ssh: `ssh_relay.py SOCKET TARGET MODE`, alive until its socket is removed."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys


def shuttle(left: socket.socket, target: str) -> None:
    """One connection, both ways, until either side ends."""
    with left, socket.socket(socket.AF_UNIX) as right:
        right.connect(target)
        pairs = {left: right, right: left}
        while True:
            for source in select.select(list(pairs), [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                pairs[source].sendall(data)


def relay(path: str, target: str, mode: int) -> None:
    """Serve the socket until it is removed or replaced."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        os.chmod(path, mode)
        inode = os.stat(path).st_ino
        server.listen()
        server.settimeout(1)
        while os.path.exists(path) and os.stat(path).st_ino == inode:
            with contextlib.suppress(TimeoutError, OSError):
                connection = server.accept()[0]
                if os.fork() == 0:
                    with contextlib.suppress(OSError):
                        shuttle(connection, target)
                    os._exit(0)
                connection.close()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, os.WNOHANG)


if __name__ == "__main__":
    relay(sys.argv[1], sys.argv[2], int(sys.argv[3], 8))
