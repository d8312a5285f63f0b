"""Probes that need no server: rights, processes, files, sockets that need a right."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import ssl
from typing import Any

Result = dict[str, Any]


def name_of(error: OSError) -> str:
    """The errno's name, or what kind of error it is."""
    if isinstance(error, ssl.SSLError):  # whose numbers are its own
        return type(error).__name__
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def raw(what: str) -> Result:
    """Sockets that need a right: opening them is enough of a test, and sending where opening succeeds."""
    if what == "ping-socket":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as sock:
            sock.sendto(b"\x08\0\0\0\0\0\0\0leak", ("45.66.0.66", 0))
    elif what == "raw":
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
            sock.sendto(b"\x08\0\0\0\0\0\0\0leak", ("45.66.0.66", 0))
    elif what == "packet":
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as sock:
            sock.bind(("eth0", 0))
            sock.send(b"\xff" * 60)
    elif what == "mark":
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, 36, 1)
    elif what == "transparent":
        with socket.socket() as sock:
            sock.setsockopt(socket.IPPROTO_IP, 19, 1)
    elif what == "sctp":
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132) as sock:
            sock.settimeout(1)
            sock.connect(("45.66.0.66", 9999))
    elif what == "vsock":
        for target in (1, 2):
            with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as sock:
                sock.settimeout(1)
                sock.connect((target, 1024))
                return {"reached": target}
    return {"done": what}


def rights() -> Result:
    """What this process may do, from its own status."""
    with open("/proc/self/status") as file:
        fields = {line.partition(":")[0]: line.partition(":")[2].strip() for line in file}
    wanted = ("Uid", "NoNewPrivs", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    return {name: fields[name] for name in wanted}


def run(argv: list[str], seconds: float = 5) -> Result:
    """A program's exit code and words; 127 when there is none."""
    import subprocess

    try:
        done = subprocess.run(argv, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        return {"code": 127}
    except PermissionError:
        return {"code": 126}
    except subprocess.TimeoutExpired:
        return {"code": 124}
    return {
        "code": done.returncode,
        "out": done.stdout.decode("utf-8", "replace")[-2000:],
        "err": done.stderr.decode("utf-8", "replace")[-600:],
    }


def attack_process(pid: int) -> Result:
    """ptrace and signals at somebody else's process."""
    libc = ctypes.CDLL(None, use_errno=True)
    outcome: Result = {
        "ptrace": "done" if libc.ptrace(16, pid, 0, 0) == 0 else errno.errorcode[ctypes.get_errno()]
    }
    for name in ("mem", "root", "ns/net", "environ"):
        try:
            descriptor = os.open(f"/proc/{pid}/{name}", os.O_RDONLY)
            os.close(descriptor)
            outcome[name] = "opened"
        except OSError as error:
            outcome[name] = name_of(error)
    try:
        os.kill(pid, 9)
        outcome["kill"] = "done"
    except OSError as error:
        outcome["kill"] = name_of(error)
    return outcome


def write(path: str, text: str = "nameserver 45.66.0.66\n") -> Result:
    """Append to a file, create it, or rename something over it."""
    outcome: Result = {}
    for mode in ("a", "w"):
        try:
            with open(path, mode) as file:
                file.write(text)
            outcome[mode] = "done"
        except OSError as error:
            outcome[mode] = name_of(error)
    try:
        mine = f"/tmp/{os.getpid()}"
        with open(mine, "w") as file:
            file.write(text)
        os.rename(mine, path)
        outcome["rename"] = "done"
    except OSError as error:
        outcome["rename"] = name_of(error)
    return outcome


def read(path: str) -> Result:
    with open(path, "rb") as file:
        return {"data": file.read(200).decode("latin-1")}


def listen(port: int, seconds: float = 1.0, address: str = "127.0.0.1") -> Result:
    """Sit on a port, connect to it ourselves and tell whether we met only us."""
    with socket.create_server((address, port)) as server:
        server.settimeout(seconds)
        with socket.create_connection(("127.0.0.1", port), seconds) as own:
            got, peer = server.accept()
            got.sendall(b"mine")
            return {"met": own.recv(4).decode(), "peer": peer[0]}
