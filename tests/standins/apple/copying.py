"""cp, from 1.0 on. A missing path in the container hangs it for good and takes exec, stop and system stop
of that container with it (apple/container issue 1927); a container that an older guest agent serves takes
uploads silently nowhere and refuses downloads (issue 2258).
"""

from __future__ import annotations

import os
import re

from . import guest
from .boot import get, observe
from .call import Call, hang, say
from .errors import AppleError
from .podman import PodmanError


def split(text: str) -> tuple[str, str]:
    """`ID:/path` to its parts, a host path to ("", path). Raises AppleError."""
    parts = text.split(":")
    if len(parts) == 1:
        return "", text
    if len(parts) == 2 and parts[0] and parts[1].startswith("/"):
        return parts[0], parts[1]
    raise AppleError(f"invalid path given: {text}")


def copy(call: Call) -> int:
    """`container copy`: between the host and a running container."""
    source, target = split(call.args["source"]), split(call.args["destination"])
    if source[0] and target[0]:
        raise AppleError("copying between containers is not supported")
    identifier = source[0] or target[0]
    if not identifier:
        raise AppleError("one of source or destination must be a container reference (container_id:path)")
    if target[0]:
        check_host_source(source[1])
    with call.store.transaction() as state:
        if identifier not in state["containers"]:
            raise AppleError(f"container with ID {identifier} not found", "notFound")
        record = get(state, identifier)
        row = observe(call, state).get(identifier)
        stale = record["agent"] != state["service"]["version"]
    if row is None:
        raise AppleError(f"container {identifier} is not running", "invalidState")
    if record["stuck"]:
        hang(call.settings)
    root = f"/proc/{row['Pid']}/root"
    if source[0]:
        return download(call, record["podman"], root, identifier, source[1], target[1], stale)
    return upload(call, record["podman"], root, identifier, source[1], target[1], stale)


def check_host_source(path: str) -> None:
    """Raises AppleError unless the host path can be copied."""
    if not os.path.exists(path):
        raise AppleError(f"source path does not exist: {path}", "notFound")
    if path.endswith("/") and not os.path.isdir(path):
        raise AppleError(f"source path is not a directory: {path}")


def stick(call: Call, identifier: str) -> None:
    """Mark the container as hanging, and hang."""
    with call.store.transaction() as state:
        if identifier in state["containers"]:
            state["containers"][identifier]["stuck"] = True
    hang(call.settings)


def download(call: Call, name: str, root: str, identifier: str, path: str, target: str, stale: bool) -> int:
    """Container to host."""
    if stale:
        raise AppleError("copyOut: unimplemented", "internalError")
    if not os.path.lexists(guest.inside(root, path)):
        stick(call, identifier)
    final = os.path.abspath(target)
    if os.path.isdir(final):
        final = os.path.join(final, os.path.basename(path.rstrip("/")))
    elif target.endswith("/") and not os.path.isdir(guest.inside(root, path)):
        raise AppleError(f"destination is not a directory: {target}")
    transfer(call, f"{name}:{path}", final)
    say(final)
    return 0


def upload(call: Call, name: str, root: str, identifier: str, path: str, target: str, stale: bool) -> int:
    """Host to container."""
    final = target + os.path.basename(os.path.normpath(path)) if target.endswith("/") else target
    if not stale:
        parent = os.path.dirname(re.sub("/+$", "", target)) or "/"
        guest.make_directory(root, target if target.endswith("/") else parent)
        transfer(call, path.rstrip("/") + ("/." if path.endswith("/") else ""), f"{name}:{target}")
    say(f"{identifier}:{final}")
    return 0


def transfer(call: Call, source: str, target: str) -> None:
    """podman cp. Raises AppleError."""
    try:
        call.podman.run("cp", source, target)
    except PodmanError as error:
        raise AppleError(f"failed to copy: {error.text}", "internalError") from error
