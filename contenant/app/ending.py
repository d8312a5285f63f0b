"""What follows the end of a session that contenant showed: look back, and stop an idle container."""

from contenant.app import egress, usage, watch, wayback
from contenant.app.idle import stop_if_idle
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.app.session import Seat
from contenant.core.records import SessionRecord
from contenant.core.settings import Settings
from contenant.credentials.deliver import wants_credential


def close(
    ledger: Ledger,
    seat: Seat,
    session: SessionRecord,
    project: str,
    settings: Settings,
    ui: Ui,
    *,
    brief: bool,
) -> None:
    """Record what the session did, tell what is worth it, look at the database if it is time, and stop the
    container where the session was its last.

    `project` is the project's path; `brief`: a command that succeeded at once.
    """
    ui.waiting(f"the session is over, {seat.container.name} is put in order")
    try:
        _look_back(ledger, seat, session, project, ui, brief=brief)
        watch.at_end(settings.database_url, ui)
        if settings.keep_running:
            return
        if stop_if_idle(ledger, seat.engine, seat.container, settings.stop_seconds):
            egress.after_stop(ledger, seat.container, session.id, ui, quiet=not brief)
    finally:
        ui.finish()


def _look_back(
    ledger: Ledger, seat: Seat, session: SessionRecord, project: str, ui: Ui, *, brief: bool
) -> None:
    """What the session tried to reach and what it left in the project. After a `brief` one the firewall's
    record is left to the stop or the next session: asking costs a call.
    """
    if brief:
        wayback.end(ledger, seat.container, session.id, project, ui)
        if wants_credential(session.argv):  # the agent, or a shell that it was started from
            usage.at_end(ledger, seat.container, ui)
        return
    asked = egress.begin_at_end(ledger, seat.engine, seat.container)
    wayback.end(ledger, seat.container, session.id, project, ui)
    egress.finish_at_end(ledger, asked, session.id, ui)
    usage.at_end(ledger, seat.container, ui)
