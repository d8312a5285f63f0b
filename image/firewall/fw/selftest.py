"""The self-test: what must work works, what must not does not, over IPv4 and IPv6. Nothing of it can leave a
container whose rules stand; where one probe could, the test fails and the container with it.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time
from typing import Any, NamedTuple

from fw import kernel, place
from fw.policy import Policy
from fw.ruleset import TLS_PORT

DOMAIN = ".contenant.invalid"  # RFC 6761: exists nowhere
DENIED = "self-test" + DOMAIN
# Documentation addresses: nobody's, should the rules not stand.
DIRECT = ("192.0.2.1", "2001:db8::1")
_REFUSED = {
    errno.ECONNREFUSED,
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.EACCES,
    errno.EPERM,
    errno.EADDRNOTAVAIL,
}


class Probe(NamedTuple):
    """One look, and whether it came out as it must."""

    what: str
    ok: bool
    found: str


def prove(policy: Policy, state: dict[str, Any]) -> list[Probe]:
    """All probes that need nobody outside; none with mode off."""
    if policy.mode == "off":
        return []
    return [
        *_names(policy, state),
        *(_direct(address) for address in DIRECT),
        _web(policy.mode),
    ]


def rules(mode: str) -> Probe:
    """Whether the kernel still has the rules that were proven."""
    listing = kernel.listing()
    ok = listing == place.read(place.SNAPSHOT) and kernel.is_closed(listing) == (mode != "off")
    return Probe("rules", ok, "in the kernel as set" if ok else "not in the kernel as set")


def failure(probes: list[Probe]) -> str:
    """The first probe that went wrong, as one line; "" when none did."""
    return next((f"{probe.what}: {probe.found}" for probe in probes if not probe.ok), "")


def ask(name: str, kind: int = 1, server: str = "127.0.0.1", seconds: float = 1.0) -> tuple[int, list[str]]:
    """Ask the local resolver; (response code, addresses). Raises OSError when nobody answers."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    number = int.from_bytes(os.urandom(2), "big")
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    query = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(seconds)
        asking.connect((server, 53))
        asking.send(query)
        answer = asking.recv(1500)
    if len(answer) < 12 or answer[:2] != query[:2]:
        raise OSError(errno.EBADMSG, "not an answer")
    return answer[3] & 15, _addresses(answer, len(query), kind)


def reach(name: str, port: int, seconds: float = 5.0) -> str:
    """Connect to a name as the agent would and, on 443, begin TLS. Returns `reached` or `refused: …`."""
    import ssl

    try:
        code, addresses = ask(name)
        if code or not addresses:
            return "refused: the name does not exist here"
        with socket.create_connection((addresses[0], port), timeout=seconds) as plain:
            if port == 80:
                plain.sendall(f"HEAD / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode("ascii"))
                first = plain.recv(200).decode("ascii", "replace").split("\r\n")[0]
                return f"refused: {first}" if " 403" in first or " 502" in first else "reached"
            if port != 443:
                return "reached"
            context = ssl.create_default_context()
            # Who answers is not the question here, only whether anybody does.
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(plain, server_hostname=name):
                return "reached"
    except OSError as error:
        return f"refused: {error.strerror or error}"


def _names(policy: Policy, state: dict[str, Any]) -> list[Probe]:
    expected = [(DENIED, policy.mode == "audit")]
    expected += [(entry.name, True) for entry in policy.allow if not entry.wildcard][:1]
    servers = ["127.0.0.1"] + (["::1"] if state["local6"] else [])
    return [_name(name, known, server) for name, known in expected for server in servers]


def _name(name: str, known: bool, server: str) -> Probe:
    what = f"{'allowed' if known else 'denied'} name {name} at {server}"
    try:
        code, addresses = ask(name, server=server)
    except OSError as error:
        return Probe(what, False, f"no answer: {error.strerror or error}")
    good = all(address.startswith(("198.18.", "198.19.")) for address in addresses)
    ok = (code == 0 and bool(addresses) and good) if known else (code == 3 and not addresses)
    return Probe(what, ok, f"code {code}, {', '.join(addresses) or 'no address'}")


def _direct(address: str) -> Probe:
    """A direct connection must end at once. In a kernel that cannot refuse it times out, which is as good."""
    what = f"direct connection to {address}"
    try:
        dialling = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return Probe(what, True, "no such address family")
    with dialling:
        dialling.setblocking(False)
        code = dialling.connect_ex((address, 9))
        if code == errno.EINPROGRESS:
            ready = select.select([], [dialling], [], 0.1)[1]
            code = dialling.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if ready else errno.ETIMEDOUT
    return Probe(what, code in _REFUSED or code == errno.ETIMEDOUT, os.strerror(code))


def _web(mode: str) -> Probe:
    """The proxy hangs up on a TLS greeting for a name that is not allowed. The address dialled is one that
    only the rules turn to the proxy; without a route there is nothing to turn, and it is asked directly.
    """
    what = f"TLS to {DENIED}"
    for proxy in (("198.18.0.1", 443), ("127.0.0.1", TLS_PORT)):
        try:
            with socket.create_connection(proxy, timeout=1.0) as dialling:
                if mode == "audit":
                    return Probe(what, True, "not tried: audit would let it out")
                dialling.sendall(greeting(DENIED))
                return Probe(what, dialling.recv(1) == b"", "closed, as it must be")
        except ConnectionResetError:
            return Probe(what, True, "reset, as it must be")
        except OSError as error:
            if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
                continue
            return Probe(what, False, f"the proxy does not answer: {error.strerror or error}")
    return Probe(what, False, "the proxy cannot be asked")


def greeting(name: str) -> bytes:
    """A smallest TLS ClientHello for a name (RFC 8446, 4.1.2; RFC 6066, 3)."""
    host = name.encode("ascii")
    entry = b"\0" + struct.pack(">H", len(host)) + host
    extension = struct.pack(">HHH", 0, len(entry) + 2, len(entry)) + entry
    body = b"\x03\x03" + os.urandom(32) + b"\0" + b"\0\x02\x13\x01" + b"\x01\0"
    body += struct.pack(">H", len(extension)) + extension
    hello = b"\x01" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\x03\x01" + struct.pack(">H", len(hello)) + hello


def _addresses(answer: bytes, start: int, kind: int) -> list[str]:
    family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
    found, position = [], start
    for _ in range(int.from_bytes(answer[6:8], "big")):
        if len(answer) < position + 12 or answer[position] & 0xC0 != 0xC0:
            break
        length = int.from_bytes(answer[position + 10 : position + 12], "big")
        if int.from_bytes(answer[position + 2 : position + 4], "big") == kind and length == size:
            found.append(socket.inet_ntop(family, answer[position + 12 : position + 12 + size]))
        position += 12 + length
    return found


def wait_reachable(name: str, seconds: float) -> bool:
    """Whether an allowed name answers TLS within the time given."""
    deadline = time.monotonic() + seconds
    return reach(name, 443, max(0.1, deadline - time.monotonic())) == "reached"
