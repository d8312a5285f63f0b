"""One session: recorded, attached, recorded again."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from contenant import host
from contenant.app import arrival
from contenant.app.ledger import Ledger
from contenant.app.outfit import Outfit
from contenant.app.project import container_dir
from contenant.app.results import Ui
from contenant.app.sync import read_exit
from contenant.core import changes
from contenant.core.changes import Change
from contenant.core.plan_run import anew
from contenant.core.records import ContainerRecord, SessionRecord
from contenant.core.values import ExecSpec
from contenant.engines.base import Engine
from contenant.errors import EngineError, EngineUnavailableError, StateError
from contenant.process import Result, attach, capture

if TYPE_CHECKING:
    from contenant.app.host_services import ServiceError
    from contenant.app.ssh_agent import Agent

WRAPPER = "/usr/local/lib/contenant/session"
AGENT = ("claude",)
ENV_PREFIX = "CONTENANT_ENV_"
ANSWER = 15.0  # seconds for a container to name its sessions
PATIENCE = 60.0  # seconds for a session to arrive: its wrapper waits for the firewall for half of them

# What attach returns when the engine's client was ended rather than the command: no engine then ends the
# command, which would live on unseen. Where it was the command that ended so, there is nothing left to end.
_CLIENT_ENDED = frozenset(
    {128 + n for n in (signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGPIPE, signal.SIGTERM)}
)
_TOLD_TO_END = frozenset({128 + n for n in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)})


class MissedError(EngineError):
    """The session's command was never run: the container was not there for it."""

    exit_code = 125
    slug = "session-missed"


class Seat(NamedTuple):
    """Where a session runs and how it is connected."""

    engine: Engine
    container: ContainerRecord
    tty: bool
    outfit: Outfit
    ssh: "Agent | None" = None
    services: tuple[int, ...] = ()  # ports of the host's loopback
    returning: bool = False  # to a session that lives
    detached: bool = False  # begun with nobody at it
    notify: bool = False  # say when the agent waits or is done


def begin(ledger: Ledger, seat: Seat, argv: tuple[str, ...]) -> SessionRecord:
    """Record the intent to start a session; `argv` empty means the agent."""
    store, mark = ledger.store(), host.own_mark()
    agent = not argv
    record = SessionRecord(
        id=store.new_id(),
        container_id=seat.container.id,
        image=seat.container.image,
        policy=seat.container.policy,
        argv=argv or AGENT,
        tty=seat.tty,
        detachable=seat.detached or (agent and seat.tty),
        pid=mark.pid,
        pid_start=mark.start,
        boot_id=mark.boot,
        started=host.now_text(),
        kind="agent" if agent else "command",
        credential=seat.outfit.credential.fingerprint if seat.outfit.credential else "",
    )
    given = [changes.session_ssh(record.id, seat.container.project_id, seat.ssh.keys)] if seat.ssh else []
    if seat.services:
        given.append(changes.service_lent(record.id, seat.container.project_id, seat.services))
    store.apply([*_used(seat), changes.session_starting(record, seat.container.project_id), *given])
    arrival.announce(container_dir(seat.container.name), record.id)
    return record


def _used(seat: Seat) -> list[Change]:
    found = seat.outfit.credential
    if found is None:
        return []
    return [changes.credential_used(found.fingerprint, found.source, found.kind, found.expires)]


def rejoin(ledger: Ledger, session: SessionRecord, project_id: str) -> SessionRecord:
    """Record that this process now shows a session that lives."""
    mark = host.own_mark()
    joined = session._replace(pid=mark.pid, pid_start=mark.start, boot_id=mark.boot)
    ledger.store().apply([changes.session_reattached(joined, project_id)])
    return joined


def show(ledger: Ledger, seat: Seat, session: SessionRecord, ui: Ui) -> tuple[int, bool]:
    """Run or reattach the session in the foreground and record its end.

    Returns its exit code and whether it ended (False: it lives on without this terminal). Raises MissedError
    when the container was gone before the command was run; the session is then on record as it was. Raises
    EngineUnavailableError when the engine does not bring the session into the container in time.
    """
    try:
        code = _exchange(ledger, seat, session, ui)
    except EngineUnavailableError:
        give_up(ledger, seat, session, ui)
        raise
    if code in _CLIENT_ENDED and not session.detachable:
        _deliver(seat, session.id, signal.SIGKILL)
    seat = current(ledger, seat)
    code, change = _outcome(seat, session, code)
    record(ledger, change, ui)
    return code, change.kind == "session.ended"


