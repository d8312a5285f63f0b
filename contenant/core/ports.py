"""Published ports: what listens behind one, by the kernel's tables; how a list of them changes. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from contenant.core.settings_values import show_publish
from contenant.core.values import Publish
from contenant.errors import NotFoundError, UsageError

Behind = Literal["listening", "inside only", "nothing"]
ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
_LISTEN, _UNCONNECTED = "0A", "07"  # states of TCP and UDP sockets (include/net/tcp_states.h)


class Listener(NamedTuple):
    """A port that something waits at, and whether only the machine itself can reach it."""

    port: int
    protocol: Literal["tcp", "udp"]
    loopback: bool


def read_tables(text: str) -> frozenset[Listener]:
    """/proc/net/tcp, tcp6, udp and udp6, one after the other, each with its head line, as `cat` shows them.

    Sockets of TCP are told from those of UDP by their state alone: 0A listens, 07 is an unconnected UDP
    socket (a TCP socket in state 07 is closed, and in no table).
    """
    found = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) < 4 or words[3] not in (_LISTEN, _UNCONNECTED) or words[0] == "sl":
            continue
        address, _, port = words[1].rpartition(":")
        protocol: Literal["tcp", "udp"] = "tcp" if words[3] == _LISTEN else "udp"
        found.add(Listener(int(port, 16), protocol, _is_loopback(address)))
    return frozenset(found)


def _is_loopback(address: str) -> bool:
    """The kernel writes an address in words of the machine's order: 127.0.0.1 is 0100007F on a small-endian
    one, ::1 ends in 01000000.
    """
    if len(address) == 8:
        return address.endswith("7F")
    return address == "0" * 24 + "01000000" or (address[16:24] == "FFFF0000" and address.endswith("7F"))


def behind(publish: Publish, listeners: Iterable[Listener]) -> Behind:
    """What a published port leads to in the container."""
    mine = [
        one for one in listeners if (one.port, one.protocol) == (publish.container_port, publish.protocol)
    ]
    if not mine:
        return "nothing"
    return "inside only" if all(one.loopback for one in mine) else "listening"


def is_open_to_others(publish: Publish) -> bool:
    """Whether other machines may reach it."""
    return not (publish.host_ip.startswith("127.") or publish.host_ip == "::1")


def clash(one: Publish, other: Publish) -> bool:
    """Whether two published ports want the same port of the host."""
    same = (one.host_port, one.protocol) == (other.host_port, other.protocol)
    return same and (one.host_ip == other.host_ip or bool({one.host_ip, other.host_ip} & ANY))


def added(current: Sequence[Publish], wanted: Sequence[Publish]) -> tuple[Publish, ...]:
    """The list with more; one that is there already stays. Raises UsageError where two clash."""
    result = list(current)
    for item in wanted:
        if item in result:
            continue
        other = next((old for old in result if clash(old, item)), None)
        if other is not None:
            raise UsageError(
                f"{show_publish(item)} and {show_publish(other)} want the same port of this machine",
                hint=f"take the other one off first: contenant port remove {show_publish(other)}",
            )
        result.append(item)
    return tuple(result)


def removed(
    current: Sequence[Publish], wanted: Sequence[Publish], elsewhere: Mapping[Publish, str]
) -> tuple[Publish, ...]:
    """The list with less. `elsewhere`: those that a setting publishes, and where it is written.

    Raises NotFoundError for one that is not published, UsageError for one of a setting.
    """
    for item in wanted:
        if item in elsewhere:
            raise UsageError(
                f"{show_publish(item)} is set in {elsewhere[item]}", hint="take it off there: `publish`"
            )
        if item not in current:
            raise NotFoundError(
                f"{show_publish(item)} is not published", hint="`contenant port` lists what is"
            )
    return tuple(item for item in current if item not in wanted)
