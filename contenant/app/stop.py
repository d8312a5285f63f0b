"""`contenant stop`: end sessions and stop containers, keeping them."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from contenant import config, locks
from contenant.app.idle import stop as stop_container
from contenant.app.inventory import Survey, look_around, refuse_silence
from contenant.app.ledger import Ledger
from contenant.app.project import container_dir
from contenant.app.results import Outcome, Ui, Verdict
from contenant.app.select import by_targets
from contenant.app.sync import read_exit
from contenant.core import changes
from contenant.core.plan_clean import sessions_text
from contenant.core.records import ContainerRecord, SessionRecord
from contenant.errors import ContenantError

if TYPE_CHECKING:
    from contenant.app.project import Target


class Job(NamedTuple):
    """One container to stop, and the sessions that live in it."""

    container: ContainerRecord
    live: tuple[SessionRecord, ...]
    verdict: Verdict


def stop(wanted: "Sequence[Target]", *, all: bool, force: bool, ui: Ui) -> list[Outcome]:  # noqa: A002 - the option's name
    """Stop the containers that are meant, or all. Live sessions are kept unless `force` ends them.

    Raises NotFoundError for a target without a container, EngineUnavailableError when no engine of these
    containers answers; a failure of one container is its outcome.
    """
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        survey = look_around(ledger, settings.engine)
        view = ledger.snapshot()
        known = list(view.containers()) if view else []
        sessions = list(view.live_sessions()) if view else []
        chosen = known if all else by_targets(known, wanted, view.projects() if view else ())
        refuse_silence(survey, chosen)
        jobs = [_judge(ledger, survey, container, sessions, force) for container in chosen]
        return [_stop_one(ledger, survey, job, settings.stop_seconds, ui) for job in jobs]


def _judge(
    ledger: Ledger,
    survey: Survey,
    container: ContainerRecord,
    sessions: Sequence[SessionRecord],
    force: bool,
) -> Job:
    live = tuple(session for session in sessions if session.container_id == container.id)
    refusal = ""
    if container.engine in survey.unreachable:
        refusal = survey.unreachable[container.engine].message
    elif container.state not in ("running", "paused"):
        refusal = "it does not run"
    elif live and not force:
        refusal = f"{sessions_text(len(live))}; --force ends them"
    verdict = Verdict(
        kind="container",
        name=container.name,
        project=ledger.project_path(container.project_id),
        engine=container.engine,
        action="keep" if refusal else "stop",
        reason=refusal or "asked for",
        last_used=container.last_used,
        subject=container.id,
    )
    return Job(container, live, verdict)


def _stop_one(ledger: Ledger, survey: Survey, job: Job, seconds: int, ui: Ui) -> Outcome:
    container, verdict = job.container, job.verdict
    if verdict.action == "keep":
        idle = container.state in ("stopped", "created") and container.engine in survey.reports
        return Outcome(verdict, "kept" if idle else "failed", verdict.reason)
    ui.progress(f"stopping {container.name}")
    try:
        with locks.container(container.name, ui.note):
            stop_container(ledger, survey.connected[container.engine], container, seconds, "asked for")
            ledger.store().apply(
                [
                    changes.session_ended(
                        *(session.id, container.project_id, "container stopped"),
                        read_exit(container_dir(container.name), session.id),
                    )
                    for session in job.live
                ]
            )
    except ContenantError as error:
        return Outcome(verdict, "failed", error.message)
    finally:
        ui.finish()
    return Outcome(verdict, "stopped", "stopped")
