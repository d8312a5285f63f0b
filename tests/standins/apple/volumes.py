"""volume create, list, inspect, delete, prune: podman volumes under Apple's names.

The JSON of volumes is read off Apple's sources only loosely: contenant uses none.
"""

from __future__ import annotations

import json
import time
from typing import Any

from .boot import observe
from .call import Call, complain, say
from .encode import iso, render, since_reference, to_json
from .errors import AppleError
from .mounts import check_volume_name
from .state import State
from .values import labels, size

DEFAULT_SIZE = 512 * 1024**3
ANONYMOUS = "com.apple.container.resource.anonymous"


def add(call: Call, state: State, name: str, made: dict[str, Any]) -> None:
    """Make the podman volume and remember it."""
    call.podman.run("volume", "create", *call.podman.label, call.podman.name(name))
    defaults = {"labels": {}, "options": {}, "size": DEFAULT_SIZE, "created": time.time(), "anonymous": False}
    state["volumes"][name] = {**defaults, **made}


def ensure(call: Call, state: State, name: str, anonymous: bool) -> None:
    """A volume that a container names; made when missing, with a warning unless it is anonymous."""
    if name in state["volumes"]:
        return
    if not anonymous:
        complain(f"named volume was automatically created: {name}")
    add(call, state, name, {"anonymous": anonymous, "labels": {ANONYMOUS: ""} if anonymous else {}})


def payload(call: Call, state: State, name: str) -> dict[str, Any]:
    """One volume in the release's shape."""
    made = state["volumes"][name]
    shape = {
        "driver": "local",
        "format": "ext4",
        "labels": made["labels"],
        "name": name,
        "options": made["options"],
        "sizeInBytes": made["size"],
        "source": str(call.settings.home / "volumes" / name / "volume.img"),
    }
    if call.at_least(1):
        return {"configuration": {**shape, "creationDate": iso(made["created"])}, "id": name}
    return {**shape, "createdAt": since_reference(made["created"])}


def create(call: Call) -> int:
    """`container volume create`."""
    args = call.args
    name = args["name"]
    check_volume_name(name)
    made: dict[str, Any] = {
        "labels": labels(args["label"]),
        "options": dict(pair.partition("=")[::2] for pair in args["opt"]),
    }
    made["size"] = size(args["size"]) if args["size"] else DEFAULT_SIZE
    with call.store.transaction() as state:
        if name in state["volumes"]:
            raise AppleError(f"volume '{name}' already exists", "exists")
        add(call, state, name, made)
    say(name)
    return 0


def list_volumes(call: Call) -> int:
    """`container volume list`."""
    state = call.store.read()
    names = list(state["volumes"])
    rows = [["NAME", "TYPE", "DRIVER", "OPTIONS"]]
    rows += [
        [name, "anonymous" if state["volumes"][name]["anonymous"] else "named", "local", ""] for name in names
    ]
    shown = [payload(call, state, name) for name in names]
    text = render(call.settings, call.args["format"], shown, rows, names if call.args["quiet"] else None)
    if text:
        say(text)
    return 0


def inspect(call: Call) -> int:
    """`container volume inspect`."""
    state = call.store.read()
    missing = [name for name in call.args["names"] if name not in state["volumes"]]
    if missing:
        raise AppleError(f"volume not found: {', '.join(missing)}", "notFound")
    say(to_json(call.settings, [payload(call, state, name) for name in call.args["names"]], pretty=True))
    return 0


def in_use(state: State) -> set[str]:
    """Volumes that a container refers to, running or not."""
    return {
        mount["source"]
        for record in state["containers"].values()
        for mount in record["configuration"]["mounts"]
        if "volume" in mount["type"]
    }


def remove(call: Call, state: State, name: str) -> None:
    """Take a volume away."""
    call.podman.run("volume", "rm", "--force", call.podman.name(name), check=False)
    del state["volumes"][name]
    say(name)


def delete(call: Call) -> int:
    """`container volume delete`: protected even by stopped containers."""
    args = call.args
    if bool(args["names"]) == args["all"]:
        conflict = "explicitly supplied volume name(s) conflict with the --all flag"
        raise AppleError(conflict if args["all"] else "no volumes specified and --all not supplied")
    with call.store.transaction() as state:
        observe(call, state)
        names = list(state["volumes"]) if args["all"] else list(dict.fromkeys(args["names"]))
        missing = [name for name in names if name not in state["volumes"]]
        if missing:
            raise AppleError(f"failed to delete one or more volumes: {json.dumps(missing)}", "notFound")
        failed = sorted(set(names) & in_use(state))
        for name in names:
            if name not in failed:
                remove(call, state, name)
    if failed:
        for name in failed:
            complain(f"failed to delete volume {name}: volume '{name}' is currently in use")
        raise AppleError(f"delete failed for one or more volumes: {json.dumps(failed)}", "internalError")
    return 0


def prune(call: Call) -> int:
    """`container volume prune`."""
    with call.store.transaction() as state:
        observe(call, state)
        for name in set(state["volumes"]) - in_use(state):
            remove(call, state, name)
    complain("Reclaimed Zero KB in disk space")
    return 0
