"""`contenant clean`: a plan with a reason per row, then the removal of just that, each row checked again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from contenant import config, host, locks
from contenant.app import homes, image_plan, worktree_clean
from contenant.app.inventory import Survey, look_around, refuse_silence
from contenant.app.ledger import Ledger
from contenant.app.project import identify, is_there
from contenant.app.removal import carry_out
from contenant.app.results import CleanRequest, Outcome, Ui, Verdict
from contenant.app.select import by_targets
from contenant.app.steps import remove
from contenant.app.sync import settle
from contenant.core import labels
from contenant.core.plan_clean import Candidate, Judgement, judge
from contenant.core.records import ContainerRecord
from contenant.core.values import ContainerReport
from contenant.engines.base import Engine
from contenant.errors import ContenantError


def plan(request: CleanRequest, ui: Ui) -> list[Verdict]:
    """What would go and what stays, with reasons. Changes nothing but records that are reconciled first.

    Raises NotFoundError, and EngineUnavailableError when no engine of these containers answers.
    """
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        survey = look_around(ledger, settings.engine)
        view = ledger.snapshot()
        known = list(view.containers()) if view else []
        homeless = homes.without_container(ledger, request.paths, known) if request.purge else []
        alone = worktree_clean.without_container(ledger, request.paths, known)
        targets = [target for target in request.paths if target not in (*homeless, *alone)]
        named = {container.id for container in by_targets(known, targets, view.projects() if view else ())}
        verdicts = [
            verdict
            for container in known
            if (verdict := _verdict(ledger, survey, container, named, request)) is not None
        ]
        subjects = {verdict.subject for verdict in verdicts}
        refuse_silence(survey, [container for container in known if container.id in subjects])
        going = [v.subject for v in verdicts if v.action == "remove"]
        verdicts += worktree_clean.verdicts(ledger, alone, known, going)
        if request.purge:
            verdicts += homes.verdicts(ledger, request, known, going)
        if request.images:
            verdicts += image_plan.verdicts(ledger, survey, settings, going)
    return sorted(verdicts, key=lambda verdict: (verdict.kind, verdict.name, verdict.engine))


def apply(verdicts: Sequence[Verdict], request: CleanRequest, ui: Ui) -> list[Outcome]:
    """Remove what the verdicts say, each judged again right before, under its lock.

    Raises EngineUnavailableError when no engine answers any more.
    """
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        survey = look_around(ledger, settings.engine)
        refuse_silence(survey, ())
        return carry_out(verdicts, lambda one: _remove_one(ledger, survey, one, request, ui), ui)


def _remove_one(ledger: Ledger, survey: Survey, verdict: Verdict, request: CleanRequest, ui: Ui) -> Outcome:
    try:
        if verdict.kind == "image":
            image_plan.remove(ledger, _connected(survey, verdict), verdict)
            return Outcome(verdict, "removed", verdict.reason)
        name = identify(Path(verdict.project))[1] if verdict.kind == "worktree" else verdict.name
        with locks.container(name, ui.note):
            if verdict.kind == "worktree":
                return worktree_clean.remove(ledger, verdict)
            if verdict.kind == "home":
                return homes.remove(ledger, verdict)
            return _remove_container(ledger, survey, verdict, request)
    except ContenantError as error:
        return Outcome(verdict, "failed", error.message)


def _connected(survey: Survey, verdict: Verdict) -> Engine:
    assert verdict.engine, "only a home and a worktree have none"
    if verdict.engine in survey.unreachable:
        raise survey.unreachable[verdict.engine]
    return survey.connected[verdict.engine]


def _remove_container(ledger: Ledger, survey: Survey, verdict: Verdict, request: CleanRequest) -> Outcome:
    engine = _connected(survey, verdict)
    settled = settle(engine, engine.containers(), ledger, frozenset({verdict.name}))
    container = ledger.store().container(verdict.subject)
    if container is None or container.gone:
        return Outcome(verdict, "kept", "it is gone already")
    survey = survey._replace(reports=survey.reports | {engine.name: settled.reports})
    # --stale judges by the age of now: what was used since the question was asked stays.
    again = _judge(ledger, survey, container, set() if request.stale else {container.id}, request)
    if again is None or again.action == "keep":
        return Outcome(verdict, "kept", again.reason if again else "it was used since")
    remove(ledger, engine, container, verdict.reason)
    return Outcome(verdict, "removed", verdict.reason)


def _verdict(
    ledger: Ledger, survey: Survey, container: ContainerRecord, named: set[str], request: CleanRequest
) -> Verdict | None:
    judgement = _judge(ledger, survey, container, named, request)
    if judgement is None:
        return None
    return Verdict(
        kind="container",
        name=container.name,
        project=ledger.project_path(container.project_id),
        engine=container.engine,
        action=judgement.action,
        reason=judgement.reason,
        last_used=container.last_used,
        subject=container.id,
    )


def _judge(
    ledger: Ledger, survey: Survey, container: ContainerRecord, named: set[str], request: CleanRequest
) -> Judgement | None:
    reports = survey.reports.get(container.engine)
    report = _find(container, reports or ())
    project = ledger.project_path(container.project_id)
    candidate = Candidate(
        id=container.id,
        name=container.name,
        project=project,
        state=report.state if report else "unknown",
        ours=report is not None and labels.is_ours(report.labels),
        reachable=reports is not None,
        live=sum(1 for s in ledger.read(container.engine).sessions if s.container_id == container.id),
        last_used=container.last_used,
        selected=request.all or container.id in named,
        project_exists=is_there(project),
    )
    return judge(candidate, request.stale, request.force, host.now())


def _find(container: ContainerRecord, reports: Sequence[ContainerReport]) -> ContainerReport | None:
    return next((report for report in reports if report.engine_id == container.engine_id), None)
