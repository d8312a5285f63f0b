"""The first start and every start: what Apple's runtime service does when it boots a container, over
podman.

A container is `stopped` until its first start, when it gets its podman container, its kernel and its
guest agent; it keeps those for good (RuntimeService.createBundle).
"""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import Any

from . import dns, guest, mounts, ssh, values
from .call import Call
from .errors import AppleError
from .podman import PodmanError
from .seccomp import security_words
from .state import State

Record = dict[str, Any]
Live = dict[str, dict[str, Any]]
MISSING_EXECUTABLE = ("executable file", "no such file or directory")


def observe(call: Call, state: State) -> Live:
    """What podman runs for us, by Apple id; records whose container is gone, or that were to be removed,
    go.
    """
    present = call.podman.containers()
    live: Live = {}
    for identifier, record in list(state["containers"].items()):
        if record["podman"] is None:
            continue
        row = present.get(record["podman"])
        running = row is not None and row["State"] in ("running", "paused", "stopping")
        ended = row is not None and row["State"] in ("exited", "stopped", "dead")
        if row is None or (record["auto_remove"] and ended):
            forget(call, state, identifier)
        elif running:
            live[identifier] = row
    return live


def status_of(state: State, live: Live, identifier: str) -> str:
    """`running` or `stopped`; the API server knows no other."""
    if identifier == "buildkit":
        return "running" if state["builder"]["running"] else "stopped"
    return "running" if identifier in live else "stopped"


def forget(call: Call, state: State, identifier: str) -> None:
    """Drop a container from the registry and from podman."""
    record = state["containers"].pop(identifier)
    if record["podman"] is not None:
        call.podman.run("rm", "--force", "--time", "0", record["podman"], check=False)
    shutil.rmtree(ssh.directory(call, identifier), ignore_errors=True)


def get(state: State, identifier: str) -> Record:
    """A record. Raises AppleError in the words of `get`."""
    if identifier not in state["containers"]:
        raise AppleError(f"get failed: container {identifier} not found", "notFound")
    record: Record = state["containers"][identifier]
    return record


def check_sources(call: Call, made: dict[str, Any]) -> None:
    """Bind sources must still be there (0.12 and newer say which). Raises AppleError."""
    for mount in made["mounts"]:
        if mounts.is_bind(mount) and not os.path.exists(mount["source"]):
            if call.at_least(0, 12):
                raise AppleError(f"mount source path '{mount['source']}' does not exist", "notFound")
            raise AppleError(
                f"failed to bootstrap container: no such file: {mount['source']}", "internalError"
            )


def check_volumes(state: State, live: Live, identifier: str) -> None:
    """A volume is a disk image: one running container at a time. Raises AppleError."""
    used = {mount["source"] for mount in named_volumes(state, identifier)}
    for other in live:
        for mount in named_volumes(state, other) if other != identifier else []:
            if mount["source"] in used:
                raise AppleError(
                    f"failed to bootstrap container {identifier}: "
                    f"the storage device attachment of volume {mount['source']} is in use",
                    "internalError",
                )


def named_volumes(state: State, identifier: str) -> list[dict[str, Any]]:
    """The volume mounts of a container."""
    found = state["containers"][identifier]["configuration"]["mounts"]
    return [mount for mount in found if "volume" in mount["type"]]


def gateway_of(call: Call, made: dict[str, Any]) -> str:
    """The gateway of a container's first network."""
    network = made["networks"][0]["network"]
    name = "podman" if network == "default" else call.podman.name(network)
    gateway: str = call.podman.json("network", "inspect", name)[0]["subnets"][0]["gateway"]
    return gateway


def network_words(call: Call, made: dict[str, Any]) -> list[str]:
    """podman's flags for networks and DNS: the gateway unless said otherwise."""
    words = []
    for network in made["networks"]:
        name = "podman" if network["network"] == "default" else call.podman.name(network["network"])
        mac = network["options"].get("macAddress")
        words += ["--network", f"{name}:mac={mac}" if mac else name]
    if not words:  # no nameserver either; podman takes no option of DNS beside it
        return ["--network", "none"]
    wanted = made.get("dns")
    if wanted is None:
        return [*words, "--dns", "none"]
    for server in wanted["nameservers"] or [gateway_of(call, made)]:
        words += ["--dns", server]
    domain = [wanted["domain"]] if wanted.get("domain") else []
    for search in [*wanted["searchDomains"], *domain] or ["."]:
        words += ["--dns-search", search]
    for option in wanted["options"]:
        words += ["--dns-option", option]
    return words


def process_words(record: Record) -> list[str]:
    """podman's flags for the init process."""
    made = record["configuration"]
    init = made["initProcess"]
    words = [
        "--unsetenv-all",
        "--user",
        values.user_text(init["user"]),
        "--workdir",
        init["workingDirectory"],
    ]
    own = init["environment"]
    path = [] if any(entry.startswith("PATH=") for entry in own) else [f"PATH={guest.DEFAULT_PATH}"]
    for entry in [*own, *path, *ssh.environment(made)]:
        words += ["--env", entry]
    for group in init["supplementalGroups"]:
        words += ["--group-add", str(group)]
    for limit in init["rlimits"]:
        pair = ["-1" if limit[side] == values.UNLIMITED else str(limit[side]) for side in ("soft", "hard")]
        words += ["--ulimit", f"{limit['limit'].removeprefix('RLIMIT_').lower()}={':'.join(pair)}"]
    words += ["--tty"] if init["terminal"] else []
    return words + (["--interactive"] if record["interactive"] or init["terminal"] else [])


