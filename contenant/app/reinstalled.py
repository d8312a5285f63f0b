"""`contenant clean --reinstalled`: containers whose store is gone for good, on the user's word.

Another daemon behind the same socket looks just like one that was installed anew. Where nothing proves that,
containers of the store that does not answer are `unknown` until somebody says what became of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from contenant import config, host, locks
from contenant.app.inventory import Survey, look_around, refuse_silence
from contenant.app.ledger import Ledger
from contenant.app.results import CleanRequest, Outcome, Ui, Verdict
from contenant.app.select import by_targets
from contenant.core import changes, labels
from contenant.core.records import ContainerRecord
from contenant.errors import ContenantError

WHY = "engine reinstalled, as the user says"
GOING = "the store that answers now is not the one it was made in; nothing is removed but its record"


def plan(request: CleanRequest, ui: Ui) -> list[Verdict]:
    """Which records would end and which stay, with reasons. Raises NotFoundError, EngineUnavailableError."""
    del ui
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        survey = look_around(ledger, settings.engine)
        view = ledger.snapshot()
        known = list(view.containers()) if view else []
        projects = view.projects() if view else ()
        chosen = known if request.all else by_targets(known, request.paths, projects)
        refuse_silence(survey, chosen)
        return [_verdict(ledger, survey, container) for container in chosen]


def apply(verdicts: Sequence[Verdict], request: CleanRequest, ui: Ui) -> list[Outcome]:
    """Record as gone what the verdicts say, each judged again under its lock."""
    del request
    settings = config.load(None, os.environ, {})
    outcomes = []
    with Ledger(settings.database_url) as ledger:
        for verdict in verdicts:
            if verdict.action == "keep":
                outcomes.append(Outcome(verdict, "kept", verdict.reason))
                continue
            try:
                with locks.container(verdict.name, ui.note):
                    outcomes.append(_forget(ledger, look_around(ledger, settings.engine), verdict))
            except ContenantError as error:
                outcomes.append(Outcome(verdict, "failed", error.message))
    return outcomes


def _forget(ledger: Ledger, survey: Survey, verdict: Verdict) -> Outcome:
    """Its place on the host stays: a container of the same name may be there in the store that answers."""
    store = ledger.store()
    container = store.container(verdict.subject)
    if container is None or container.gone:
        return Outcome(verdict, "kept", "it is gone already")
    if refusal := _refusal(ledger, survey, container):
        return Outcome(verdict, "kept", refusal)
    ended = [
        changes.session_ended(session.id, container.project_id, "container gone", None)
        for session in store.live_sessions()
        if session.container_id == container.id
    ]
    store.apply([*ended, changes.container_gone(container, WHY)])
    return Outcome(verdict, "forgotten", WHY)


def _verdict(ledger: Ledger, survey: Survey, container: ContainerRecord) -> Verdict:
    refusal = _refusal(ledger, survey, container)
    return Verdict(
        kind="container",
        name=container.name,
        project=ledger.project_path(container.project_id),
        engine=container.engine,
        action="keep" if refusal else "forget",
        reason=refusal or GOING,
        last_used=container.last_used,
        subject=container.id,
    )


def _refusal(ledger: Ledger, survey: Survey, container: ContainerRecord) -> str:
    """Why its record must stay, "" where the user's word counts."""
    reports = survey.reports.get(container.engine)
    if reports is None:
        return "its engine did not answer"
    if any(
        report.engine_id == container.engine_id or report.labels.get(labels.CONTAINER) == container.id
        for report in reports
    ):
        return "it is there; without --reinstalled it is removed"
    if survey.connected[container.engine].identity() == container.engine_identity:
        return "it is being made just now, or another contenant works on it"
    boot = host.boot_id()
    for session in ledger.read(container.engine).sessions:
        mark = host.ProcessMark(session.pid, session.pid_start, session.boot_id)
        if session.container_id == container.id and host.is_alive(mark, boot):
            return f"a contenant still shows a session of it (process {session.pid})"
    return ""
