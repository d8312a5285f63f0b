"""The small languages of run, create and exec: names, environment, labels, sizes, limits, capabilities,
users.

Each function takes what was typed and gives Apple's own form of it, or raises AppleError (exit 1) with
Apple's text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import AppleError
from .podman import DEFAULT_CAPS
from .settings import Settings

UNITS = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
MINIMUM_MEMORY = 200 * 1024 * 1024
LIMITS = (
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
)
MORE_CAPS = (
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "DAC_READ_SEARCH",
    "IPC_LOCK",
    "IPC_OWNER",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "NET_ADMIN",
    "NET_BROADCAST",
    "PERFMON",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "SYSLOG",
    "WAKE_ALARM",
)
ALL_CAPS = tuple(sorted((*DEFAULT_CAPS, *MORE_CAPS)))
UNLIMITED = 2**64 - 1


def check_name(settings: Settings, name: str) -> None:
    """The container id's form. Raises AppleError."""
    longest = 63 if settings.at_least(1, 2) else 64
    if re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name) and len(name) <= longest:
        return
    if settings.at_least(1):
        raise AppleError(f"container ID {name} is not a valid container ID")
    raise AppleError(f"invalid entity name {name}")


def split_like_swift(text: str, separator: str, most: int) -> list[str]:
    """String.split(separator:maxSplits:): empty pieces are dropped and do not count as splits."""
    pieces: list[str] = []
    start = 0
    while len(pieces) < most and (end := text.find(separator, start)) >= 0:
        if end > start:
            pieces.append(text[start:end])
        start = end + 1
    return [*pieces, text[start:]] if text[start:] else pieces


def labels(raw: Iterable[str]) -> dict[str, str]:
    """`k=v` labels as Parser.labels splits them: `k=a=b` is an error, `k=abc=` becomes `abc`."""
    result = {}
    for label in raw:
        parts = split_like_swift(label, "=", 2)
        if not label:
            raise AppleError("label cannot be an empty string")
        if len(parts) not in (1, 2):
            raise AppleError(f"invalid label format {label}")
        result[parts[0]] = parts[1] if len(parts) == 2 else ""
    return result


def inherit(raw: Iterable[str], environ: Mapping[str, str]) -> list[str]:
    """`K=V` as it is; a bare `K` from the caller's environment, dropped when unset."""
    entries = []
    for entry in raw:
        if "=" in entry:
            entries.append(entry)
        elif entry in environ:
            entries.append(f"{entry}={environ[entry]}")
    return entries


