"""What the command line asks of a container, and what of it is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contenant import config

if TYPE_CHECKING:
    from contenant.app.results import RunRequest
    from contenant.core.records import ContainerRecord

STICKY = (  # which --recreate keeps
    *("read_only", "cpus", "memory", "pids", "mounts", "publish"),
    "worktree_metadata",
)


def given(request: RunRequest, container: ContainerRecord | None) -> dict[str, Any]:
    """What the command line says now, over what it said when the container was made."""
    import json

    given = {
        "read_only": request.read_only or None,
        "cpus": request.cpus,
        "memory": request.memory,
        "pids": request.pids,
        "mounts": config.absolute_mounts(request.mounts) or None,
        "publish": request.publish or None,
        "env": request.env or None,
        "ssh": request.ssh or None,
        "host_services": request.host_service or None,
        "notify": request.notify or None,
        "worktree_metadata": request.worktree_metadata or None,
    }
    kept: dict[str, Any] = json.loads(container.flags) if container else {}
    return kept | {key: value for key, value in given.items() if value is not None}


def sticky(flags: dict[str, Any]) -> dict[str, Any]:
    return {key: flags[key] for key in STICKY if key in flags}
