"""What an engine says by itself, behind contenant's back, read alike from each engine."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from contenant.core import labels
from tests.real.apple import standin_of

if TYPE_CHECKING:
    from tests.real.conftest import Contenant


def containers(contenant: Contenant, **wanted: str) -> list[str]:
    """Names of the containers, running or not, that bear contenant's labels `wanted`, plain values by the
    label's last word.
    """
    if contenant.engine != "container":
        filters = [f"label=dev.contenant.{key}={value}" for key, value in wanted.items()]
        words = [word for one in filters for word in ("--filter", one)]
        return contenant.raw("ps", "-a", "--format", "{{.Names}}", *words).split()
    marks = {f"dev.contenant.{key}": labels.encode(value) for key, value in wanted.items()}
    rows = json.loads(contenant.raw("list", "--all", "--format", "json"))
    found = [row["configuration"] for row in rows]
    return [one["id"] for one in found if marks.items() <= one["labels"].items() and one["id"] != "buildkit"]


def _inspected(contenant: Contenant, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(contenant.raw("inspect", name))[0]
    return found


def bindings(contenant: Contenant, name: str) -> list[tuple[str, int, int]]:
    """Published TCP ports: address and port of the host, port of the container."""
    inspected = _inspected(contenant, name)
    if contenant.engine == "container":
        ports = inspected["configuration"]["publishedPorts"]
        assert {port["proto"] for port in ports} <= {"tcp"}
        return [(port["hostAddress"], port["hostPort"], port["containerPort"]) for port in ports]
    return [
        (one["HostIp"], int(one["HostPort"]), int(port.removesuffix("/tcp")))
        for port, held in inspected["HostConfig"]["PortBindings"].items()
        for one in held
    ]


def first_pid(contenant: Contenant, name: str) -> int:
    """The host's id of a container's process 1; 0 when it does not run."""
    if contenant.engine != "container":
        return int(contenant.raw("inspect", "--format", "{{.State.Pid}}", name))
    real = standin_of(contenant.env).podman_name(name)
    words = ["podman", "inspect", "--format", "{{.State.Pid}}", real]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def image_of(contenant: Contenant, name: str) -> str:
    """The reference of a container's image."""
    inspected = _inspected(contenant, name)
    if contenant.engine == "container":
        return str(inspected["configuration"]["image"]["reference"])
    return str(inspected["Config"]["Image"])