def read_env_file(path: str, environ: Mapping[str, str]) -> list[str]:
    """An env file: `#` comments, blank lines, bare names inherit. Raises AppleError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise AppleError(f"failed to read envfile at {path}") from error
    except UnicodeDecodeError as error:
        raise AppleError(f"env file {path} contains invalid utf8 bytes") from error
    entries = []
    for line in text.splitlines():
        trimmed = line.lstrip()
        if not trimmed or trimmed.startswith("#"):
            continue
        name = trimmed.partition("=")[0]
        if re.search(r"[ \t]", name):
            raise AppleError(f"variable '{name}' contains whitespaces")
        if not name:
            raise AppleError(f"no variable name on line '{trimmed}'")
        entries += inherit([trimmed], environ)
    return entries


def merge_env(
    image: Iterable[str], files: Iterable[str], flags: Iterable[str], environ: Mapping[str, str]
) -> list[str]:
    """Parser.allEnv: image, then files, then flags; the later wins; in no order, as a Swift dictionary
    gives it.
    """
    entries = list(image)
    for path in files:
        entries += read_env_file(path, environ)
    merged = {}
    for entry in [*entries, *inherit(flags, environ)]:
        merged[(split_like_swift(entry, "=", 1) or [entry])[0]] = entry
    result = list(merged.values())
    random.shuffle(result)
    return result


def size(text: str) -> int:
    """`1g`, `512M`, `2048MB` to bytes, in binary units. Raises AppleError."""
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([bkmgtp]?)(?:i?b)?\s*", text.lower())
    if match is None:
        raise AppleError(f"invalid memory string {text}")
    return int(float(match[1]) * 1024 ** UNITS[match[2]])


def memory(text: str | None) -> int:
    """The memory of a container in bytes, whole MiB; 1 GiB by default. The floor is checked at create."""
    return 1024**3 if text is None else size(text) // 1024**2 * 1024**2


def limit_value(text: str, name: str) -> int:
    """One number of a --ulimit."""
    trimmed = text.strip().lower()
    if trimmed in ("unlimited", "-1"):
        return UNLIMITED
    if not trimmed.isdigit():
        raise AppleError(
            f"invalid ulimit value '{text}' for '{name}': must be a non-negative integer or 'unlimited'"
        )
    return int(trimmed)


def limits(raw: Iterable[str]) -> list[dict[str, Any]]:
    """`--ulimit` to Apple's rlimits. Raises AppleError for unknown and repeated types and for soft above
    hard.
    """
    result: dict[str, dict[str, Any]] = {}
    for text in raw:
        name, _, values = text.partition("=")
        name = name.lower()
        if not name or not values:
            raise AppleError(f"invalid ulimit format '{text}': expected <type>=<soft>[:<hard>]")
        if name not in LIMITS:
            raise AppleError(f"unsupported ulimit type '{name}': valid types are {', '.join(LIMITS)}")
        soft, _, hard = values.partition(":")
        low = limit_value(soft, name)
        high = limit_value(hard, name) if hard else low
        if low > high:
            raise AppleError(f"ulimit '{name}' soft limit ({low}) cannot exceed hard limit ({high})")
        if name in result:
            raise AppleError(f"duplicate ulimit type: {name}")
        result[name] = {"limit": f"RLIMIT_{name.upper()}", "soft": low, "hard": high}
    return list(result.values())


def capability_names(raw: Iterable[str]) -> list[str]:
    """Capabilities in any case, with or without CAP_, as CAP_X. Raises AppleError for one that does not
    exist.
    """
    result = []
    for name in raw:
        upper = name.upper()
        bare = upper.removeprefix("CAP_")
        if upper != "ALL" and bare not in ALL_CAPS:
            raise AppleError(f"invalid capability name: {upper}")
        result.append("ALL" if upper == "ALL" else f"CAP_{bare}")
    return result


def granted(settings: Settings, add: Iterable[str], drop: Iterable[str]) -> list[str]:
    """The capabilities a container gets, without CAP_: drop ALL empties the base, add ALL fills it, then
    single drops.

    Up to 0.11 every process had all of them (apple/container issue 1352).
    """
    if not settings.at_least(0, 12):
        return list(ALL_CAPS)
    added, dropped = set(add), set(drop)
    base = set() if "ALL" in dropped else set(DEFAULT_CAPS)
    base = set(ALL_CAPS) if "ALL" in added else base | {name.removeprefix("CAP_") for name in added}
    return sorted(base - {name.removeprefix("CAP_") for name in dropped})


def user(args: Mapping[str, Any], default: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """Apple's user and supplemental groups: --user, then --uid with --gid, then the default; --gid alone
    adds a group.
    """
    if args["user"]:
        return {"raw": {"userString": args["user"]}}, []
    uid, gid = args["uid"], args["gid"]
    if uid is not None and gid is not None:
        return {"id": {"gid": gid, "uid": uid}}, []
    if uid is not None:
        return {"raw": {"userString": str(uid)}}, []
    return default, [] if gid is None else [gid]


def user_text(value: dict[str, Any]) -> str:
    """Apple's user as `name` or `uid:gid`."""
    if "raw" in value:
        return str(value["raw"]["userString"])
    return f"{value['id']['uid']}:{value['id']['gid']}"
