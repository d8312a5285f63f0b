"""`contenant [run]`: bring the project's container up and run one session in it.

Under the container's lock: reconcile, plan, apply step by step, record the session. Then the lock is let go
and the session has the terminal. Each step is recorded before and after, so that a crash anywhere is healed
by the next reconcile.
"""

import gc
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from contenant import config, locks
from contenant.app import (
    arrival,
    configuration,
    engines,
    flags,
    lent,
    outfit,
    policy,
    service,
    session,
    wayback,
)
from contenant.app.current import current_version
from contenant.app.desired import Wanted, want, with_metadata
from contenant.app.early import Early
from contenant.app.ledger import Ledger
from contenant.app.project import Project, container_dir, resolve
from contenant.app.results import RunRequest, Ui
from contenant.app.steps import Site, late_rules, perform
from contenant.app.sync import Settled, note_whereabouts
from contenant.core.plan_run import Desired, Facts, Options, RunPlan, Step, plan_run
from contenant.core.reconcile import Whereabouts, here
from contenant.core.records import MISSING, ContainerRecord, ProjectRecord, SessionRecord
from contenant.core.settings import Settings
from contenant.core.values import ContainerReport
from contenant.credentials.deliver import wants_credential
from contenant.engines.base import Engine, OciRuntimeError
from contenant.errors import ContenantError

Show = Callable[[Ledger, session.Seat, SessionRecord, Ui], tuple[int, bool]]
BRIEF = 2.0  # seconds
ATTEMPTS = 3  # at a session whose container ends by itself meanwhile


class Ready(NamedTuple):
    """A session that is recorded and can be shown."""

    seat: session.Seat
    session: SessionRecord
    site: Site


def run(request: RunRequest, ui: Ui, begun: Callable[[str], None] = lambda _id: None) -> int:
    """Run or reattach; returns the session's exit code. Raises any ContenantError.

    A session that is to be detached is begun, `begun` is called with its id, and the code is 0.
    """
    if request.worktree is not None:
        from contenant.app import worktree  # few runs make one

        request = worktree.enter(request, request.worktree, ui)
    project = resolve(request.path, force=request.force, variant=request.variant)
    base = config.load(None, os.environ, {})
    with Ledger(base.database_url) as ledger:
        moved = _moved(ledger, project, request, ui)
        with locks.container(project.name, ui.note):
            if moved is not None:
                _carry_over(ledger, moved, project, ui)
            ready = _prepare(ledger, project, base, request, ui, placed=not base.max_running)
        if ready is None:
            with (
                _place(ledger, base, project, ui, wait=not request.no_wait),
                locks.container(project.name, ui.note),
            ):
                ready = _prepare(ledger, project, base, request, ui, placed=True)
        assert ready is not None  # with a place
        _settle_memory()
        ui.finish()  # the terminal is the session's now
        began = time.monotonic()
        code, ended = _show(ready, ui)
        if ended:
            from contenant.app import ending  # no start waits for what an end needs

            brief = code == 0 and time.monotonic() - began < BRIEF and ready.session.kind == "command"
            seat, settings = session.current(ledger, ready.seat), ready.site.settings
            ending.close(ledger, seat, ready.session, project.path, settings, ui, brief=brief)
        elif ready.seat.detached:
            begun(ready.session.id)
        else:
            again = f"contenant --name {project.variant}" if project.variant else "contenant"
            ui.note(f"detached; `{again}` here comes back to it")
    return code


def _place(
    ledger: Ledger, base: Settings, project: Project, ui: Ui, *, wait: bool
) -> AbstractContextManager[None]:
    """A place among the containers that run, held while this one starts."""
    if not base.max_running:
        return nullcontext()
    from contenant.app import places  # few installations have a limit

    return places.taken(ledger, base, project.name, ui, wait=wait)


def _show(ready: Ready, ui: Ui) -> tuple[int, bool]:
    """The session, as `session.show`; begun anew where its container ended by itself before it was there."""
    ledger, project = ready.site.ledger, ready.site.project
    show: Show = session.show
    if ready.seat.detached:
        from contenant.app import detached  # few sessions are

        show = detached.launch
    place = container_dir(project.name)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return show(ledger, ready.seat, ready.session, ui)
        except session.MissedError as missed:
            failure = arrival.start_failure(project.name, place) or (missed if attempt == ATTEMPTS else None)
            if failure is not None:
                session.give_up(ledger, ready.seat, ready.session, ui)
                raise failure from missed
        ui.note(f"{project.name} had just ended; it is started again")
        try:
            _start_again(ready, ui)
        except (ContenantError, KeyboardInterrupt):  # whatever holds it up: there is no session
            session.give_up(ledger, ready.seat, ready.session, ui)
            raise
    raise AssertionError("the last attempt returns or raises")