def current(ledger: Ledger, seat: Seat) -> Seat:
    """The seat as it is on record now: after a lost database the project has another id."""
    with suppress(StateError):
        found = ledger.store().container(seat.container.id)
        if found is not None and found.project_id != seat.container.project_id:
            return seat._replace(container=seat.container._replace(project_id=found.project_id))
    return seat


def record(ledger: Ledger, change: Change, ui: Ui) -> None:
    """Write down what became of a session. Its exit code is worth more than our record of it."""
    try:
        ledger.store().apply([change])
    except StateError as error:
        ui.warn(f"the end of this session is not on record: {error.message}")


def give_up(ledger: Ledger, seat: Seat, session: SessionRecord, ui: Ui) -> None:
    """Record a session whose command could not be run."""
    arrival.forget(container_dir(seat.container.name), session.id)
    record(ledger, changes.session_ended(session.id, seat.container.project_id, "failed", None), ui)


@contextmanager
def _ssh(seat: Seat, session_id: str, ui: Ui) -> Iterator[dict[str, str]]:
    """The variables that lead the session to the SSH agent, which it has for as long. Raises MissedError."""
    if seat.ssh is None:
        yield {}
        return
    from contenant.app import ssh_agent  # few sessions have one

    lent = ssh_agent.lend(seat.engine, seat.container.name, session_id, WRAPPER, seat.ssh, ui)
    with ExitStack() as until_the_end:
        try:
            until_the_end.enter_context(lent)
        except ssh_agent.RelayError as error:
            raise MissedError(error.message) from None
        yield {ssh_agent.VARIABLE: ssh_agent.place_inside(session_id)}


@contextmanager
def _services(ledger: Ledger, seat: Seat, session: SessionRecord, ui: Ui) -> Iterator[None]:
    """Show the session services of the host for as long, and record what went there. Raises MissedError,
    ServiceError.
    """
    if not seat.services:
        yield
        return
    from contenant.app import host_services  # few sessions have any

    used = {}
    lent = host_services.lend(seat.engine, seat.container.name, session.id, WRAPPER, seat.services)
    with ExitStack() as until_the_end:
        try:
            used = until_the_end.enter_context(lent)
        except host_services.ServiceError as error:
            _without(ledger, seat, session, error, ui)
        yield
    for port, use in sorted(used.items()):
        record(ledger, changes.service_used(session.id, seat.container.project_id, port, *use), ui)


def _without(ledger: Ledger, seat: Seat, session: SessionRecord, error: "ServiceError", ui: Ui) -> None:
    """A session that lives goes on without the services; a new one does not begin."""
    if seat.returning:
        ui.warn(f"{error.message}; this session goes without for now")
        return
    if error.gone:
        raise MissedError(error.message)
    give_up(ledger, seat, session, ui)
    raise error


def _exchange(ledger: Ledger, seat: Seat, session: SessionRecord, ui: Ui) -> int:
    """The session, with what it is lent of the host. Returns the client's exit code. Raises as `_exec`."""
    with (
        _services(ledger, seat, session, ui),
        _ssh(seat, session.id, ui) as more,
        _notifying(seat, session.id),
    ):
        return _exec(ledger, seat, session, {**seat.outfit.env, **seat.outfit.secret_env, **more})


@contextmanager
def _notifying(seat: Seat, session_id: str) -> Iterator[None]:
    if not seat.notify:
        yield
        return
    from contenant.app.notify import watching  # only where it is asked for

    with watching(seat.container.name, session_id):
        yield


