"""create and run: flags to Apple's container configuration, in Apple's order of checks.

Nothing reaches podman here: Apple materialises a container at its first start, and so does the stand-in.
"""

from __future__ import annotations

import os
import platform
import time
import uuid
from pathlib import Path
from typing import Any

from . import mounts, ports, process, values
from .boot import launch
from .call import Call, say
from .errors import AppleError, ParseError
from .images import fetch
from .lifecycle import delete_one
from .networks import require
from .state import State
from .volumes import ensure

Record = dict[str, Any]
ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def architecture() -> str:
    """The host's architecture in OCI words."""
    return ARCHITECTURES.get(platform.machine(), platform.machine())


def validate(call: Call) -> None:
    """What the command line itself refuses. Raises ParseError (64) and AppleError (1)."""
    args = call.args
    dns = any(args[key] for key in ("dns", "dns_domain", "dns_option", "dns_search"))
    if args["no_dns"] and dns and call.at_least(1):
        raise ParseError("--no-dns cannot be used with other DNS options")
    if args["max_concurrent_downloads"] is not None and args["max_concurrent_downloads"] < 1:
        number = args["max_concurrent_downloads"]
        raise AppleError(f"maximum number of concurrent downloads must be greater than 0, got {number}")
    schemes = ("http", "https") if call.at_least(1, 3) else ("http", "https", "auto")
    if args["scheme"] is not None and args["scheme"] not in schemes:
        raise AppleError(f"unsupported scheme {args['scheme']}")


def wanted_platform(call: Call) -> dict[str, str]:
    """--platform, else the default platform of the environment, else --os and --arch. Raises AppleError."""
    args = call.args
    text = args["platform"] or (
        call.environ.get("CONTAINER_DEFAULT_PLATFORM") if call.at_least(0, 11) else None
    )
    if text is None:
        text = f"{args['os'] or 'linux'}/{args['arch'] or architecture()}"
    parts = text.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise AppleError(f"invalid platform {text}")
    found = {"architecture": ARCHITECTURES.get(parts[1], parts[1]), "os": parts[0]}
    if found != {"architecture": architecture(), "os": "linux"}:
        raise AppleError(f"platform {text}", "unsupported")
    return found


def process_configuration(call: Call, image: dict[str, Any]) -> dict[str, Any]:
    """The init process: Parser.process. Raises AppleError."""
    args = call.args
    settings = image["config"]
    environment = values.merge_env(settings.get("Env") or [], args["env_file"], args["env"], call.environ)
    words = [args["entrypoint"]] if args["entrypoint"] else list(settings.get("Entrypoint") or [])
    if args["arguments"]:
        words += args["arguments"]
    elif not args["entrypoint"]:
        words += settings.get("Cmd") or []
    if not words:
        raise AppleError("command/entrypoint not specified for container process")
    image_user = settings.get("User")
    default = {"raw": {"userString": image_user}} if image_user else {"id": {"gid": 0, "uid": 0}}
    user, groups = values.user(args, default)
    return {
        "arguments": words[1:],
        "environment": environment,
        "executable": words[0],
        "rlimits": values.limits(args["ulimit"]),
        "supplementalGroups": groups,
        "terminal": args["tty"],
        "user": user,
        "workingDirectory": args["cwd"] or settings.get("WorkingDir") or "/",
    }


def resolve_mounts(call: Call, state: State) -> list[mounts.Mount]:
    """The configuration's mounts; named volumes are made when missing. Raises AppleError."""
    found = mounts.all_of(call.args["tmpfs"], call.args["volume"], call.args["mount"])
    for mount in found:
        if "volume" in mount["type"]:
            ensure(call, state, mount["source"], anonymous=mount.pop("anonymous"))
    return found


def dns_configuration(args: dict[str, Any]) -> dict[str, Any] | None:
    """The configuration's dns; absent with --no-dns."""
    if args["no_dns"]:
        return None
    dns = {"nameservers": args["dns"], "options": args["dns_option"], "searchDomains": args["dns_search"]}
    return {**dns, **({"domain": args["dns_domain"]} if args["dns_domain"] else {})}


