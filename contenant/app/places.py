"""A limit on the containers that run at a time, and the queue of those that wait for a place.

Each start takes a ticket, a numbered file that its process holds locked. Whoever has the lowest ticket of a
process that lives looks for a place, and keeps its ticket until its container runs: so no two starts count
the same place, and they go in the order in which they came. The kernel drops the lock of a process that dies,
however it dies, and its ticket counts no more.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from contenant import host, locks
from contenant.app import engines
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.core import labels
from contenant.core.ages import ago
from contenant.core.settings import Settings
from contenant.core.values import EngineName
from contenant.errors import BusyError, EngineUnavailableError, StateError
from contenant.paths import ensure_private, state_dir

_TURN = 0.1  # seconds between looks at those before us
_LOOK = 1.0  # seconds between questions to the engines
_FREE = ("created", "stopped")
_DIGITS = 12


class Holder(NamedTuple):
    """A container that has a place."""

    name: str
    last_used: str  # "" where it is not on record
    sessions: int


@contextmanager
def taken(ledger: Ledger, settings: Settings, name: str, ui: Ui, *, wait: bool) -> Iterator[None]:
    """Hold a place for the container `name` until it runs, or did not come to it.

    Without `wait`, raises BusyError where there is none at once. The caller holds no lock.
    """
    queue = ensure_private(state_dir() / "queue")
    ticket = _draw(queue)
    try:
        _await(ledger, settings, name, ui, ticket, wait=wait)
        ledger.close()  # what was read may be old by now
        yield
    finally:
        with suppress(OSError):
            ticket.path.unlink()
        os.close(ticket.handle)


class _Ticket(NamedTuple):
    path: Path
    handle: int  # locked


def _draw(queue: Path) -> _Ticket:
    """The next number. Nobody looks at tickets while one is made and not yet locked."""
    with locks.held("queue", lambda: None):
        last = max((int(path.name) for path in _tickets(queue)), default=0)
        path = queue / f"{last + 1:0{_DIGITS}d}"
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateError(
                f"cannot make {path}: {error.strerror}", hint="make the state directory writable"
            ) from error
    return _Ticket(path, handle)


def _tickets(queue: Path) -> list[Path]:
    return sorted(path for path in queue.iterdir() if path.name.isdigit())


def _before(ticket: _Ticket) -> int:
    """How many who live came earlier; the tickets of those who died are cleared away."""
    with locks.held("queue", lambda: None):
        earlier = [path for path in _tickets(ticket.path.parent) if path.name < ticket.path.name]
        return sum(_is_held(path) for path in earlier)


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(handle)


def _await(ledger: Ledger, settings: Settings, name: str, ui: Ui, ticket: _Ticket, *, wait: bool) -> None:
    said: tuple[object, ...] = ()
    while True:
        before = _before(ticket)
        found = holders(ledger, settings.engine, name) if not before or not said else None
        if found is not None:
            if not before and len(found) < settings.max_running:
                return
            if not wait:
                raise BusyError(
                    f"no place for {name}: {_held(found, settings.max_running, before)}",
                    hint="`contenant stop` one, or raise max_running in your configuration",
                )
            if (now := (before, sorted(one.name for one in found))) != said:
                ui.note(f"waiting for a place: {_held(found, settings.max_running, before)}; Ctrl-C gives up")
                said = now
        time.sleep(_TURN if before else _LOOK)


def _held(found: Sequence[Holder], most: int, before: int) -> str:
    """Who holds the places, those that were used least lately first: they are the ones to be stopped."""
    moment = host.now()
    shown = [_shown(one, moment) for one in sorted(found, key=lambda one: one.last_used)]
    parts = [f"{len(found)} of {most} containers run: {', '.join(shown)}"] if found else []
    if before:
        parts.append(f"{before} {'starts' if before > 1 else 'start'} before this one")
    return "; ".join(parts)


def _shown(one: Holder, moment: datetime) -> str:
    used = f"used {ago(one.last_used, moment)}, " if one.last_used else ""
    return f"{one.name} ({used}{one.sessions} session{'' if one.sessions == 1 else 's'})"


def holders(ledger: Ledger, setting: EngineName | None, name: str) -> list[Holder]:
    """The containers of this installation that run, on all engines, but for `name`.

    Of an engine that does not answer, those that ran when it last did.
    """
    ledger.close()  # records as they are now
    view = ledger.snapshot()
    known = {container.id: container for container in view.containers()} if view else {}
    live = [session.container_id for session in view.live_sessions()] if view else []
    running: dict[str, str] = {}
    asked: list[EngineName] = []
    with suppress(EngineUnavailableError):  # where there is none, none runs
        asked = engines.of_interest({container.engine for container in known.values()}, setting)
    for engine in asked:
        try:
            running |= _running(engine)
        except EngineUnavailableError:
            mine = [one for one in known.values() if one.engine == engine and one.state == "running"]
            running |= {one.id: one.name for one in mine}
    return [
        Holder(called, known[key].last_used if key in known else "", live.count(key))
        for key, called in running.items()
        if called != name
    ]


def _running(engine: EngineName) -> dict[str, str]:
    """Our id -> name of the containers of this installation that an engine runs."""
    own = labels.encode(host.installation_id())
    return {
        report.labels[labels.CONTAINER]: report.name
        for report in engines.ask(engine).result()
        if labels.is_ours(report.labels)
        and report.labels.get(labels.HOST) == own
        and report.state not in _FREE
    }
