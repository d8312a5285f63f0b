"""system start, stop, status, version, df, logs, dns, kernel, property; registry and machine, which have
nothing.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from .boot import forget, observe
from .call import Call, hang, say
from .encode import render, to_json
from .errors import AppleError, ParseError
from .lifecycle import halt
from .state import State, kernel_of
from .volumes import in_use as volumes_in_use

BUILD, COMMIT, SERVER = "release", "abc1234", "container-apiserver"
INSTALL_ROOT = "/usr/local/"


def server_text(call: Call, state: State) -> str:
    """The daemon's version as it says it: a sentence up to 1.3, bare from 1.4."""
    version: str = state["service"]["version"]
    if call.at_least(1, 4):
        return version
    return f"{SERVER} version {version} (build: {BUILD}, commit: {COMMIT})"


def status_payload(call: Call, state: State, condition: str) -> dict[str, Any]:
    """`system status` as JSON: flat up to 1.3, nested from 1.4.1, where a down service has no sections."""
    up = condition == "running"
    root = f"{call.settings.home}/"
    if call.at_least(1, 4):
        if not up:
            return {"status": condition}
        client = {
            "appName": "container",
            "build": BUILD,
            "commit": COMMIT,
            "version": str(call.settings.version),
        }
        server = {"appName": SERVER, "build": BUILD, "commit": COMMIT, "version": server_text(call, state)}
        paths = {"appRoot": root, "installRoot": INSTALL_ROOT}
        return {"client": client, "paths": paths, "server": server, "status": condition}
    return {
        "apiServerAppName": SERVER if up else "",
        "apiServerBuild": BUILD if up else "",
        "apiServerCommit": COMMIT if up else "",
        "apiServerVersion": server_text(call, state) if up else "",
        "appRoot": root if up else "",
        "installRoot": INSTALL_ROOT if up else "",
        "status": condition,
    }


def status(call: Call) -> int:
    """`container system status`: exit 1 when the service is not there, JSON all the same."""
    state = call.store.read()
    service = state["service"]
    condition = "unregistered"
    if service["running"]:
        condition = "running" if service["decodable"] else "not running"
    if call.args["format"] in (None, "table"):
        texts = {
            "unregistered": "apiserver is not running and not registered with launchd",
            "not running": "apiserver is not running",
            "running": "apiserver is running"
            if not call.at_least(0, 10)
            else f"FIELD   VALUE\nstatus  {condition}",
        }
        say(texts[condition])
    else:
        say(render(call.settings, call.args["format"], status_payload(call, state, condition), [[]], None))
    return 0 if condition == "running" else 1


def version(call: Call) -> int:
    """`container system version`: the client, and the server if it answers."""
    state = call.store.read()
    rows = [
        {"appName": "container", "buildType": BUILD, "commit": COMMIT, "version": str(call.settings.version)}
    ]
    if state["service"]["running"] and state["service"]["decodable"]:
        rows.append(
            {"appName": SERVER, "buildType": BUILD, "commit": COMMIT, "version": server_text(call, state)}
        )
    cells = [["COMPONENT", "VERSION", "BUILD", "COMMIT"]]
    cells += [[row["appName"], row["version"], row["buildType"], row["commit"]] for row in rows]
    say(render(call.settings, call.args["format"], rows, cells, None))
    return 0


def validate_start(call: Call) -> None:
    """--timeout is a number of seconds. Raises ParseError."""
    timeout = call.args["timeout"]
    try:
        float(timeout or "60")
    except ValueError as error:
        raise ParseError(f"ParseError timeout value: {timeout}") from error


def start(call: Call) -> int:
    """`container system start`: without a kernel flag it asks on stdin when no kernel is there."""
    say("Registering API server with launchd...")
    say("Verifying apiserver is running...")
    if call.settings.modes.on("service-broken"):
        raise AppleError("failed to get a response from apiserver: XPC timeout")
    with call.store.transaction() as state:
        service = state["service"]
        if not service["running"]:
            service.update(running=True, version=str(call.settings.version), decodable=True)
            load_at_boot(call, state)
        missing = state["kernel"] is None
    if missing and wants_kernel(call):
        say("Installing kernel...")
        with call.store.transaction() as state:
            state["kernel"] = kernel_of(call.settings.version)
    return 0


