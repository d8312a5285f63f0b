"""The policy as the container gets it: strict reading of `policy.json`, nothing else.

The host resolves layers and presets; what arrives here is flat. It is checked again all the same, because
every name below ends up in three configuration files of programs that guard the way out.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

try:  # hashlib loads OpenSSL, which costs every start 5 ms
    from _sha2 import sha256  # type: ignore[import-not-found] # private, hence the fallback
except ImportError:
    from hashlib import sha256

MODES = ("block", "audit", "off")
MAX_ENTRIES = 2000
MAX_BYTES = 512 * 1024

_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_TOP_KEYS = {"format", "hash", "resolvers", "policy"}
_POLICY_KEYS = {"mode", "allow", "deny", "host", "inbound"}
_ENTRY_KEYS = {"name", "port", "until"}


class PolicyError(Exception):
    """The policy is refused; nothing of it may be used."""


class Entry(NamedTuple):
    """One allowed or denied name. `name` is without the `*.` of a wildcard."""

    name: str
    wildcard: bool
    port: int  # 0: TLS on 443 and HTTP on 80, both checked by name
    until: int  # seconds since the epoch, 0: no end


class Policy(NamedTuple):
    """A checked policy. `allow` and `deny` hold what is in force; expired entries are left out."""

    mode: str
    allow: tuple[Entry, ...]
    deny: tuple[Entry, ...]
    host: tuple[int, ...]  # ports of services on the machine that runs the container
    inbound: tuple[tuple[int, str], ...]  # (port, tcp or udp)
    resolvers: tuple[str, ...]  # upstream, "" where the engine's are to be used
    hash: str  # of the policy object, 64 hex digits
    expires: int  # when the first entry in force ends, 0: never
    at: int  # the moment it stands for, seconds since the epoch


def read_policy(text: str, now: int) -> Policy:
    """The policy in a `policy.json`, as it stands at `now` (seconds since the epoch). Raises PolicyError."""
    if len(text) > MAX_BYTES:
        raise PolicyError(f"larger than {MAX_BYTES} bytes")
    try:
        top = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"not JSON: {error}") from None
    _expect(isinstance(top, dict) and set(top) <= _TOP_KEYS and top.get("format") == 1, "not policy format 1")
    body = top.get("policy")
    _expect(isinstance(body, dict) and set(body) <= _POLICY_KEYS, "policy has unknown or no keys")
    digest = policy_hash(body)
    _expect(top.get("hash", digest) == digest, "the hash does not belong to this policy")
    _expect(body.get("mode") in MODES, f"mode is none of {', '.join(MODES)}")
    allow, deny = _entries(body.get("allow", []), "allow"), _entries(body.get("deny", []), "deny")
    _expect(len(allow) + len(deny) <= MAX_ENTRIES, f"more than {MAX_ENTRIES} entries")
    return _in_force(body, allow, deny, _resolvers(top.get("resolvers", [])), digest, now)


def policy_hash(body: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of the policy object, 64 hex digits."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return str(sha256(text.encode("ascii")).hexdigest())


def covers(entry: Entry, other: Entry) -> bool:
    """Whether every name `other` stands for is one `entry` stands for."""
    if entry.wildcard:
        return other.name.endswith("." + entry.name) or (other.wildcard and other.name == entry.name)
    return not other.wildcard and other.name == entry.name


def _in_force(
    body: dict[str, Any],
    allow: list[Entry],
    deny: list[Entry],
    resolvers: tuple[str, ...],
    digest: str,
    now: int,
) -> Policy:
    ends = [entry.until for entry in (*allow, *deny) if entry.until > now]
    live_deny = tuple(entry for entry in deny if entry.until == 0 or entry.until > now)
    live_allow = tuple(
        entry
        for entry in allow
        if (entry.until == 0 or entry.until > now) and not any(covers(denied, entry) for denied in live_deny)
    )
    return Policy(
        mode=body["mode"],
        allow=live_allow,
        deny=live_deny,
        host=tuple(sorted({_port(port) for port in _list(body.get("host", []), "host")})),
        inbound=tuple(sorted({_inbound(port) for port in _list(body.get("inbound", []), "inbound")})),
        resolvers=resolvers,
        hash=digest,
        expires=min(ends, default=0),
        at=now,
    )


def _entries(value: object, kind: str) -> list[Entry]:
    return sorted({_entry(item, kind) for item in _list(value, kind)})


def _entry(item: object, kind: str) -> Entry:
    _expect(
        isinstance(item, dict) and set(item) <= _ENTRY_KEYS and "name" in item, f"{kind}: bad entry {item!r}"
    )
    assert isinstance(item, dict)
    text, until = item["name"], item.get("until", 0)
    _expect(isinstance(text, str), f"{kind}: bad name {text!r}")
    wildcard = text.startswith("*.")
    name = text[2:] if wildcard else text
    _expect(is_name(name), f"{kind}: not a host name: {text!r}")
    port = _port(item["port"]) if "port" in item else 0
    _expect(not (wildcard and port), f"{kind}: a wildcard cannot have a port: {text!r}")
    _expect(kind == "allow" or not port, f"{kind}: a denied name cannot have a port: {text!r}")
    _expect(type(until) is int and 0 <= until < 1 << 40, f"{kind}: bad until {until!r}")
    return Entry(name, wildcard, port, until)


def is_name(name: str) -> bool:
    """A host name of two labels or more, lower case, LDH or underscore, last label not a number."""
    labels = name.split(".")
    return (
        len(labels) >= 2
        and len(name) <= 253
        and all(0 < len(label) <= 63 and _LABEL.issuperset(label) for label in labels)
        and not any(label[0] == "-" or label[-1] == "-" for label in labels)
        and not labels[-1].isdigit()
        and not labels[-1].startswith("0x")
    )


def _resolvers(value: object) -> tuple[str, ...]:
    found = _list(value, "resolvers")
    for item in found:
        _expect(is_resolver(item), f"resolvers: not an address that can be asked: {item!r}")
    return tuple(dict.fromkeys(found))


def is_resolver(item: object) -> bool:
    """An IPv4 or IPv6 address that is not the container itself."""
    import socket

    if not isinstance(item, str):
        return False
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, item)
        except (OSError, ValueError):
            continue
        if family == socket.AF_INET:
            return packed[0] not in (0, 127) and packed[0] < 224
        # A scoped address (fe80::1%eth0) does not parse; ::, ::1 and IPv4-mapped ones are nobody's resolver.
        return packed[:10] != bytes(10) and packed[0] != 255
    return False


def _inbound(item: object) -> tuple[int, str]:
    _expect(isinstance(item, str) and item.count("/") == 1, f"inbound: write 3000/tcp, not {item!r}")
    number, protocol = str(item).split("/")
    _expect(number.isascii() and number.isdigit() and len(number) <= 5, f"inbound: bad port {item!r}")
    _expect(protocol in ("tcp", "udp"), f"inbound: bad protocol {item!r}")
    return _port(int(number)), protocol


def _port(value: object) -> int:
    _expect(type(value) is int and 0 < value < 65536, f"not a port: {value!r}")
    assert isinstance(value, int)
    return value


def _list(value: object, what: str) -> list[Any]:
    _expect(isinstance(value, list), f"{what} is not a list")
    assert isinstance(value, list)
    return value


def _expect(true: object, message: str) -> None:
    if not true:
        raise PolicyError(message)
