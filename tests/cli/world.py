"""A recorded project with a container, and a podman that knows it: what a quick command finds most days."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from contenant import host
from contenant.core import changes, labels
from contenant.core.names import container_name
from contenant.core.records import ContainerRecord, ProjectRecord
from contenant.store.store import open_store

MOMENT = "2026-10-01T10:00:00.000Z"
ENGINE_ID = "f00d" * 16

PODMAN = """#!/bin/sh
for word in "$@"; do
    if [ "$word" = ps ]; then exec /bin/cat "{answer}"; fi
done
echo "unexpected: podman $*" >&2
exit 125
"""


def populate(project: Path, bin_: Path, first: str = "0", *, made: bool = False) -> ContainerRecord:
    """Record a running container of `project` in the CONTENANT_HOME in force; put a podman into `bin_`.

    `first` begins the ids: those of several hosts differ.
    """
    project.mkdir(exist_ok=made)
    name = container_name(str(project))
    owner = ProjectRecord(first + "0" * 24 + "p", str(project), name, MOMENT, MOMENT)
    container = ContainerRecord(
        id=first + "0" * 24 + "c",
        project_id=owner.id,
        engine="podman",
        engine_identity="store",
        name=name,
        engine_id="",
        image="contenant:2.1.3-0123456789ab",
        policy="",
        spec_hash="s",
        state="created",
        created=MOMENT,
        last_seen=MOMENT,
        last_used=MOMENT,
    )
    with open_store(now=lambda: datetime.now(UTC), host_id=host.installation_id()) as store:
        store.apply([changes.project_added(owner), changes.container_creating(container)])
        store.apply([changes.container_created(container, ENGINE_ID)])
        store.apply([changes.container_state(container, "running", "started")])
    report = {
        "Id": ENGINE_ID,
        "Names": [name],
        "State": "running",
        "Image": container.image,
        "Created": 1790000000,
        "Labels": {
            labels.MANAGED: "1",
            labels.CONTAINER: container.id,
            labels.HOST: labels.encode(host.installation_id()),
            labels.PROJECT: labels.encode(str(project)),
        },
    }
    bin_.mkdir()
    (bin_ / "ps.json").write_text(json.dumps([report]))
    (bin_ / "podman").write_text(PODMAN.format(answer=bin_ / "ps.json"))
    (bin_ / "podman").chmod(0o755)
    return container
