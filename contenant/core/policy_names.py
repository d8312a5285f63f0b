"""The grammar of policy entries: `name`, `*.name`, `name:port`, `host:port`. Pure.

An entry is a grant of everything the name lets a stranger store or read, so the grammar is narrow: names
only, at least two labels, spelt one way. Addresses are no entries: what is connected to is what the name
resolves to at that moment.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from contenant.errors import UsageError

HOST = "host"  # the machine that runs the container; a single label, so no host name can be it
MAX_NAME = 253  # octets of a name in text (RFC 1035, 2.3.4)

# RFC 1123 and the underscore that service names use. A label neither begins nor ends with a hyphen.
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# IDNA 2003 and 2008 disagree on these four (UTS 46, 6.1): either answer would surprise somebody.
_DEVIATING = frozenset("\u00df\u03c2\u200c\u200d")

SuffixTest = Callable[[str], bool]


class Pattern(NamedTuple):
    """What an entry stands for."""

    name: str  # lower case, punycode, without "*."
    wildcard: bool = False
    port: int = 0  # 0: TLS on 443 and HTTP on 80

    def __str__(self) -> str:
        text = f"*.{self.name}" if self.wildcard else self.name
        return f"{text}:{self.port}" if self.port else text


def parse_pattern(text: str, is_public_suffix: SuffixTest) -> Pattern:
    """`name`, `*.name`, `name:port` or `host:port` -> Pattern; raises UsageError.

    `is_public_suffix` is asked for wildcards only: whether strangers can own names directly below a name.
    """
    _refuse_shape(text)
    head, colon, tail = text.partition(":")
    port = _parse_port(tail, text) if colon else 0
    if head == HOST:
        if not port:
            raise UsageError(f"{text!r} needs a port", hint="write host:5432 for a service on this machine")
        return Pattern(HOST, port=port)
    wildcard = head.startswith("*.")
    name = parse_name(head[2:] if wildcard else head, text)
    if wildcard:
        _refuse_wildcard(name, port, text, is_public_suffix)
    return Pattern(name, wildcard, port)


def parse_name(text: str, shown: str = "") -> str:
    """A host name as it is kept: lower case, punycode, no last dot. Raises UsageError."""
    shown = shown or text
    name = _to_ascii(text.removesuffix("."), shown)
    labels = name.split(".")
    if len(labels) < 2:
        raise _refused(shown, "a name needs two labels or more", "write it in full, such as api.example.com")
    if len(name) > MAX_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise _refused(shown, "not a host name", "letters, digits, hyphens and dots; 63 to a label")
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        raise _refused(shown, "an address is no entry", "allow the name that resolves to it")
    for label in labels:
        _check_punycode(label, shown)
    return name


def covers(pattern: Pattern, other: Pattern) -> bool:
    """Whether every name of `other` is one of `pattern`; ports are not looked at."""
    if pattern.wildcard:
        below = other.name.endswith("." + pattern.name)
        return below or (other.wildcard and other.name == pattern.name)
    return not other.wildcard and other.name == pattern.name


def opens(pattern: Pattern, name: str, port: int) -> bool:
    """Whether an entry stands for this name on this port."""
    ports = (pattern.port,) if pattern.port else (443, 80)
    return port in ports and covers(pattern, Pattern(name))


def is_open(body: Mapping[str, Any], name: str, port: int) -> bool:
    """Whether a policy's canonical object (`policy.body`) opens a host; False for an empty one."""
    if body.get("mode") == "off":
        return True
    allowed = any(opens(_pattern(entry), name, port) for entry in body.get("allow", ()))
    return allowed and not any(covers(_pattern(entry), Pattern(name)) for entry in body.get("deny", ()))


def _pattern(entry: Mapping[str, Any]) -> Pattern:
    text = str(entry["name"])
    return Pattern(text.removeprefix("*."), text.startswith("*."), int(entry.get("port", 0)))


def _refuse_shape(text: str) -> None:
    if not text or len(text) > 1024:
        raise UsageError("an entry is empty or far too long", hint="write a host name")
    if "/" in text or "@" in text:
        raise _refused(text, "not a host name", "write only the host of an address, such as api.example.com")
    if "[" in text or text.count(":") > 1:
        raise _refused(text, "an address is no entry", "allow the name that resolves to it")
    if text == "*" or ("*" in text and not (text.startswith("*.") and text.count("*") == 1)):
        raise _refused(text, "a wildcard stands for the first labels only", "write *.example.com")
    if any(not char.isprintable() or char.isspace() for char in text):
        raise _refused(text, "not a host name", "it holds a blank or a control character")


def _refuse_wildcard(name: str, port: int, text: str, is_public_suffix: SuffixTest) -> None:
    if port:
        raise _refused(text, "a port needs one name", "name each host, such as git.example.com:22")
    if is_public_suffix(name):
        raise _refused(text, "anybody can own a name below it", "name each host you need")


def _parse_port(text: str, shown: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text) or int(text) > 65535:
        raise _refused(shown, "not a port", "a number from 1 to 65535 after the colon")
    return int(text)


def _to_ascii(text: str, shown: str) -> str:
    """Unicode to punycode as IDNA 2003 has it, where IDNA 2008 agrees."""
    if text.isascii():
        return text.lower()
    if _DEVIATING & set(text.lower()):
        raise _refused(shown, "spelt differently by different programs", "write it in punycode (xn--…)")
    try:
        return text.lower().encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise _refused(shown, f"not a host name: {error}", "write it in punycode (xn--…)") from None


def _check_punycode(label: str, shown: str) -> None:
    if not label.startswith("xn--"):
        return
    try:
        label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        raise _refused(shown, "not punycode after xn--", "write the name in its own letters") from None


def _refused(text: str, why: str, hint: str) -> UsageError:
    return UsageError(f"policy entry refused: {text!r}: {why}", hint=hint)


def command_to_allow(name: str, port: int = 443) -> str:
    """What a user types to open a host; it works as it stands, and a reason of the user's own says more."""
    if name == HOST:
        return f"contenant firewall allow {name}:{port} --reason '…'"
    option = f" --port {port}" if port not in (80, 443) else ""
    return f"contenant firewall allow {name}{option} --reason '…'"
