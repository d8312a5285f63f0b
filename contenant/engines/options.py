"""Command line options that engines read alike, and paths that none of them can take."""

from __future__ import annotations

import re
from collections.abc import Mapping

from contenant.core.values import Mount, Publish
from contenant.errors import PathRefusedError

_SPECIAL = re.compile(r'[,"\r\n]|^\s').search


def own_name(reference: str) -> str:
    """A reference without the registry that an engine puts before a name that has none."""
    for registry in ("localhost/", "docker.io/library/"):
        if reference.startswith(registry):
            return reference.removeprefix(registry)
    return reference


def pairs(option: str, values: Mapping[str, str]) -> list[str]:
    """`option key=value` for each."""
    return [word for key, value in values.items() for word in (option, f"{key}={value}")]


def publish_option(port: Publish) -> str:
    """The value of `--publish`; an IPv6 address goes into brackets."""
    host = f"[{port.host_ip}]" if ":" in port.host_ip else port.host_ip
    return f"{host}:{port.host_port}:{port.container_port}/{port.protocol}"


def mount_option(mount: Mount) -> str:
    """The value of podman's and docker's `--mount`. Raises PathRefusedError.

    `--volume` cannot be used: it splits at every colon.
    """
    for path in (mount.source, mount.target):
        check_path(path)
    fields = ["type=bind", f"source={mount.source}", f"target={mount.target}"]
    return quote_record([*fields, "readonly"] if mount.read_only else fields)


def quote_record(fields: list[str]) -> str:
    """One CSV record as Go's encoding/csv reads it: a field may hold any character."""
    return ",".join(
        f'"{field.replace(chr(34), chr(34) * 2)}"' if _SPECIAL(field) else field for field in fields
    )


def check_path(path: str) -> None:
    """Refuse what an engine would take for another path. Raises PathRefusedError."""
    if "\r\n" in path:
        # Go's CSV reader drops a carriage return before a line feed, and would mount another directory
        raise PathRefusedError(
            f"no engine can mount {path!r}: it holds a carriage return before a line feed",
            hint="rename the directory",
        )
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raise PathRefusedError(
            f"no engine can mount {path!r}: the name is not UTF-8", hint="rename the directory"
        ) from None
