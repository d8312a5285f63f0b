"""Container JSON of each era.

1.0 and newer: {id, configuration, status{state, networks, startedDate?}}, ISO dates
(ManagedContainer.swift). Before: {status, configuration, networks, startedDate?}, dates as seconds since
2001, addresses renamed at 0.8. Keys that are nil in Swift are absent.
"""

from __future__ import annotations

from typing import Any

from .boot import Live, status_of
from .call import Call
from .encode import iso, since_reference
from .state import State

BUILDER_IMAGE = "ghcr.io/apple/container-builder-shim/builder:0.7.0"
BUILDER_LABELS = {"com.apple.container.plugin": "builder", "com.apple.container.resource.role": "builder"}
DIGEST = "sha256:" + "b" * 64
FIRST: dict[str, tuple[int, ...]] = {
    "capAdd": (0, 12),
    "capDrop": (0, 12),
    "creationDate": (1,),
    "maskedPaths": (1, 2),
    "readOnly": (0, 8),
    "readonlyPaths": (1, 2),
    "shmSize": (1,),
    "stopSignal": (1,),
    "useInit": (0, 10),
}


def builder_record(state: State) -> dict[str, Any]:
    """The builder container as a record like any other."""
    builder = state["builder"]
    init = {
        "arguments": ["--debug", "--vsock"],
        "environment": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"],
        "executable": "/usr/local/bin/container-builder-shim",
        "rlimits": [],
        "supplementalGroups": [],
        "terminal": False,
        "user": {"id": {"gid": 0, "uid": 0}},
        "workingDirectory": "/",
    }
    descriptor = {"digest": DIGEST, "mediaType": "application/vnd.oci.image.index.v1+json", "size": 856}
    return {
        "configuration": {
            "capAdd": ["ALL"],
            "capDrop": [],
            "creationDate": builder["created"],
            "dns": {"nameservers": ["192.168.64.1"], "options": [], "searchDomains": []},
            "id": "buildkit",
            "image": {"descriptor": descriptor, "reference": BUILDER_IMAGE},
            "initProcess": init,
            "labels": BUILDER_LABELS,
            "mounts": [],
            "networks": [{"network": "default", "options": {"hostname": "buildkit", "mtu": 1280}}],
            "platform": {"architecture": "arm64", "os": "linux"},
            "publishedPorts": [],
            "publishedSockets": [],
            "readOnly": False,
            "resources": {"cpuOverhead": 1, "cpus": builder["cpus"], "memoryInBytes": builder["memory"]},
            "rosetta": True,
            "runtimeHandler": "container-runtime-linux",
            "ssh": False,
            "sysctls": {},
            "useInit": False,
            "virtualization": False,
        },
        "started": builder["started"],
        "podman": None,
    }


def record_of(state: State, identifier: str) -> dict[str, Any]:
    """A container's record; the builder's is made up."""
    if identifier == "buildkit" and state["builder"]:
        return builder_record(state)
    found: dict[str, Any] = state["containers"][identifier]
    return found


def identifiers(state: State) -> list[str]:
    """Every container there is, the builder among them."""
    return [*state["containers"], *(["buildkit"] if state["builder"] else [])]


def configuration(call: Call, made: dict[str, Any]) -> dict[str, Any]:
    """The configuration with the keys that the release has."""
    shown = {key: value for key, value in made.items() if call.at_least(*FIRST.get(key, (0,)))}
    if "creationDate" in shown:
        shown["creationDate"] = iso(made["creationDate"])
    shown["mounts"] = [mount_shape(call, mount) for mount in made["mounts"]]
    if not call.at_least(0, 11):
        shown["networks"] = [
            {**one, "options": {key: value for key, value in one["options"].items() if key != "mtu"}}
            for one in made["networks"]
        ]
    if not call.at_least(1):
        shown["resources"] = {key: value for key, value in made["resources"].items() if key != "cpuOverhead"}
    return shown


def mount_shape(call: Call, mount: dict[str, Any]) -> dict[str, Any]:
    """A mount; a volume's source is its image file."""
    if "volume" not in mount["type"]:
        return mount
    path = call.settings.home / "volumes" / mount["source"] / "volume.img"
    return {**mount, "source": str(path)}


def network_status(call: Call, made: dict[str, Any], found: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The addresses of a running container; none for a stopped one."""
    if found is None:
        return []
    given = found["NetworkSettings"]["Networks"] or {}
    shown = []
    for network in made["networks"]:
        name = "podman" if network["network"] == "default" else call.podman.name(network["network"])
        have = given.get(name) or {}
        address, gateway = f"{have.get('IPAddress')}/{have.get('IPPrefixLen')}", have.get("Gateway", "")
        shape: dict[str, Any] = {"hostname": network["options"]["hostname"], "network": network["network"]}
        if not call.at_least(0, 8):
            shown.append({**shape, "address": address, "gateway": gateway})
            continue
        shape |= {"ipv4Address": address, "ipv4Gateway": gateway, "macAddress": have.get("MacAddress", "")}
        shape |= {"mtu": network["options"]["mtu"]} if call.at_least(0, 11) else {}
        shown.append(shape | ({"variant": "reserved"} if call.at_least(1, 1) else {}))
    return shown


def payloads(call: Call, state: State, live: Live, ids: list[str]) -> list[dict[str, Any]]:
    """The containers in the release's shape."""
    running = {one: state["containers"][one]["podman"] for one in ids if one in live}
    found = {}
    if running:
        for row in call.podman.json("container", "inspect", *running.values()):
            found[row["Name"]] = row
    shown = []
    for identifier in ids:
        record = record_of(state, identifier)
        made = record["configuration"]
        networks = network_status(call, made, found.get(running.get(identifier, "")))
        if identifier == "buildkit" and status_of(state, live, identifier) == "running":
            networks = [builder_network(call)]
        shown.append(shape_of(call, record, networks, status_of(state, live, identifier)))
    return shown


def builder_network(call: Call) -> dict[str, Any]:
    """An address for the builder."""
    fake = {
        "IPAddress": "192.168.64.2",
        "IPPrefixLen": 24,
        "Gateway": "192.168.64.1",
        "MacAddress": "f2:9b:00:00:00:02",
    }
    made = {"networks": [{"network": "default", "options": {"hostname": "buildkit", "mtu": 1280}}]}
    return network_status(call, made, {"NetworkSettings": {"Networks": {"podman": fake}}})[0]


def shape_of(
    call: Call, record: dict[str, Any], networks: list[dict[str, Any]], state: str
) -> dict[str, Any]:
    """One container; the start date survives a stop, until the service restarts."""
    shown = configuration(call, record["configuration"])
    started = record["started"]
    if call.at_least(1):
        status: dict[str, Any] = {"networks": networks, "state": state}
        status |= {"startedDate": iso(started)} if started else {}
        return {"configuration": shown, "id": shown["id"], "status": status}
    old: dict[str, Any] = {"configuration": shown, "networks": networks, "status": state}
    return old | ({"startedDate": since_reference(started)} if started and call.at_least(0, 8) else {})
