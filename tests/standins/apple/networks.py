"""network create, list, inspect, delete, prune: podman bridges under Apple's names; `default` is podman's
own.
"""

from __future__ import annotations

import ipaddress
import json
import re
import time
from typing import Any

from .boot import observe
from .call import Call, complain, say
from .encode import iso, render, to_json
from .errors import AppleError, ParseError
from .podman import PodmanError
from .state import State
from .values import split_like_swift

NAME = r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?"
LABEL_KEY = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"
BUILTIN = {"com.apple.container.resource.role": "builtin"}


def gateway_and_subnet(call: Call, name: str) -> tuple[str, str]:
    """What podman gave the network."""
    real = "podman" if name == "default" else call.podman.name(name)
    subnet = call.podman.json("network", "inspect", real)[0]["subnets"][0]
    return subnet["gateway"], subnet["subnet"]


def require(call: Call, state: State, name: str) -> None:
    """Raises AppleError when there is no such network."""
    if name != "default" and name not in state["networks"]:
        raise AppleError(f"network not found: {name}", "notFound")


def payload(call: Call, state: State, name: str) -> dict[str, Any]:
    """One network in the release's shape."""
    gateway, subnet = gateway_and_subnet(call, name)
    made = state["networks"].get(name, {"labels": BUILTIN, "mode": "nat", "created": 0.0, "options": {}})
    if call.at_least(1):
        configuration = {
            "creationDate": iso(made["created"]),
            "labels": made["labels"],
            "mode": made["mode"],
            "name": name,
            "options": made["options"],
            "plugin": "container-network-vmnet",
        }
        status = {"ipv4Gateway": gateway, "ipv4Subnet": subnet}
        return {"configuration": configuration, "id": name, "status": status}
    old = not call.at_least(0, 8)
    status = (
        {"address": subnet, "gateway": gateway} if old else {"ipv4Gateway": gateway, "ipv4Subnet": subnet}
    )
    config = {"id": name, "mode": made["mode"], **({"labels": made["labels"]} if call.at_least(0, 5) else {})}
    return {"config": config, "id": name, "state": "running", "status": status}


def create(call: Call) -> int:
    """`container network create`."""
    args = call.args
    name = args["name"]
    labels = {}
    for pair in args["label"]:
        key, *value = split_like_swift(pair, "=", 1)
        if not re.fullmatch(LABEL_KEY, key):
            raise AppleError(f"invalid label key {key}")
        labels[key] = value[0] if value else ""
    words = ["network", "create", *call.podman.label, "--disable-dns"]
    for flag in ("subnet", "subnet_v6"):
        if args[flag]:
            try:
                ipaddress.ip_network(args[flag])
            except ValueError as error:
                raise ParseError(
                    f"The value '{args[flag]}' is invalid for '--{flag.replace('_', '-')}'"
                ) from error
    if not re.fullmatch(NAME, name) or name == "none":
        raise AppleError(f"invalid network name: {name}")
    with call.store.transaction() as state:
        if name == "default" or name in state["networks"]:
            raise AppleError(f"network {name} already exists", "exists")
        words += ["--subnet", args["subnet"]] if args["subnet"] else []
        try:
            call.podman.run(*words, call.podman.name(name))
        except PodmanError as error:
            raise AppleError(f"failed to create network {name}: {error.text}", "internalError") from error
        options = dict(pair.partition("=")[::2] for pair in args["option"])
        mode = "hostOnly" if args["internal"] else "nat"
        state["networks"][name] = {"labels": labels, "mode": mode, "created": time.time(), "options": options}
    say(name)
    return 0


def list_networks(call: Call) -> int:
    """`container network list`, sorted by id."""
    state = call.store.read()
    names = sorted(["default", *state["networks"]])
    shown = [payload(call, state, name) for name in names]
    rows = [["NETWORK", "SUBNET"], *([name, gateway_and_subnet(call, name)[1]] for name in names)]
    say(render(call.settings, call.args["format"], shown, rows, names if call.args["quiet"] else None))
    return 0


def inspect(call: Call) -> int:
    """`container network inspect`: unknown ones are an error since 1.0, left out before."""
    state = call.store.read()
    names = [name for name in ["default", *state["networks"]] if name in call.args["networks"]]
    missing = [name for name in call.args["networks"] if name not in names]
    if missing and call.at_least(1):
        raise AppleError(f"network not found: {', '.join(missing)}", "notFound")
    say(to_json(call.settings, [payload(call, state, name) for name in names], pretty=call.at_least(1)))
    return 0


def in_use(state: State) -> set[str]:
    """Networks that a container refers to, running or not."""
    return {
        network["network"]
        for record in state["containers"].values()
        for network in record["configuration"]["networks"]
    }


def remove(call: Call, state: State, name: str) -> None:
    """Take a network away."""
    call.podman.run("network", "rm", "--force", call.podman.name(name), check=False)
    del state["networks"][name]
    say(name)


def delete(call: Call) -> int:
    """`container network delete`: protected even by stopped containers."""
    args = call.args
    if not args["network_names"] and not args["all"]:
        raise AppleError("no networks specified and --all not supplied")
    if args["network_names"] and args["all"]:
        raise AppleError("explicitly supplied network name(s) conflict with the --all flag")
    with call.store.transaction() as state:
        observe(call, state)
        names = list(state["networks"]) if args["all"] else list(dict.fromkeys(args["network_names"]))
        if "default" in names:
            raise AppleError("cannot delete a builtin network: default")
        missing = [name for name in names if name not in state["networks"]]
        if missing:
            raise AppleError(f"network not found: {', '.join(missing)}", "notFound")
        failed = sorted(set(names) & in_use(state))
        for name in names:
            if name not in failed:
                remove(call, state, name)
    if failed:
        for name in failed:
            complain(
                f"failed to delete network {name}: cannot delete subnet {name} with referring containers"
            )
        raise AppleError(f"delete failed for one or more networks: {json.dumps(failed)}", "internalError")
    return 0


def prune(call: Call) -> int:
    """`container network prune`."""
    with call.store.transaction() as state:
        observe(call, state)
        for name in set(state["networks"]) - in_use(state):
            remove(call, state, name)
    return 0
