"""Parsers of single settings: the same ones for a TOML file, an environment variable and the command line.

Each takes what was written and a `Place`, and gives the value or raises UsageError; the caller says where it
was written. Pure: a path is judged as text here, and on the disk by `contenant.config.usable_mounts`.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, get_args

from contenant.core.values import Mount, Publish
from contenant.errors import UsageError

MEMORY_FLOOR = 200 * 1024**2  # bytes; the smallest amount Apple's engine takes, and less than the agent needs
MEMORY_HINT = 'a number and a unit, such as "512m" or "4g"'
_MEMORY = r"([0-9]{1,13}(?:\.[0-9]{1,3})?)([kmgtKMGT])(?:[iI]?[bB])?"  # compiled only when needed
_UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_ENV_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
_CONTROL = r"[\x00-\x1f\x7f]"
_PACKAGE = r"[a-z0-9][a-z0-9+.-]*[a-z0-9+.](=[A-Za-z0-9][A-Za-z0-9.+~:-]{0,100})?"  # Debian policy, 5.6.1
_ENTRY = r"[^\s\x00-\x1f\x7f]{1,300}"

# Where the container keeps what makes it safe or makes it run; a mount there would bend it.
RESERVED_TARGETS = (
    "/bin", "/boot", "/dev", "/drop", "/etc", "/lib", "/lib64", "/opt/contenant", "/proc", "/project",
    "/root", "/run", "/sbin", "/sys", "/usr", "/var/lib/contenant", "/var/run",
)  # fmt: skip


class Place(NamedTuple):
    """Where a value was written: what relative paths and `~` mean there."""

    home: str  # absolute
    base: str  # absolute directory that relative paths start from


class Forbidden(NamedTuple):
    """Something on the host that no container may see: nothing that holds it is mounted either."""

    path: str  # absolute
    what: str
    parts: bool = False  # whether a directory inside it may be mounted


Parser = Callable[[Any, Place], Any]


def parse_text(raw: Any, place: Place) -> str:
    """A text of one line, not empty."""
    if not isinstance(raw, str) or not raw or re.search(_CONTROL, raw):
        raise UsageError(f"not a text of one line: {_shown(raw)}")
    return raw


def parse_flag(raw: Any, place: Place) -> bool:
    """`true` or `false`; as text also yes, no, on, off, 1 and 0."""
    if isinstance(raw, bool):
        return raw
    word = raw.lower() if isinstance(raw, str) else ""
    if word in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        return word in ("true", "yes", "on", "1")
    raise UsageError(f"neither true nor false: {_shown(raw)}")


def choice(alternatives: Any) -> Parser:
    """A parser for the members of a Literal type."""
    names: tuple[str, ...] = get_args(alternatives)

    def parse(raw: Any, place: Place) -> str:
        if isinstance(raw, str) and raw in names:
            return raw
        raise UsageError(f"not one of {', '.join(names)}: {_shown(raw)}")

    return parse


def parse_cpus(raw: Any, place: Place) -> int:
    """A whole number of processors, 1 to 1024."""
    return _whole(raw, 1, 1024, "a whole number of processors")


def parse_pids(raw: Any, place: Place) -> int:
    """A number of processes and threads; with fewer than 64 the container does not start."""
    return _whole(raw, 64, 4_194_304, "a number of processes")


def parse_places(raw: Any, place: Place) -> int:
    """How many containers may run at a time, 1 to 1000; 0 for any number."""
    return _whole(raw, 0, 1000, "a number of containers")


def parse_seconds(raw: Any, place: Place) -> int:
    """Seconds, 0 to 3600, as a number; or a duration such as 2m."""
    if isinstance(raw, str) and raw[-1:].isalpha():
        from contenant.core.ages import parse_duration  # costs datetime, which few starts need

        raw = int(parse_duration(raw).total_seconds())
    return _whole(raw, 0, 3600, "a number of seconds")


def _whole(raw: Any, low: int, high: int, what: str) -> int:
    if isinstance(raw, str) and re.fullmatch("[0-9]{1,9}", raw):
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
        raise UsageError(f"not {what} from {low} to {high}: {_shown(raw)}")
    return raw


def parse_memory(raw: Any, place: Place) -> int:
    """`512m`, `4g`, `1.5g`, `4GiB` -> bytes; the units are powers of 1024."""
    amount = parse_size(raw)
    if not amount:
        raise UsageError(f"not an amount of memory: {_shown(raw)}", hint=MEMORY_HINT)
    if not MEMORY_FLOOR <= amount <= 1024**5:
        raise UsageError(f"memory {raw!r} is out of range", hint="at least 200m; the agent wants 2g or more")
    return amount


def parse_size(raw: Any) -> int:
    """`512m`, `1.5g` -> bytes, 0 for what is no size."""
    match = re.fullmatch(_MEMORY, raw.strip()) if isinstance(raw, str) else None
    return int(float(match[1]) * _UNITS[match[2].lower()]) if match else 0


def show_memory(amount: int) -> str:
    """Bytes as `parse_memory` reads them: `4g`, `1536m`; "" for 0, the engine's default."""
    if not amount:
        return ""
    unit = next((unit for unit in "tgm" if amount % _UNITS[unit] == 0), "k")
    return f"{amount / _UNITS[unit]:.3f}".rstrip("0").rstrip(".") + unit


