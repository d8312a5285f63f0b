"""`contenant show`: everything about one project's container, desired, recorded and observed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from contenant import config
from contenant.app import configuration, engines, metadata, policy
from contenant.app.desired import want
from contenant.app.host_services import shown_in
from contenant.app.ledger import Ledger
from contenant.app.project import Project, Target, identify, is_there
from contenant.app.results import Ui
from contenant.app.select import one
from contenant.app.ssh_agent import lent_in
from contenant.app.sync import note_whereabouts, settle
from contenant.core.plan_run import anew, not_found
from contenant.core.reconcile import Whereabouts
from contenant.core.records import ContainerRecord
from contenant.core.settings import Settings
from contenant.core.values import ContainerReport
from contenant.core.versions import tagged_version
from contenant.engines.base import Engine
from contenant.errors import ConfigError, ContenantError, EngineUnavailableError


def show(wanted: Target, ui: Ui) -> dict[str, Any]:
    """Sections project, engine, container, image, claude, sessions, left_behind, firewall, drift, inside.

    JSON-ready. Which container of a project that has several: `app.select.one`. Raises NotFoundError where
    there is no such container. A silent engine is said, not raised.
    """
    canonical, name = identify(wanted.path, wanted.variant or "")
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        view = ledger.snapshot()
        project = ledger.project(canonical)
        own = project.id if project else ""
        known = [c for c in view.containers() if name == c.name or own == c.project_id] if view else []
        container = one(known, wanted.variant)
        if container is None:
            paths = [each.path for each in view.projects()] if view else ()
            raise not_found(canonical, paths, variant=wanted.variant or "")
        if project is not None:
            seen = Whereabouts(project.id, canonical, project.place, is_there(canonical))
            note_whereabouts(ledger, [seen])
        report, trouble, found = _observe(ledger, container)
        current = ledger.read(container.engine).containers
        container = next((c for c in current if c.id == container.id), container)
        sections = _sections(ledger, settings, canonical, container, report, trouble)
        sections["project"]["others"] = sorted({c.variant for c in known} - {container.variant})
        return sections | {"inside": found}


def _observe(
    ledger: Ledger, container: ContainerRecord
) -> tuple[ContainerReport | None, str, dict[str, Any]]:
    """The engine's report, why there is none, and what a look into a running container found."""
    try:
        engine = engines.connect(ledger, container.engine)
        settled = settle(engine, engine.containers(), ledger)
    except EngineUnavailableError as error:
        return None, error.advice, _unseen("its engine did not answer")
    report = next((r for r in settled.reports if r.engine_id == container.engine_id), None)
    if report is None:
        anew = "if its own is gone for good, `contenant clean --reinstalled` says so"
        return None, "", _unseen(f"it is not in the store that answers; {anew}")
    if report.state != "running":
        return report, "", _unseen("it does not run")
    return report, "", _look_inside(ledger, engine, container.id)


def _unseen(why: str) -> dict[str, Any]:
    return {"looked": False, "why": why, "findings": []}


def _look_inside(ledger: Ledger, engine: Engine, container_id: str) -> dict[str, Any]:
    """What really is in a running container and differs from its record; kept as events."""
    from contenant.app import drift

    container = next(c for c in ledger.read(engine.name).containers if c.id == container_id)
    try:
        found = drift.examine(ledger, engine, container)
    except ContenantError as error:
        return _unseen(error.message)
    drift.record(ledger, container, found, "observed")
    return {"looked": True, "why": "", "findings": [finding._asdict() for finding in found]}


def _sections(
    ledger: Ledger,
    settings: Settings,
    path: str,
    container: ContainerRecord,
    report: ContainerReport | None,
    trouble: str,
) -> dict[str, Any]:
    exists = is_there(path)
    return {
        "project": {"path": path, "exists": exists, "name": container.name, "variant": container.variant},
        "engine": _engine(ledger, settings, container, trouble),
        "container": _container(container, report),
        "image": _image(ledger, container.image) | {"layers": _layers(ledger, path) if exists else []},
        "claude": _claude(ledger, settings, path, container),
        "sessions": _sessions(ledger, path, container),
        "left_behind": _left_behind(ledger, path),
        "firewall": _firewall(ledger, container.policy),
        "drift": _drift(ledger, path, container) if exists else ["the project directory is gone"],
    }