def _start_again(ready: Ready, ui: Ui) -> None:
    ledger, project = ready.site.ledger, ready.site.project
    with _place(ledger, ready.site.settings, project, ui, wait=True), locks.container(project.name, ui.note):
        perform(ready.site, ("start",), ready.seat.container._replace(state="stopped"), ui)
    arrival.announce(container_dir(project.name), ready.session.id)


def _moved(ledger: Ledger, project: Project, request: RunRequest, ui: Ui) -> ProjectRecord | None:
    """A record from where the directory was before. A known project pays nothing for it."""
    if request.worktree is not None:  # a new directory, whatever was where it is now
        return None
    if request.adopt_from is None and ledger.project(project.path) is not None:
        return None
    from contenant.app import moved

    return moved.wanted(ledger, project, request.adopt_from, ui)


def _carry_over(ledger: Ledger, old: ProjectRecord, project: Project, ui: Ui) -> None:
    from contenant.app import moved

    moved.carry_over(ledger, old, project, ui)


def _settle_memory() -> None:
    """The process now lives as long as its session: the collector, off for a fast start, comes back."""
    gc.freeze()
    gc.enable()


def _prepare(
    ledger: Ledger, project: Project, base: Settings, request: RunRequest, ui: Ui, *, placed: bool
) -> Ready | None:
    """Bring everything up for the session; None where a container is to start without being `placed`."""
    recorded = _recorded(ledger, project)
    engine = engines.pick(ledger, request.engine, engines.latest_engine(recorded), base.engine).engine
    likely = Early(ledger, engine, project.path)
    try:
        if not recorded and placed:
            likely.begin(flags.given(request, None))
        return _prepared(ledger, project, likely, request, ui, placed=placed)
    finally:
        likely.give_up()


def _prepared(
    ledger: Ledger, project: Project, likely: Early, request: RunRequest, ui: Ui, *, placed: bool
) -> Ready | None:
    engine = likely.engine
    release, settled = service.settle_first(engine, ledger, project.name, ui)
    record = ledger.project(project.path)
    container = here(settled.recorded, settled.reports, record.id, project.variant) if record else None
    options = flags.given(request, container)
    settings = _settings(ledger, project, likely.settings(options), ui)
    project, told = with_metadata(ledger, project, settings)
    given = policy.gather(ledger, project.path, container)
    wanted = want(project, settings, engine.name, given, int(time.time()))
    plan = _plan(project, wanted, settled, container, request)
    if plan.steps and not placed:
        return None
    made = "create" in plan.steps  # then it is not left behind
    more = (*settings.notes, *told) if made else service.left_behind(release, container)
    engine = _fit(ledger, engine, plan, (*plan.notices, *more), ui)
    agent = lent.ssh(ledger, project, settings, plan, ui, detached=request.detach)
    lent.tell_limits(engine.name, settings, plan, ui)
    lent.check_ports(ledger, settings, container, plan, ui)
    survey = likely.take(wanted.image) if made else None
    identity = None
    if plan.steps or wants_credential(request.argv):
        identity = outfit.prepare_home(project, settings, wanted.spec.owner, ui)
    site = Site(ledger, engine, project, settings, wanted, flags.sticky(options), survey, identity=identity)
    container = _bring_up(site, plan.steps, container, ui)
    _note_place(ledger, project, plan, record)
    wayback.catch_up(ledger, container, {one.id for one in settled.recorded.sessions}, project.path, ui)
    if made:
        container = _furnish(site, given, container, ui)
    seat = _seat(site, container, plan, request, ui)._replace(ssh=agent)
    joined = _session(ledger, seat, plan, request, ui)
    if plan.attach is None:
        wayback.begin(container, joined.id, project.path)
    return Ready(seat, joined, site)


def _furnish(site: Site, given: policy.Given, container: ContainerRecord, ui: Ui) -> ContainerRecord:
    """What a new container is given beside what it was made with."""
    container = late_rules(site, given, container)
    lent.furnish(site.ledger, site.engine, container, site.project, site.settings, ui)
    return container