def wants_kernel(call: Call) -> bool:
    """Whether to install the kernel, asked on stdin when no flag says it. Raises AppleError on a closed
    stdin.
    """
    flag = call.args["kernel_install"]
    if flag is not None:
        return bool(flag)
    say("No default kernel configured.")
    sys.stdout.write("Install the recommended default kernel from [kata-static]? [Y/n]: ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        raise AppleError("failed to read user input", "internalError")
    if line.strip().lower() in ("", "y"):
        return True
    say("Please use the `container system kernel set --recommended` command to configure the default kernel")
    return False


def load_at_boot(call: Call, state: State) -> None:
    """The daemon starts: containers of --rm are reaped, the others are stopped and forget when they were
    started.
    """
    observe(call, state)
    for identifier, record in list(state["containers"].items()):
        if record["auto_remove"]:
            forget(call, state, identifier)
        else:
            record["started"] = None


def stop(call: Call) -> int:
    """`container system stop`: every container, then the service; its log on stdout."""
    with call.store.transaction() as state:
        running = state["service"]["running"]
        live = observe(call, state)
        names = [state["containers"][identifier]["podman"] for identifier in live]
        stuck = any(state["containers"][identifier]["stuck"] for identifier in live)
    say("checking if APIServer is alive")
    if running:
        say("stopping containers")
        if stuck:
            hang(call.settings)
        for name in names:
            halt(call, name, None, 5)
    with call.store.transaction() as state:
        state["service"]["running"] = False
        if state["builder"]:
            state["builder"]["running"] = False
    say("stopping service")
    return 0


def disk_usage(call: Call) -> int:
    """`container system df`."""
    with call.store.transaction() as state:
        live = observe(call, state)
    images, containers, volumes = state["images"], state["containers"], state["volumes"]
    used = {record["image"] for record in containers.values()}
    size = sum(image["size"] for image in images)
    idle = sum(image["size"] for image in images if image["number"] not in used)
    counts = {
        "containers": (len(containers), len(live), 0, 0),
        "images": (len(images), sum(image["number"] in used for image in images), size, idle),
        "volumes": (len(volumes), len(volumes_in_use(state)), 0, 0),
    }
    shown = {
        name: {"active": active, "reclaimable": reclaimable, "sizeInBytes": total_size, "total": total}
        for name, (total, active, total_size, reclaimable) in counts.items()
    }
    rows = [["TYPE", "TOTAL", "ACTIVE"], *([name, str(row[0]), str(row[1])] for name, row in counts.items())]
    say(render(call.settings, call.args["format"], shown, rows, None, pretty=True))
    return 0


def logs(call: Call) -> int:
    """`container system logs`: nothing was logged."""
    return 0


def dns_create(call: Call) -> int:
    """`container system dns create`: for root."""
    name = call.args["domain_name"]
    if os.geteuid() != 0:
        raise AppleError("cannot create domain (try sudo?)", "invalidState")
    with call.store.transaction() as state:
        if name in state["dns"]:
            raise AppleError(f"domain {name} already exists", "exists")
        state["dns"].append(name)
    say(name)
    return 0


def dns_delete(call: Call) -> int:
    """`container system dns delete`."""
    name = call.args["domain_name"]
    with call.store.transaction() as state:
        if name not in state["dns"]:
            raise AppleError(f"cannot delete domain {name}", "invalidState")
        state["dns"].remove(name)
    say(name)
    return 0


def dns_list(call: Call) -> int:
    """`container system dns list`."""
    names = call.store.read()["dns"]
    text = render(call.settings, call.args["format"], names, [["DOMAIN"], *([name] for name in names)], None)
    say(text)
    return 0


def validate_kernel(call: Call) -> None:
    """Something must be given. Raises ParseError."""
    args = call.args
    if not args["recommended"] and args["binary"] is None and args["tar"] is None:
        raise ParseError("Missing argument '--binary' or '--tar' or '--recommended'")


def kernel_set(call: Call) -> int:
    """`container system kernel set`: an installed kernel is replaced with --force only; containers keep
    theirs.
    """
    args = call.args
    with call.store.transaction() as state:
        if state["kernel"] is not None and not args["force"]:
            raise AppleError(
                "item with the same name already exists: use --force to overwrite the kernel", "exists"
            )
        if args["recommended"]:
            state["kernel"] = kernel_of(call.settings.version)
        elif args["binary"] is None or not os.path.exists(args["binary"]):
            raise AppleError(f"kernel file not found at path {args['binary'] or args['tar']}", "notFound")
        else:
            state["kernel"] = os.path.basename(args["binary"])
    return 0


def properties(call: Call, state: State) -> dict[str, Any]:
    """The settings, those that were set on top of the defaults."""
    if call.at_least(1):
        return {
            "build": {"cpus": 2, "memory": "2048MB", "rosetta": True},
            "container": {"cpus": 4, "memory": "1g"},
            "registry": {"domain": "docker.io"},
        }
    defaults = {"build.rosetta": "true", "registry.domain": "docker.io", "dns.domain": "*undefined*"}
    return {**defaults, **state["properties"]}


def property_list(call: Call) -> int:
    """`container system property list`."""
    values = properties(call, call.store.read())
    form = call.args["format"] or ("toml" if call.at_least(1) else "table")
    if form == "json":
        say(to_json(call.settings, values))
    else:
        rows = [["ID", "VALUE"], *([key, str(value)] for key, value in values.items())]
        say(render(call.settings, form, values, rows, None))
    return 0


def property_get(call: Call) -> int:
    """`container system property get` (before 1.0)."""
    values = properties(call, call.store.read())
    if call.args["id"] not in values:
        raise AppleError(f"unknown property ID: {call.args['id']}")
    say(str(values[call.args["id"]]))
    return 0


def property_set(call: Call) -> int:
    """`container system property set` (before 1.0)."""
    with call.store.transaction() as state:
        if call.args["id"] not in properties(call, state):
            raise AppleError(f"unknown property ID: {call.args['id']}")
        state["properties"][call.args["id"]] = call.args["value"]
    return 0


def property_clear(call: Call) -> int:
    """`container system property clear` (before 1.0)."""
    with call.store.transaction() as state:
        state["properties"].pop(call.args["id"], None)
    return 0


def nothing_to_list(call: Call) -> int:
    """`registry list`, `machine list`: empty."""
    text = render(call.settings, call.args["format"], [], [["NAME"]], [] if call.args["quiet"] else None)
    if text:
        say(text)
    return 0


def login(call: Call) -> int:
    """`registry login`, `registry logout`: there is no registry."""
    raise AppleError("no registry can be reached from the stand-in", "internalError")
