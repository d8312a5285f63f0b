"""`contenant verify --drift`: a container's record against what it really is; findings are kept as events."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from contenant import config, locks
from contenant.app import configuration, drift_look, engines, policy
from contenant.app.ledger import Ledger
from contenant.app.project import Target, identify
from contenant.app.results import Ui
from contenant.app.select import one
from contenant.app.sync import settle
from contenant.core import drift
from contenant.core.drift import Finding, Intent
from contenant.core.plan_run import not_found
from contenant.core.records import ContainerRecord
from contenant.core.values import ExecSpec
from contenant.engines.base import Engine
from contenant.errors import ContenantError, NotFoundError
from contenant.process import capture
from contenant.store.lookups import open_drift

RESTORE = ("/usr/local/lib/contenant/firewall/run", "restore")


class Verdict(NamedTuple):
    """What was found of one container, and what of it is left."""

    container: ContainerRecord
    project: str  # path
    found: tuple[Finding, ...]
    left: tuple[Finding, ...]  # the same, unless something was fixed
    failure: str = ""  # why --fix could not put something back


def verify(wanted: Target, fix: bool, ui: Ui) -> Verdict:
    """Look at a running container, under its lock; with `fix`, put back what can be.

    Which of a project that has several: `app.select.one`. Raises NotFoundError where it does
    not run, EngineUnavailableError, and FirewallError where it cannot be looked into.
    """
    canonical = identify(wanted.path)[0]
    with Ledger(config.database_url(os.environ)) as ledger, ExitStack() as stack:
        name = identify(wanted.path, _newest(ledger, canonical, wanted.variant).variant)[1]
        stack.enter_context(locks.container(name, ui.note))
        engine, container = _running(ledger, canonical, wanted.variant, name)
        found = examine(ledger, engine, container)
        record(ledger, container, found, "observed")
        if not fix or not any(finding.remedy == "live" for finding in found):
            return Verdict(container, canonical, tuple(found), tuple(found))
        failure = _put_back(ledger, engine, container, canonical)
        container = ledger.store().container(container.id) or container
        left = examine(ledger, engine, container)
        record(ledger, container, left, "fixed")
    return Verdict(container, canonical, tuple(found), tuple(left), failure)


def _newest(ledger: Ledger, path: str, variant: str | None) -> ContainerRecord:
    project = ledger.project(path)
    view = ledger.snapshot()
    known = view.containers(project_id=project.id) if view and project else []
    if (found := one(known, variant)) is None:
        raise not_found(path, [each.path for each in view.projects()] if view else (), variant=variant or "")
    return found


def _running(ledger: Ledger, path: str, variant: str | None, name: str) -> tuple[Engine, ContainerRecord]:
    newest = _newest(ledger, path, variant)
    engine = engines.connect(ledger, newest.engine)
    settled = settle(engine, engine.containers(), ledger, frozenset({name}))
    there = {report.engine_id for report in settled.reports}
    for container in settled.recorded.containers:
        same = (container.project_id, container.variant) == (newest.project_id, newest.variant)
        if same and container.engine_id in there:
            if container.state == "running":
                return engine, container
            break
    raise NotFoundError(f"{newest.name} does not run", hint="`contenant` there brings it up; then look again")


def examine(ledger: Ledger, engine: Engine, container: ContainerRecord) -> list[Finding]:
    """Every difference between record and running container. Raises EngineError, FirewallError."""
    inspection = engine.inspect(container.name)
    now = engine.image(container.image)
    inside = drift_look.look(engine, container)
    return drift.compare(_intent(ledger, container), inspection, inside, now.engine_id if now else "")


def _intent(ledger: Ledger, container: ContainerRecord) -> Intent:
    view = ledger.snapshot()
    stored = view.policy(container.policy) if view else None
    built = next((i for i in view.images() if i.reference == container.image), None) if view else None
    mode = stored.mode if stored else ""
    return Intent(container, json.loads(container.spec), mode, built.digest if built else "")


def record(ledger: Ledger, container: ContainerRecord, found: Sequence[Finding], how: str) -> None:
    """Keep what is new, and that what was known is no more."""
    view = ledger.snapshot()
    known = open_drift(view, container.id) if view else {}
    if changes := drift.settle(container, known, found, how):
        ledger.store().apply(changes)


def _put_back(ledger: Ledger, engine: Engine, container: ContainerRecord, path: str) -> str:
    """Rules, daemons and policy as they should be; why not, "" where they are."""
    try:
        done = capture(engine.exec_argv(container.name, ExecSpec(argv=RESTORE)), timeout=drift_look.SECONDS)
        said = done.stderr.strip() if done.code else ""
        _apply_policy(ledger, engine, container, path)
    except (ContenantError, OSError) as error:
        return str(error)
    return said


def _apply_policy(ledger: Ledger, engine: Engine, container: ContainerRecord, path: str) -> None:
    """The policy that settings and rules ask for, read anew by the container and put on record."""
    settings = configuration.load(ledger, path, json.loads(container.flags))
    wanted = policy.effective(settings, policy.gather(ledger, path, container), int(time.time()))
    policy.place(container.name, wanted)
    policy.apply_live(engine, container.name)
    if wanted.hash != container.policy:
        changes = [policy.stored(wanted, container.policy), policy.applied(container, wanted)]
        ledger.store().apply(changes)
