"""The builder container `buildkit`: in the lists like any other, with nothing of podman's underneath."""

from __future__ import annotations

import time

from . import values
from .boot import observe
from .call import Call, say
from .encode import render
from .errors import AppleError
from .shapes import payloads
from .state import State

CPUS, MEMORY = 2, "2048MB"


def started(call: Call, state: State, cpus: int | None, memory: str | None) -> None:
    """Start the builder, or make it anew when its resources change. Raises AppleError without a kernel."""
    if state["kernel"] is None:
        raise AppleError("default kernel not configured for architecture arm64", "notFound")
    wanted = {"cpus": CPUS if cpus is None else cpus, "memory": values.size(memory or MEMORY)}
    old = state["builder"]
    if old is None or any(old[key] != value for key, value in wanted.items()):
        state["builder"] = {**wanted, "created": time.time(), "started": None, "running": False}
    if not state["builder"]["running"]:
        state["builder"] |= {"running": True, "started": time.time()}


def start(call: Call) -> int:
    """`container builder start`."""
    with call.store.transaction() as state:
        started(call, state, call.args["cpus"], call.args["memory"])
    return 0


def status(call: Call) -> int:
    """`container builder status`."""
    quiet, form = call.args["quiet"], call.args["format"]
    with call.store.transaction() as state:
        builder = state["builder"]
        if builder is None:
            text = render(call.settings, form, [], [["builder is not running"]], [] if quiet else None)
        else:
            shown = payloads(call, state, observe(call, state), ["buildkit"])
            condition = "running" if builder["running"] else "stopped"
            rows = [["ID", "STATE", "CPUS"], ["buildkit", condition, str(builder["cpus"])]]
            ids = (["buildkit"] if builder["running"] else []) if quiet else None
            text = render(call.settings, form, shown, rows, ids)
    if text:
        say(text)
    return 0


def stop(call: Call) -> int:
    """`container builder stop`."""
    with call.store.transaction() as state:
        if state["builder"] is None:
            raise AppleError("builder is not running", "notFound")
        state["builder"]["running"] = False
    return 0


def delete(call: Call) -> int:
    """`container builder delete`."""
    with call.store.transaction() as state:
        if state["builder"] is None:
            raise AppleError("builder is not running", "notFound")
        if state["builder"]["running"] and not call.args["force"]:
            raise AppleError("BuildKit container is not stopped, use --force to override", "invalidState")
        state["builder"] = None
    return 0