def create_words(call: Call, state: State, identifier: str) -> list[str]:
    """The whole podman create."""
    record = state["containers"][identifier]
    made = record["configuration"]
    init = made["initProcess"]
    shm = made.get("shmSize") or 64 * 1024**2
    words = ["create", "--pull", "never", "--name", call.podman.name(identifier), *call.podman.label]
    words += ["--hostname", identifier.partition(".")[0], *process_words(record), *network_words(call, made)]
    words += ["--memory", str(made["resources"]["memoryInBytes"]), "--cpus", str(made["resources"]["cpus"])]
    words += ["--shm-size", str(shm), *mounts.podman_words(made["mounts"], call.podman.name)]
    words += ssh.mount_words(call, identifier, made)
    words += security_words(call, state["kernel"], made)
    for port in made["publishedPorts"]:
        last = port["count"] - 1
        host = f"{port['hostPort']}-{port['hostPort'] + last}" if last else port["hostPort"]
        inner = f"{port['containerPort']}-{port['containerPort'] + last}" if last else port["containerPort"]
        bracketed = f"[{port['hostAddress']}]" if ":" in port["hostAddress"] else port["hostAddress"]
        words += ["--publish", f"{bracketed}:{host}:{inner}/{port['proto']}"]
    words += ["--read-only", "--read-only-tmpfs=false"] if made["readOnly"] else []
    words += ["--init"] if made["useInit"] else []
    words += ["--stop-signal", "SIGTERM"] if not call.at_least(1) else []
    words += ["--entrypoint", json.dumps([init["executable"]]), call.podman.image(record["image"])]
    return [*words, *init["arguments"]]


def materialise(call: Call, state: State, identifier: str) -> None:
    """First start: the podman container is made and the kernel and guest agent frozen. Raises AppleError."""
    record = state["containers"][identifier]
    made = record["configuration"]
    caps = values.granted(call.settings, made["capAdd"], made["capDrop"])
    conf = call.podman.configure(identifier, caps)
    words = create_words(call, state, identifier)
    if not caps:
        words[1:1] = ["--cap-drop", "ALL"]
    name = call.podman.name(identifier)
    try:
        call.podman.run(*words, conf=conf)
        record["podman"] = name
        record["kernel"] = state["kernel"]
        record["agent"] = state["service"]["version"]
        make_workdir(call, name, made)
    except PodmanError as error:
        call.podman.run("rm", "--force", "--time", "0", name, check=False)
        record["podman"] = None
        raise AppleError(
            f"failed to bootstrap container {identifier}: {error.text}", "internalError"
        ) from error


def make_workdir(call: Call, name: str, made: dict[str, Any]) -> None:
    """The working directory is created when it is missing, below a bind on the host's side. Raises
    AppleError.
    """
    path = made["initProcess"]["workingDirectory"]
    if path == "/":
        return
    for mount in reversed(mounts.effective(made["mounts"])):
        if os.path.commonpath([path, mount["destination"]]) == os.path.normpath(mount["destination"]):
            if mounts.is_bind(mount) and "ro" not in mount["options"]:
                rest = os.path.relpath(path, mount["destination"])
                guest.make_directory(mount["source"], "" if rest == "." else rest)
            return
    root = call.podman.run("mount", name).stdout.strip()
    try:
        guest.make_directory(root, path)
    finally:
        call.podman.run("umount", name, check=False)


def prepare(call: Call, state: State, identifier: str, live: Live) -> Record:
    """Everything before the start itself; the record, ready to be started. Raises AppleError."""
    record = get(state, identifier)
    made = record["configuration"]
    check_sources(call, made)
    check_volumes(state, live, identifier)
    if record["podman"] is None:
        if not any(image["number"] == record["image"] for image in state["images"]):
            raise AppleError(f"image snapshot for {made['image']['reference']} not found", "notFound")
        materialise(call, state, identifier)
    ssh.serve(call, identifier, made)
    if made["networks"] and made.get("dns") is not None and not made["dns"]["nameservers"]:
        dns.serve(call, gateway_of(call, made))
    return record


def boot_failure(record: Record, identifier: str, text: str) -> AppleError:
    """podman's words about a start that failed, in Apple's."""
    init = record["configuration"]["initProcess"]
    if any(mark in text.lower() for mark in MISSING_EXECUTABLE):
        text = f"failed to find target executable {init['executable']}"
    return AppleError(
        f'failed to start process {identifier} in container {identifier} (cause: "internalError: "{text}"")',
        "internalError",
    )


def launch(call: Call, identifier: str) -> None:
    """Boot a container, detached; it is only stopped, not deleted, when that fails. Raises AppleError."""
    with call.store.transaction() as state:
        live = observe(call, state)
        if identifier in live:
            return
        record = prepare(call, state, identifier, live)
        try:
            call.podman.run("start", record["podman"])
            record["started"] = time.time()
        except PodmanError as error:
            call.podman.run("stop", "--time", "0", record["podman"], check=False)
            raise boot_failure(record, identifier, error.text) from error