def configuration(call: Call, state: State, identifier: str) -> dict[str, Any]:
    """The whole configuration, in the order in which Utility.containerConfigFromFlags checks. Raises
    AppleError.
    """
    args = call.args
    wanted = wanted_platform(call)
    image = fetch(call, state, args["image"])
    check_kernel(args, state)
    init = process_configuration(call, image)
    resources = {
        "cpuOverhead": 1,
        "cpus": 4 if args["cpus"] is None else args["cpus"],
        "memoryInBytes": values.memory(args["memory"]),
    }
    binds = resolve_mounts(call, state)
    shm = values.size(args["shm_size"]) if args["shm_size"] else None
    networks = ports.attachments(call.settings, args["network"], identifier)
    for network in networks:
        require(call, state, network["network"])
    if args["rosetta"] and wanted["architecture"] != "arm64":
        raise AppleError("--rosetta flag requires an arm64 host", "unsupported")
    labels = values.labels(args["label"])
    published = ports.published(args["publish"])
    sockets = ports.sockets(args["publish_socket"])
    full = {
        "capAdd": values.capability_names(args["cap_add"]),
        "capDrop": values.capability_names(args["cap_drop"]),
        "creationDate": time.time(),
        "dns": dns_configuration(args),
        "id": identifier,
        "image": {"descriptor": image["descriptor"], "reference": image["reference"]},
        "initProcess": init,
        "labels": labels,
        "maskedPaths": paths(args["masked_path"]),
        "mounts": binds,
        "networks": networks,
        "platform": wanted,
        "publishedPorts": published,
        "publishedSockets": sockets,
        "readOnly": args["read_only"],
        "readonlyPaths": paths(args["read_only_path"]),
        "resources": resources,
        "rosetta": args["rosetta"],
        "runtimeHandler": args["runtime"] or "container-runtime-linux",
        "shmSize": shm,
        "ssh": args["ssh"],
        "stopSignal": image["config"].get("StopSignal") or None,
        "sysctls": {},
        "useInit": args["init"],
        "virtualization": args["virtualization"],
    }
    return {key: value for key, value in full.items() if value is not None}


def paths(raw: list[str] | None) -> list[str] | None:
    """Masked or read-only paths: NONE clears; nothing given leaves the defaults and shows no key."""
    if not raw:
        return None
    return [] if "NONE" in raw else raw


def check_kernel(args: dict[str, Any], state: State) -> None:
    """A kernel must be there. Raises AppleError."""
    if args["kernel"] and not os.path.exists(args["kernel"]):
        raise AppleError(f"kernel file not found at path {os.path.abspath(args['kernel'])}", "notFound")
    if not args["kernel"] and state["kernel"] is None:
        raise AppleError(
            "default kernel not configured for architecture arm64, "
            "please use the `container system kernel set` command to configure it",
            "notFound",
        )


def register(call: Call, state: State, identifier: str, made: dict[str, Any]) -> None:
    """The server's side of create. Raises AppleError."""
    if identifier in state["containers"] or (identifier == "buildkit" and state["builder"]):
        raise AppleError(f"container already exists: {identifier}", "exists")
    if made["runtimeHandler"] != "container-runtime-linux":
        raise AppleError(f"unable to locate runtime plugin {made['runtimeHandler']}", "notFound")
    size = made["resources"]["memoryInBytes"]
    if size < values.MINIMUM_MEMORY:
        raise AppleError(f"minimum memory amount allowed is 200 MiB (got {size} bytes)")
    image = fetch(call, state, call.args["image"])
    state["containers"][identifier] = {
        "configuration": made,
        "auto_remove": call.args["remove"],
        "interactive": call.args["interactive"],
        "image": image["number"],
        "podman": None,
        "started": None,
        "kernel": None,
        "agent": None,
        "stuck": False,
    }


def write_cidfile(path: str | None, identifier: str) -> None:
    """--cidfile. Raises AppleError."""
    if path:
        try:
            Path(path).write_text(identifier)
            Path(path).chmod(0o644)
        except OSError as error:
            raise AppleError(f"failed to create cidfile at {path}: {error.errno}", "internalError") from error


def create(call: Call) -> int:
    """`container create`: prints the id and nothing else."""
    identifier = call.args["name"] or str(uuid.uuid4())
    values.check_name(call.settings, identifier)
    with call.store.transaction() as state:
        register(call, state, identifier, configuration(call, state, identifier))
    write_cidfile(call.args["cidfile"], identifier)
    say(identifier)
    return 0


def run(call: Call) -> int:
    """`container run`: refuses an existing id before it pulls; what fails after create is deleted again."""
    identifier = call.args["name"] or str(uuid.uuid4())
    values.check_name(call.settings, identifier)
    with call.store.transaction() as state:
        if identifier in state["containers"]:
            raise AppleError(f"container with id {identifier} already exists", "exists")
        register(call, state, identifier, configuration(call, state, identifier))
    try:
        write_cidfile(call.args["cidfile"], identifier)
        if call.args["detach"]:
            launch(call, identifier)
            say(identifier)
            return 0
        return process.run_attached(call, identifier, call.args["tty"], call.args["interactive"])
    except AppleError:
        with call.store.transaction() as state:
            delete_one(call, state, identifier, force=True)
        raise
