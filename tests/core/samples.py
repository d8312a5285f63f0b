"""Records and reports to vary in tests."""

from __future__ import annotations

from typing import Any

from contenant.core import labels
from contenant.core.records import ContainerRecord, SessionRecord
from contenant.core.values import ContainerReport

MOMENT = "2026-01-01T00:00:00.000Z"
OURS = {labels.MANAGED: "1", labels.CONTAINER: "c1", labels.HOST: "host"}


def container(**changed: Any) -> ContainerRecord:
    """A running container `c1` of project `p1` on podman."""
    base = ContainerRecord(
        id="c1",
        project_id="p1",
        engine="podman",
        engine_identity="store",
        name="contenant-app-00000000",
        engine_id="e1",
        image="contenant:1",
        policy="",
        spec_hash="spec",
        state="running",
        created=MOMENT,
        last_seen=MOMENT,
        last_used=MOMENT,
    )
    return base._replace(**changed)


def report(**changed: Any) -> ContainerReport:
    """The same container as podman reports it."""
    base = ContainerReport("e1", "contenant-app-00000000", "running", OURS, "contenant:1", MOMENT)
    return base._replace(**changed)


def session(**changed: Any) -> SessionRecord:
    """A live session `s1` in `c1`."""
    base = SessionRecord(
        id="s1",
        container_id="c1",
        image="contenant:1",
        policy="",
        argv=("claude",),
        tty=True,
        detachable=False,
        pid=1,
        pid_start="1",
        boot_id="b",
        started=MOMENT,
    )
    return base._replace(**changed)
