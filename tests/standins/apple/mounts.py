"""-v, --mount and --tmpfs, and what Apple's virtio-fs makes of them.

Traps carried over (Parser.swift, containerization's FileMount and LinuxContainer): one host directory
mounted twice has one mode, that of the last mount; a file bind shares the file's whole parent directory,
and a directory mount of that parent vanishes (apple/container issue 2148); of two file binds from one
parent the first one's mode wins.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterable
from typing import Any

from .errors import AppleError
from .values import size, split_like_swift

VOLUME_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
Mount = dict[str, Any]


def check_volume_name(name: str) -> None:
    """Raises AppleError unless the name fits Apple's pattern."""
    if not re.fullmatch(VOLUME_NAME, name) or len(name) > 255:
        raise AppleError(f"invalid volume name '{name}': must match ^{VOLUME_NAME}$")


def virtiofs(source: str, destination: str, options: list[str]) -> Mount:
    """A bind of a host path."""
    return {"destination": destination, "options": options, "source": source, "type": {"virtiofs": {}}}


def volume(name: str, destination: str, options: list[str], anonymous: bool = False) -> Mount:
    """A named volume; `anonymous` is ours alone and never shown."""
    kind = {"volume": {"cache": {"on": {}}, "format": "ext4", "name": name, "sync": {"fsync": {}}}}
    return {
        "destination": destination,
        "options": options,
        "source": name,
        "type": kind,
        "anonymous": anonymous,
    }


def tmpfs(destination: str, options: list[str]) -> Mount:
    """A tmpfs."""
    return {"destination": destination, "options": options, "source": "tmpfs", "type": {"tmpfs": {}}}


def anonymous_name() -> str:
    """A volume name nobody typed."""
    return f"anon-{uuid.uuid4()}"


def checked(mount: Mount) -> Mount:
    """validateMount: a destination is needed. Raises AppleError."""
    if not mount["destination"]:
        raise AppleError("mount destination cannot be empty")
    return mount


def from_volume_flag(text: str) -> Mount:
    """One -v `src:dst[:opts]` or `/anonymous`. Raises AppleError; a `:` in a host path is impossible."""
    parts = split_like_swift(text.lstrip(":"), ":", 99)
    if len(parts) == 1:
        return volume(anonymous_name(), parts[0], [], anonymous=True)
    if len(parts) not in (2, 3):
        raise AppleError(f"invalid volume format {text}")
    source, destination = parts[0], parts[1]
    options = split_like_swift(parts[2], ",", 99) if len(parts) == 3 else []
    if "/" not in source and source not in (".", ".."):
        check_volume_name(source)
        return volume(source, destination, options)
    path = os.path.abspath(source)
    if not os.path.exists(path):
        raise AppleError(f"path '{source}' does not exist")
    return virtiofs(path, destination, options)


def directives(text: str) -> dict[str, str]:
    """The words of one --mount by their canonical keys. Raises AppleError."""
    words = {"type": "virtiofs"}
    for part in split_like_swift(text, ",", 99):
        pieces = split_like_swift(part, "=", 2)
        key = {"src": "source", "dst": "destination", "target": "destination", "readonly": "ro"}.get(
            pieces[0] if pieces else "", pieces[0] if pieces else ""
        )
        if key not in ("type", "size", "mode", "source", "destination", "ro"):
            raise AppleError(f"unknown directive {key} when parsing mount {text}")
        if key != "ro" and len(pieces) != 2:
            raise AppleError(f"invalid directive format missing value {part} in {text}")
        words[key] = "" if key == "ro" else pieces[1]
    return words


def host_directory(value: str) -> str:
    """The source of a bind: --mount takes directories only. Raises AppleError."""
    path = os.path.abspath(value)
    if not os.path.exists(path):
        raise AppleError(f"path '{value}' does not exist")
    if not os.path.isdir(path):
        raise AppleError(f"path '{value}' is not a directory")
    return path


def from_mount_flag(text: str) -> Mount:
    """One --mount. Raises AppleError."""
    if not text.strip(","):
        raise AppleError(f"invalid mount format: {text}")
    words = directives(text)
    kind = "virtiofs" if words["type"] == "bind" else words["type"]
    for key in ("size", "mode"):
        if key in words and kind != "tmpfs":
            raise AppleError(f"unsupported option {key} for {words['type']} mount")
    options = ["ro"] if "ro" in words else []
    options += [f"size={size(words['size'])}"] if "size" in words else []
    options += [f"mode={words['mode']}"] if "mode" in words else []
    destination, source = words.get("destination", ""), words.get("source", "")
    if kind == "virtiofs":
        if not source:
            raise AppleError(" is not an absolute path on the host")
        return virtiofs(host_directory(source), destination, options)
    if kind == "tmpfs":
        if source:
            raise AppleError("cannot specify source for tmpfs mount")
        return tmpfs(destination, options)
    if kind != "volume":
        raise AppleError(f"unsupported mount type {kind}")
    if source:
        check_volume_name(source)
    return volume(source or anonymous_name(), destination, options, anonymous=not source)


def all_of(
    tmpfs_flags: Iterable[str], volume_flags: Iterable[str], mount_flags: Iterable[str]
) -> list[Mount]:
    """Every mount in Apple's order: tmpfs, -v, --mount, the same text once. Raises AppleError."""
    mounts = [tmpfs(path, []) for path in dict.fromkeys(tmpfs_flags)]
    mounts += [from_volume_flag(text) for text in volume_flags]
    mounts += [from_mount_flag(text) for text in dict.fromkeys(mount_flags)]
    return [checked(mount) for mount in mounts]


def is_bind(mount: Mount) -> bool:
    """Whether it binds a host path."""
    return "virtiofs" in mount["type"]


def effective(mounts: list[Mount]) -> list[Mount]:
    """The mounts as the guest sees them, traps included, ordered by the depth of the destination."""
    binds = [mount for mount in mounts if is_bind(mount)]
    files = [mount for mount in binds if os.path.isfile(mount["source"])]
    holding = {os.path.realpath(os.path.dirname(mount["source"])) for mount in files}
    last = {os.path.realpath(mount["source"]): mount for mount in binds if mount not in files}
    first: dict[str, Mount] = {}
    for mount in files:
        first.setdefault(os.path.realpath(os.path.dirname(mount["source"])), mount)
    seen = []
    for mount in mounts:
        real = os.path.realpath(mount["source"])
        if not is_bind(mount):
            seen.append(mount)
        elif mount in files:
            seen.append({**mount, "options": first[os.path.dirname(real)]["options"]})
        elif real not in holding:
            seen.append({**mount, "options": last[real]["options"]})
    return sorted(seen, key=lambda mount: os.path.normpath(mount["destination"]).count("/"))


def podman_words(mounts: list[Mount], volume_name: Any) -> list[str]:
    """podman's flags for the effective mounts; `volume_name` maps Apple's volume names to podman's."""
    words: list[str] = []
    for mount in effective(mounts):
        mode = ":ro" if "ro" in mount["options"] else ""
        if is_bind(mount):
            words += ["-v", f"{mount['source']}:{mount['destination']}{mode}"]
        elif "tmpfs" in mount["type"]:
            options = ",".join([*mount["options"], "notmpcopyup"])
            words += ["--tmpfs", f"{mount['destination']}:{options}"]
        else:
            words += ["-v", f"{volume_name(mount['source'])}:{mount['destination']}{mode}"]
    return words