def command_line(
    seat: Seat, session: SessionRecord, verb: str, given: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """The engine's command that has the wrapper begin a session, and the variables to run it with."""
    prefixed = {ENV_PREFIX + name: value for name, value in given.items()}
    spec = ExecSpec(
        argv=(WRAPPER, verb, session.id, "--", *session.argv),
        env_names=tuple(sorted(prefixed)),
        interactive=not seat.detached,
        tty=seat.tty,
    )
    return seat.engine.exec_argv(seat.container.name, spec), prefixed


def _exec(ledger: Ledger, seat: Seat, session: SessionRecord, given: Mapping[str, str]) -> int:
    """The exec itself. Returns the client's exit code. Raises MissedError, EngineUnavailableError."""
    command, prefixed = command_line(seat, session, "attach" if session.detachable else "run", given)
    told: list[int] = []  # signals: a session that is to end is not begun again
    hand_over(seat, session.id)
    ledger.close()  # a session may last for days

    def deliver(number: int) -> None:
        told.append(number)
        _deliver(seat, session.id, number)

    raw = seat.engine.name == "container"
    overdue = arrival.Overdue(container_dir(seat.container.name), session.id, PATIENCE)
    code = attach(command, env=prefixed, tty=seat.tty, on_signal=deliver, raw_output=raw, overdue=overdue)
    if overdue.found:
        raise hangs(seat)
    if (
        code != 0
        and code not in _TOLD_TO_END
        and not told
        and arrival.is_missed(container_dir(seat.container.name), session.id)
    ):
        raise MissedError(f"{seat.container.name} was not there for the session")
    return code


def hand_over(seat: Seat, session_id: str) -> None:
    """Put the credential where the session takes it from. Raises MissedError where the container does not,
    EngineUnavailableError where the engine hangs.
    """
    if seat.outfit.pipe is None:
        return
    spec = ExecSpec(argv=(WRAPPER, "secret", session_id), interactive=True)
    argv = seat.engine.exec_argv(seat.container.name, spec)
    try:
        done = capture(argv, timeout=PATIENCE, stdin=seat.outfit.pipe.reveal().encode())
    except TimeoutError:
        raise hangs(seat) from None
    if done.code != 0:
        raise MissedError(
            f"{seat.container.name} did not take the credential: {done.stderr.strip()}",
            hint=f"`{anew(seat.container.variant)}` makes the container anew from the current image",
        )


def hangs(seat: Seat) -> EngineUnavailableError:
    """The error for an engine that does not bring a session in."""
    name = seat.container.name
    return EngineUnavailableError(
        f"{seat.engine.name} did not bring a session into {name} within {PATIENCE:g} s",
        hint=f"`{anew(seat.container.variant)} --force` makes it anew; `{seat.engine.name} logs {name}` and "
        "`contenant doctor` say more",
    )


def _outcome(seat: Seat, session: SessionRecord, code: int) -> tuple[int, Change]:
    """The session's exit code, and what became of it."""
    project_id = seat.container.project_id
    if not session.detachable:
        how = "signalled" if code > 128 else "exited"
        return code, changes.session_ended(session.id, project_id, how, code)
    left = read_exit(container_dir(seat.container.name), session.id)
    if left is not None:
        return left, changes.session_ended(session.id, project_id, "exited", left)
    if code == 0 or _lives(seat, session.id):  # detached, or the terminal or the client went
        return 0, changes.session_detached(session.id, project_id)
    return code, changes.session_ended(session.id, project_id, "failed", code)


def _lives(seat: Seat, session_id: str) -> bool:
    """Ask the container; an engine that cannot tell leaves it to the next reconcile."""
    try:
        return session_id in list_inside(seat.engine, seat.container.name).stdout.split()
    except TimeoutError:
        return True


def list_inside(engine: Engine, name: str) -> Result:
    """What the session wrapper in a running container says lives there: ids on standard output. Raises as
    `process.capture`.
    """
    return capture(engine.exec_argv(name, ExecSpec(argv=(WRAPPER, "list"))), timeout=ANSWER)


def _deliver(seat: Seat, session_id: str, number: int) -> None:
    """Send a signal to a session by a second exec: no engine's exec client forwards signals."""
    name = signal.Signals(number).name.removeprefix("SIG")
    spec = ExecSpec(argv=(WRAPPER, "signal", session_id, name))
    with suppress(TimeoutError):
        capture(seat.engine.exec_argv(seat.container.name, spec), timeout=15)


def resolve_env(wanted: Mapping[str, str | None]) -> dict[str, str]:
    """Values for `--env`: a bare name takes the caller's value, or nothing where there is none."""
    values = {name: os.environ.get(name) if value is None else value for name, value in wanted.items()}
    return {name: value for name, value in values.items() if value is not None}
