"""Reconcile in practice: gather what one engine and the host say, decide, and record what changed.

Every structural change is made under the lock of its container, from a listing asked for under that lock;
what another contenant is working on is left to it.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contenant import host, locks
from contenant.app.ledger import Ledger
from contenant.app.project import container_dir
from contenant.core import changes, labels, names
from contenant.core.changes import Change
from contenant.core.reconcile import (
    Finding,
    Observed,
    Recorded,
    Whereabouts,
    needs_identity,
    orphans,
    reconcile,
    whereabouts,
)
from contenant.core.records import ContainerRecord, ProjectRecord, SessionRecord
from contenant.core.values import ContainerReport, EngineName
from contenant.engines.base import Engine, Listing
from contenant.errors import StateError

if TYPE_CHECKING:
    from contenant.store.store import Store


class Settled(NamedTuple):
    """Records and reports that agree."""

    recorded: Recorded
    reports: tuple[ContainerReport, ...]


def settle(
    engine: Engine,
    listing: Listing,
    ledger: Ledger,
    held: frozenset[str] = frozenset(),
    *,
    early: bool = False,
) -> Settled:
    """Bring the records of one engine up to date.

    `held`: container names whose locks the caller holds, and held when it asked for `listing`; with `early`
    it asked before, and the engine is asked again where the two differ. Raises EngineUnavailableError, and
    then nothing was changed.
    """
    reports = listing.result()
    drop_ended(ledger)
    recorded = ledger.read(engine.name)
    findings, strays = _differences(engine, recorded, reports)
    if not findings and not strays:
        return Settled(recorded, reports)
    sure = [finding.change for finding in findings if not finding.structural]
    touched = {f.name for f in findings if f.structural} | {report.name for report in strays}
    if sure:
        ledger.store().apply(sure)
    if not touched or (touched <= held and not early):
        _repair(engine, ledger, findings, strays, touched)
    else:
        reports = _repair_under_locks(engine, ledger, touched, held)
    return Settled(ledger.read(engine.name), reports)


def drop_ended(ledger: Ledger) -> None:
    """Record the end of rules whose time is over. Containers keep to it by themselves."""
    view = ledger.snapshot()
    if ended := view.ended_rules(host.now_text()) if view else []:
        ledger.store().apply([changes.rule_removed(rule, "ended") for rule in ended])


def note_whereabouts(ledger: Ledger, projects: Iterable[Whereabouts]) -> None:
    """Record which projects' directories went, and which are back. Who only looks is shown it in any case:
    a database that cannot be written stops nobody."""
    if told := whereabouts(projects):
        with suppress(StateError):
            ledger.store().apply(told)


def _repair_under_locks(
    engine: Engine, ledger: Ledger, touched: set[str], held: frozenset[str]
) -> tuple[ContainerReport, ...]:
    with ExitStack() as stack:
        free = {name for name in sorted(touched - held) if stack.enter_context(locks.try_held(name))}
        reports = engine.containers().result()
        findings, strays = _differences(engine, ledger.read(engine.name), reports)
        _repair(engine, ledger, findings, strays, free | held)
    return reports


def _repair(
    engine: Engine,
    ledger: Ledger,
    findings: Sequence[Finding],
    strays: Sequence[ContainerReport],
    names_held: set[str] | frozenset[str],
) -> None:
    wanted = [f.change for f in findings if f.structural and f.name in names_held]
    adopted = [report for report in strays if report.name in names_held]
    if not wanted and not adopted:
        return
    store = ledger.store()
    identity = engine.identity() if adopted else ""
    fresh: dict[str, ProjectRecord] = {}  # several containers may be of one project
    for report in adopted:
        wanted += (found := _adoption(store, engine.name, identity, report, fresh))
        if (made := _made_as(report)) != report.name:
            _follow(made, report.name)
        if report.state == "running":
            from contenant.app import adopted as inside  # after a lost database

            wanted += inside.sessions(engine, ContainerRecord(**found[-1].data))
    store.apply(wanted)
    for finding in findings:
        if finding.change in wanted and finding.change.kind == "container.gone":
            _clear_place(store, finding.name)
        if finding.change in wanted and finding.change.kind == "container.renamed":
            _follow(finding.name, finding.change.data["to"])


def _made_as(report: ContainerReport) -> str:
    """What a container was called when it was made, by its labels."""
    variant = labels.decode(report.labels.get(labels.VARIANT, ""))
    path = labels.decode(report.labels.get(labels.PROJECT, ""))
    return names.container_name(path, variant if names.is_variant(variant) else "")


def _follow(old: str, new: str) -> None:
    from contenant.app import place  # rarely needed

    place.follow(old, new)


def _clear_place(store: "Store", name: str) -> None:
    """Unless a container of that name in another store has its policy and sessions there."""
    from contenant.app import place  # rarely needed

    if not any(container.name == name for container in store.containers()):
        place.clear(name)


def _differences(
    engine: Engine, recorded: Recorded, reports: tuple[ContainerReport, ...]
) -> tuple[list[Finding], list[ContainerReport]]:
    boot = host.boot_id() if recorded.sessions else ""
    dead = _dead(recorded.sessions, boot)
    observed = Observed(
        engine=engine.name,
        identity="",
        reports=reports,
        dead=dead,
        traceless=_traceless(
            recorded, dead, boot
        ),  # before the exits: one that ends now leaves its code first
        exits=_exits(recorded),
        owner=host.installation_id(),
    )
    if needs_identity(recorded, observed):
        observed = observed._replace(identity=engine.identity())
    return reconcile(recorded, observed), orphans(recorded, observed)


def _dead(sessions: Sequence[SessionRecord], boot: str) -> frozenset[str]:
    """Sessions whose contenant is gone."""
    return frozenset(
        session.id
        for session in sessions
        if not host.is_alive(host.ProcessMark(session.pid, session.pid_start, session.boot_id), boot)
    )


def _traceless(recorded: Recorded, dead: frozenset[str], boot: str) -> frozenset[str]:
    """Detachable sessions that no process of the host answers for and that cannot live: they began before
    this machine's last start, or their container, started anew, has forgotten them.
    """
    return frozenset(
        session.id
        for session, directory in _places(recorded)
        if session.detachable
        and session.id in dead
        and (session.boot_id != boot or not claimed(directory, session.id))
    )


def _places(recorded: Recorded) -> list[tuple[SessionRecord, Path]]:
    """Each session with the directory of its container."""
    called = {container.id: container.name for container in recorded.containers if recorded.sessions}
    return [(session, container_dir(called[session.container_id])) for session in recorded.sessions]


def claimed(directory: Path, session_id: str) -> bool:
    """Whether the container still has a session on its list: its file goes after its exit code has come."""
    return os.path.lexists(directory / "sessions" / f"{session_id}.pid")


def _exits(recorded: Recorded) -> dict[str, int]:
    """Exit codes that the containers' session wrappers left behind, by session."""
    found = {}
    for session, directory in _places(recorded):
        if (code := read_exit(directory, session.id)) is not None:
            found[session.id] = code
    return found