def _seat(site: Site, container: ContainerRecord, plan: RunPlan, request: RunRequest, ui: Ui) -> session.Seat:
    """Where the session takes place, and what it gets but for the SSH agent."""
    services = lent.services(site.ledger, site.project, site.settings, plan, ui, detached=request.detach)
    dress = _outfit(site, plan, request, ui)
    return session.Seat(
        site.engine, container, _tty(request), dress, services=services,
        returning=plan.attach is not None, detached=request.detach, notify=site.settings.notify,
    )  # fmt: skip


def _settings(ledger: Ledger, project: Project, settings: Settings, ui: Ui) -> Settings:
    """The project's settings; files that changed are put on record, and what waits for trust is said."""
    configuration.note(ledger, settings, project.path)
    if told := config.pending_message(settings):
        ui.warn(told)
    return settings


def _note_place(ledger: Ledger, project: Project, plan: RunPlan, known: ProjectRecord | None) -> None:
    """Looked at when the container is made or started: a session beside others pays nothing for it."""
    if known is not None and known.place.startswith(MISSING):
        note_whereabouts(ledger, [Whereabouts(known.id, known.path, known.place, there=True)])
    if plan.steps:
        from contenant.app.moved import note_place

        note_place(ledger, project)


def _fit(ledger: Ledger, engine: Engine, plan: RunPlan, notices: tuple[str, ...], ui: Ui) -> Engine:
    """Say what there is to say; the engine, able to create where that is planned."""
    for notice in notices:
        ui.note(notice)
    if "create" not in plan.steps:
        return engine
    service.check(engine, ui)
    return engines.fit(ledger, engine)


def _bring_up(
    site: Site, steps: tuple[Step, ...], container: ContainerRecord | None, ui: Ui
) -> ContainerRecord:
    """Perform the steps; where the OCI runtime fails, once more with one that works.

    Only a container that never ran is made anew for that: nothing is in it yet.
    """
    try:
        return perform(site, steps, container, ui)
    except OciRuntimeError:
        record = site.ledger.project(site.project.path)
        made = site.ledger.container_of(record, site.engine.name, site.project.variant)
        if made is None or made.state != "created":
            raise
        site = site._replace(engine=engines.refit(site.ledger, site.engine), asked=None)
        return perform(site, ("image", "remove", "create", "start"), made, ui)


def _recorded(ledger: Ledger, project: Project) -> list[ContainerRecord]:
    source = ledger.snapshot()
    known = source.containers() if source else []
    own = [container for container in known if container.name == project.name]
    if own or not project.variant:
        return own
    record = ledger.project(project.path)  # a further container is made where the others are
    return [container for container in known if record and container.project_id == record.id]


def _tty(request: RunRequest) -> bool:
    return request.stdin_tty and request.stdout_tty and not request.detach


def _outfit(site: Site, plan: RunPlan, request: RunRequest, ui: Ui) -> outfit.Outfit:
    """A session that is come back to has its own already, but for the terminal it is shown on."""
    if plan.attach is not None:
        return outfit.of_terminal(os.environ)
    asked = session.resolve_env(site.settings.env)
    version = current_version(site.settings)
    return outfit.dress(site.project, request.argv, asked, _tty(request), version, ui, identity=site.identity)


def _plan(
    project: Project,
    wanted: Wanted,
    settled: Settled,
    container: ContainerRecord | None,
    request: RunRequest,
) -> RunPlan:
    facts = Facts(
        record=container,
        report=_report_of(container, settled.reports),
        holder=next((r for r in settled.reports if r.name == project.name), None),
        live=tuple(s for s in settled.recorded.sessions if container and s.container_id == container.id),
    )
    options = Options(
        recreate=request.recreate,
        force=request.force,
        new=request.new,
        agent=not request.argv,
        terminal=_tty(request),
    )
    return plan_run(Desired(project.name, wanted.image, wanted.spec_hash, project.variant), facts, options)


def _report_of(
    container: ContainerRecord | None, reports: tuple[ContainerReport, ...]
) -> ContainerReport | None:
    if container is None:
        return None
    return next((r for r in reports if r.engine_id == container.engine_id), None)


def _session(ledger: Ledger, seat: session.Seat, plan: RunPlan, request: RunRequest, ui: Ui) -> SessionRecord:
    if plan.attach is None:
        return session.begin(ledger, seat, request.argv)
    ui.note(f"back to the session of {plan.attach.started}; --new starts another")
    return session.rejoin(ledger, plan.attach, seat.container.project_id)