def parse_path(raw: Any, place: Place) -> str:
    """A path of the host, made absolute: `~` is the home, relative ones start at the file that names them."""
    text = parse_text(raw, place)
    if text == "~" or text.startswith("~/"):
        text = place.home + text[1:]
    elif text.startswith("~"):
        raise UsageError(f"not a path that can be followed: {text!r}", hint="write ~/… or an absolute path")
    return posixpath.normpath(posixpath.join(place.base, text))


def parse_stacked_path(raw: Any, place: Place) -> tuple[str, ...]:
    """A path that stands beside those of other layers."""
    return (parse_path(raw, place),)


def parse_package(raw: Any, place: Place) -> str:
    """A Debian package, `NAME` or `NAME=VERSION`."""
    if not isinstance(raw, str) or len(raw) > 200 or not re.fullmatch(_PACKAGE, raw):
        raise UsageError(
            f"not a Debian package: {_shown(raw)}", hint="such as shellcheck, or shellcheck=0.10.0-1"
        )
    return raw


def parse_mount(raw: Any, place: Place) -> Mount:
    """`SRC:DST[:ro|:rw]` -> Mount, writable unless `ro`: a host directory, and its absolute path inside."""
    text = parse_text(raw, place)
    body, _, mode = text.rpartition(":")
    if mode not in ("ro", "rw"):
        body, mode = text, "rw"
    source, colon, target = body.rpartition(":")
    if not colon or not source or not target.startswith("/"):
        raise UsageError(
            f"not a mount: {text!r}", hint="write SOURCE:TARGET or SOURCE:TARGET:ro, such as ~/data:/data:ro"
        )
    inside = posixpath.normpath(f"/{target.lstrip('/')}")
    refuse_target(inside)
    return Mount(parse_path(source, place), inside, mode == "ro")


def refuse_source(path: str, forbidden: Iterable[Forbidden]) -> None:
    """Raise UsageError where a host directory is, holds, or lies in what no container may see."""
    if path == "/":
        raise UsageError("the root directory cannot be mounted", hint="name the directory that is needed")
    for entry in forbidden:
        if entry.path == path or entry.path.startswith(f"{path}/"):
            relation = "is" if entry.path == path else "holds"
            raise UsageError(
                f"{path} cannot be mounted: it {relation} {entry.what}", hint="name a smaller one"
            )
        if not entry.parts and path.startswith(f"{entry.path}/"):
            raise UsageError(f"{path} cannot be mounted: it lies in {entry.what}", hint="name another one")


def refuse_target(target: str) -> None:
    """Raise UsageError where a place in the container is one that it needs as it is."""
    if target == "/" or any(target == taken or target.startswith(f"{taken}/") for taken in RESERVED_TARGETS):
        raise UsageError(
            f"nothing can be mounted at {target}: the container needs it as it is",
            hint="choose a place such as /data or /mnt/NAME",
        )


def show_mount(mount: Mount) -> str:
    """A mount as `parse_mount` reads it."""
    return f"{mount.source}:{mount.target}{':ro' if mount.read_only else ''}"


def parse_publish(raw: Any, place: Place) -> Publish:
    """`[HOST_IP:]HOST_PORT:CONTAINER_PORT[/udp]` -> Publish; the address is 127.0.0.1 unless written."""
    text = parse_text(raw, place)
    numbers, slash, protocol = text.partition("/")
    rest, _, inner = numbers.rpartition(":")
    address, colon, outer = rest.rpartition(":")
    if not rest or (slash and protocol not in ("tcp", "udp")) or (colon and not address):
        raise UsageError(f"not a port to publish: {text!r}", hint="such as 8080:80 or 127.0.0.1:8080:80")
    port = "a port"
    return Publish(
        _address(address) if colon else "127.0.0.1",
        _whole(outer, 1, 65535, port),
        _whole(inner, 1, 65535, port),
        "udp" if protocol == "udp" else "tcp",
    )