def read_exit(directory: Path, session_id: str) -> int | None:
    """The exit code in a session's exit file; None when there is none. The file is not trusted."""
    try:
        with (directory / "sessions" / f"{session_id}.exit").open("rb") as file:
            text = file.read(8).strip()
    except OSError:
        return None
    return int(text) if text.isdigit() and int(text) <= 255 else None


def _adoption(
    store: "Store",
    engine: EngineName,
    identity: str,
    report: ContainerReport,
    fresh: dict[str, ProjectRecord],
) -> list[Change]:
    """A container with our labels and no record: rebuild both its rows from the labels.

    `fresh`: projects that are to be recorded with it, by path; a new one is added.
    """
    marks = {key: labels.decode(value) for key, value in report.labels.items()}
    path, variant = marks.get(labels.PROJECT, ""), marks.get(labels.VARIANT, "")
    now = host.now_text()
    project = store.project_by_path(path) or fresh.get(path)
    found: list[Change] = []
    if project is None:
        project = ProjectRecord(store.new_id(), path, names.container_name(path), now, report.created or now)
        found.append(changes.project_added(project))
        fresh[path] = project
    container = ContainerRecord(
        id=marks.get(labels.CONTAINER) or store.new_id(),
        project_id=project.id,
        engine=engine,
        engine_identity=identity,
        name=report.name,
        engine_id=report.engine_id,
        image=marks.get(labels.IMAGE, report.image),
        policy=marks.get(labels.POLICY, ""),
        spec_hash=marks.get(labels.SPEC, ""),
        state=report.state,
        created=report.created or now,
        last_seen=now,
        last_used=report.created or now,
        engine_version=marks.get(labels.ENGINE, ""),
        variant=variant if names.is_variant(variant) else "",
    )
    return [*found, changes.container_adopted(container)]
