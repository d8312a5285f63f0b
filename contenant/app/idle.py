"""The last session to end stops the container: an idle machine keeps its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contenant import host, locks
from contenant.app.ledger import Ledger
from contenant.app.project import container_dir
from contenant.app.sync import read_exit
from contenant.core import changes
from contenant.core.records import ContainerRecord, SessionRecord
from contenant.errors import BusyError

if TYPE_CHECKING:
    from contenant.engines.base import Engine

PATIENCE = 5.0  # seconds to wait for another contenant that is ending or starting a session


def stop_if_idle(ledger: Ledger, engine: Engine, container: ContainerRecord, seconds: int) -> bool:
    """Stop the container when no session lives in it; whether it was stopped.

    Who starts one holds the lock, so none can slip in.
    """
    try:
        with locks.held(container.name, lambda: None, PATIENCE):
            if _living(ledger, container) or _unrecorded(engine, container):
                return False
            stop(ledger, engine, container, seconds, "idle")
            return True
    except BusyError:
        return False  # another contenant brings it up, and its session will be the last one then


def stop(ledger: Ledger, engine: Engine, container: ContainerRecord, seconds: int, why: str) -> None:
    """Stop a container and record it. The caller holds its lock."""
    if why != "idle":  # an idle one leaves its record behind
        from contenant.app import egress

        egress.last_words(ledger, engine, container)
    engine.stop(container.name, seconds)
    current = ledger.store().container(container.id) or container
    ledger.store().apply([changes.container_state(current, "stopped", why)])


def _unrecorded(engine: Engine, container: ContainerRecord) -> bool:
    """Whether sessions may live in it that a lost database knew: such a container's record has no spec."""
    if container.spec != "{}":
        return False
    from contenant.app.session import list_inside

    try:
        done = list_inside(engine, container.name)
    except OSError:  # a timeout too: nobody knows, so it goes on running
        return True
    return done.code != 0 or bool(done.stdout.split())


def _living(ledger: Ledger, container: ContainerRecord) -> list[SessionRecord]:
    boot = host.boot_id()
    return [
        session
        for session in ledger.store().live_sessions()
        if session.container_id == container.id and _lives(session, container, boot)
    ]


def _lives(session: SessionRecord, container: ContainerRecord, boot: str) -> bool:
    mark = host.ProcessMark(session.pid, session.pid_start, session.boot_id)
    if host.is_alive(mark, boot):
        return True
    if not session.detachable or session.boot_id != boot:
        return False
    return read_exit(container_dir(container.name), session.id) is None