def parse_port(raw: Any, place: Place) -> int:
    """A port, 1 to 65535."""
    return _whole(raw, 1, 65535, "a port")


def _address(text: str) -> str:
    from ipaddress import ip_address  # costs milliseconds, and few projects publish a port

    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        address = ip_address(bare)
    except ValueError:
        raise UsageError(f"not an address of this host: {text!r}", hint="write 127.0.0.1 or [::1]") from None
    if (address.version == 6) != text.startswith("["):
        raise UsageError(f"not an address of this host: {text!r}", hint=f"write [{bare}]")
    return str(address)


def show_publish(publish: Publish) -> str:
    """A port as `parse_publish` reads it."""
    host = f"[{publish.host_ip}]" if ":" in publish.host_ip else publish.host_ip
    suffix = "/udp" if publish.protocol == "udp" else ""
    return f"{host}:{publish.host_port}:{publish.container_port}{suffix}"


def parse_env_item(raw: Any, place: Place) -> tuple[str, str | None]:
    """`NAME=value` -> (NAME, value); `NAME` alone -> (NAME, None), to be passed on from the caller."""
    if not isinstance(raw, str):
        raise UsageError(f"not a variable: {_shown(raw)}", hint="write NAME=value or NAME")
    name, equals, value = raw.partition("=")
    return _env_pair(name, value if equals else None)


def parse_env_table(raw: Any, place: Place) -> dict[str, str | None]:
    """A table of names; a text is the value, `true` passes the variable of the calling environment on."""
    if not isinstance(raw, Mapping):
        raise UsageError(
            f"not a table of variables: {_shown(raw)}", hint='write [env] and NAME = "value" below'
        )
    wrong = [name for name, value in raw.items() if not isinstance(value, str) and value is not True]
    if wrong:
        raise UsageError(
            f"the variable {wrong[0]} is neither a text nor true",
            hint=f'write {wrong[0]} = "value", or {wrong[0]} = true to pass it on from your environment',
        )
    return dict(_env_pair(name, None if value is True else value) for name, value in raw.items())


def _env_pair(name: str, value: str | None) -> tuple[str, str | None]:
    if not re.fullmatch(_ENV_NAME, name):
        raise UsageError(f"not the name of a variable: {name!r}", hint="letters, digits and _ only")
    if name.startswith("CONTENANT_"):
        raise UsageError(f"the variable {name} is contenant's own", hint="choose another name")
    if value is not None and "\0" in value:
        raise UsageError(f"the variable {name} holds a NUL character")
    return name, value


def parse_entry(raw: Any, place: Place) -> str:
    """One word, such as a host name of the firewall's policy; its grammar is judged where it is used."""
    if not isinstance(raw, str) or not re.fullmatch(_ENTRY, raw):
        raise UsageError(f"not a single word: {_shown(raw)}")
    return raw


# Parts of Claude Code's directory that are one machine's or one project's, or that hold secrets.
NEVER_CARRIED = frozenset(
    {".credentials.json", ".claude.json", "projects", "history.jsonl", "sessions", "shell-snapshots"}
    | {"session-env", "ide", "file-history", "paste-cache", "image-cache", "uploads", "debug", "tasks"}
    | {"plans", "backups", "remote-settings.json", "policy-limits.json", "stats-cache.json", "usage-data"}
    | {"telemetry", "todos", "statsig", "logs", "settings.local.json"}
)


def parse_customisation(raw: Any, place: Place) -> str:
    """A name in the host's Claude Code directory, such as `skills`; never one that is private to the host."""
    text = parse_text(raw, place)
    if "/" in text or text in (".", "..") or text.startswith("~"):
        raise UsageError(f"not a name in Claude Code's directory: {text!r}", hint='such as "skills"')
    if text in NEVER_CARRIED or text.startswith("."):
        raise UsageError(f"{text} stays on the host: it is private to it", hint="take it off the list")
    return text


def listed(parse: Parser) -> Parser:
    """A parser for a list; as text, the items stand between commas."""

    def parse_list(raw: Any, place: Place) -> tuple[Any, ...]:
        items = [item.strip() for item in raw.split(",") if item.strip()] if isinstance(raw, str) else raw
        if not isinstance(items, list | tuple):
            raise UsageError(f"not a list: {_shown(raw)}", hint="write it between [ and ]")
        return tuple(dict.fromkeys(parse(item, place) for item in items))

    return parse_list


def _shown(raw: Any) -> str:
    text = repr(raw)
    return text if len(text) <= 60 else f"{text[:57]}..."