def _engine(ledger: Ledger, settings: Settings, container: ContainerRecord, trouble: str) -> dict[str, Any]:
    _, reason = engines.pick(ledger, None, container.engine, settings.engine)
    return {
        "name": container.engine,
        "reason": reason,
        "version_at_creation": container.engine_version,
        "answers": not trouble,
        "trouble": trouble,
    }


def _container(container: ContainerRecord, report: ContainerReport | None) -> dict[str, Any]:
    return {
        "id": container.id,
        "engine_id": container.engine_id,
        "state": report.state if report else "unknown",
        "created": container.created,
        "last_used": container.last_used,
        "spec_hash": container.spec_hash,
    }


def _image(ledger: Ledger, reference: str) -> dict[str, Any]:
    """Where the container's image comes from, as far as its build is on record."""
    view = ledger.snapshot()
    built = next((image for image in view.images() if image.reference == reference), None) if view else None
    provenance = built._asdict() if built else {}
    kept = ("claude_version", "recipe", "layer", "parent", "base_origin", "digest", "built")
    return {"reference": reference} | {name: provenance.get(name, "") for name in kept}


def _claude(ledger: Ledger, settings: Settings, path: str, container: ContainerRecord) -> dict[str, Any]:
    """The agent's version in the container, the one that a new one would get and why, and how to move."""
    from contenant.app import versions

    try:
        settings = configuration.load(ledger, path, {}) if Path(path).is_dir() else settings
        decision = versions.decide(settings)
    except ContenantError as error:
        return {"version": tagged_version(container.image), "wanted": "", "why": error.message, "move": ""}
    version = tagged_version(container.image)
    decided = decision.by == "setting"
    newer = f"change claude.version in {decision.source}" if decided else "contenant image upgrade"
    return {
        "version": version,
        "wanted": decision.version,
        "why": decision.told(),
        "move": newer if version == decision.version else anew(container.variant),
    }


def _layers(ledger: Ledger, path: str) -> list[str]:
    """The layers that --recreate would put on the base, the lowest first, and what each is made of."""
    try:
        settings = configuration.load(ledger, path, {})
    except ConfigError:  # the drift says so
        return []
    return [f"{layer.kind}: {part}" for layer in settings.layers for part in layer.parts()]


def _sessions(ledger: Ledger, path: str, container: ContainerRecord) -> list[dict[str, Any]]:
    lent, services = lent_in(ledger, path), shown_in(ledger, path)
    return [
        {
            "id": session.id,
            "argv": list(session.argv),
            "kind": session.kind,
            "started": session.started,
            "detachable": session.detachable,
            "ssh": session.id in lent,
            "host_services": services.get(session.id, []),
        }
        for session in ledger.read(container.engine).sessions
        if session.container_id == container.id
    ]


def _left_behind(ledger: Ledger, path: str) -> dict[str, Any]:
    """What the last session that left something left in the project, for the host to run without asking."""
    view = ledger.snapshot()
    last = next(view.history(path=path, kinds=("session.left",), limit=1), None) if view else None
    if last is None:
        return {}
    names = ("path", "happened", "level", "why")
    findings = [dict(zip(names, finding, strict=True)) for finding in last.data["data"]["findings"]]
    return {"session": last.subject, "at": last.at, "findings": findings}


def _firewall(ledger: Ledger, policy_hash: str) -> dict[str, Any]:
    view = ledger.snapshot()
    stored = view.policy(policy_hash) if view else None
    return {"policy": policy_hash, "mode": stored.mode if stored else ""}


def _drift(ledger: Ledger, path: str, container: ContainerRecord) -> list[str]:
    import json

    status = Path(path).stat()
    owner = (status.st_uid, status.st_gid)
    project = Project(path, container.name, owner, container.variant)
    settings = configuration.load(ledger, path, json.loads(container.flags))
    given = policy.gather(ledger, path, container)
    try:
        project = metadata.attach(ledger, project, settings)
        wanted = want(project, settings, container.engine, given, int(time.time()))
    except ConfigError as error:
        return [f"settings cannot be used: {error.message}"]
    found = []
    if wanted.image != container.image:
        found.append(f"image: {container.image} → {wanted.image}")
    if wanted.spec_hash != container.spec_hash:
        found.append("settings differ from those it was made with")
    return found
