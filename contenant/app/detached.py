"""Sessions with nobody at them: begun, recorded, and left to their container."""

from pathlib import Path

from contenant.app import arrival, session
from contenant.app.ledger import Ledger
from contenant.app.project import container_dir
from contenant.app.results import Ui
from contenant.core import changes
from contenant.core.plan_run import anew
from contenant.core.records import ContainerRecord, SessionRecord
from contenant.errors import EngineError, EngineUnavailableError
from contenant.process import Result, capture, exec_env

KEPT = 20  # sessions of a container whose output is kept


def launch(ledger: Ledger, seat: session.Seat, record: SessionRecord, ui: Ui) -> tuple[int, bool]:
    """Begin a recorded session and return once its command runs: 0 and False (it has not ended).

    Where its command cannot be started: the wrapper's exit code and True. Raises as `session.show`.
    """
    place = container_dir(seat.container.name)
    _drop_old(place, record.id)
    ui.waiting("beginning the session")
    try:
        done = _begin(ledger, seat, record)
    except EngineUnavailableError:
        session.give_up(ledger, seat, record, ui)
        raise
    finally:
        ui.finish()
    project_id = seat.container.project_id
    if done.code == 0:
        session.record(ledger, changes.session_detached(record.id, project_id), ui)
        return 0, False
    told = done.stderr.strip().removeprefix("contenant: ")
    if is_older(told):
        session.give_up(ledger, seat, record, ui)
        raise older(seat.container)
    if arrival.is_missed(place, record.id):
        raise session.MissedError(f"{seat.container.name} was not there for the session: {told}")
    ui.warn(told or "the session could not be begun")
    session.record(ledger, changes.session_ended(record.id, project_id, "failed", done.code), ui)
    return done.code, True


def is_older(told: str) -> bool:
    """Whether a container's session wrapper did not know what it was asked for."""
    return told.startswith("usage: session ")


def older(container: ContainerRecord) -> EngineError:
    """The error for a container whose wrapper knows nothing of detached sessions."""
    return EngineError(
        f"{container.name} was made from an image that cannot do this yet",
        hint=f"`{anew(container.variant)}` makes the container anew from the current image",
    )


def _begin(ledger: Ledger, seat: session.Seat, record: SessionRecord) -> Result:
    given = {**seat.outfit.env, **seat.outfit.secret_env}
    verb = "begin" if record.has_terminal else "record"
    command, variables = session.command_line(seat, record, verb, given)
    session.hand_over(seat, record.id)
    ledger.close()
    try:
        return capture(command, timeout=session.PATIENCE, env=exec_env(variables))
    except TimeoutError:
        raise session.hangs(seat) from None


def _drop_old(place: Path, current: str) -> None:
    """Take away what sessions said that ended long ago: ids sort by time, and a live one has a claim."""
    logs = sorted(place.glob("sessions/*.log"), reverse=True)
    for log in logs[KEPT:]:
        if log.stem != current and not log.with_suffix(".pid").exists():
            log.unlink(missing_ok=True)
            log.with_suffix(".log.1").unlink(missing_ok=True)
