"""A project whose directory was moved: recognised by its device and inode, and its record carried over."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from contenant import locks
from contenant.app import engines
from contenant.app.ledger import Ledger
from contenant.app.project import Project, identify
from contenant.app.results import Ui
from contenant.app.steps import remove
from contenant.app.sync import settle
from contenant.core import changes
from contenant.core.names import container_name
from contenant.core.records import MISSING, ContainerRecord, ProjectRecord
from contenant.errors import BusyError, NotFoundError, UsageError
from contenant.paths import home_dir
from contenant.store.lookups import further


def place_of(path: str) -> str:
    """`device:inode` of a directory."""
    status = Path(path).stat()
    return f"{status.st_dev}:{status.st_ino}"


def wanted(ledger: Ledger, project: Project, adopt_from: Path | None, ui: Ui) -> ProjectRecord | None:
    """The record that is to be carried over to `project`: named, or recognised and agreed to.

    Raises NotFoundError for a path without a record, UsageError where that directory is still there or this
    one has a record of its own.
    """
    known = ledger.project(project.path)
    if adopt_from is not None:
        return _named(ledger, project, known, adopt_from)
    if known is not None:
        return None
    found = _recognised(ledger, place_of(project.path))
    if found is None:
        return None
    answer = ui.confirm(
        f"This directory was {found.path} when contenant last ran here. Carry its history, rules and agent's"
        " home over? Its container is made anew."
    )
    if answer is None:
        ui.note(f"this directory was {found.path}: --adopt-from {found.path} carries its record over")
    return found if answer else None


def _named(
    ledger: Ledger, project: Project, known: ProjectRecord | None, adopt_from: Path
) -> ProjectRecord | None:
    old = identify(adopt_from)[0]
    if old == project.path or (known is not None and ledger.project(old) is None):
        return None  # it was carried over before
    if known is not None:
        raise UsageError(f"{project.path} has a record of its own", hint="leave out --adopt-from")
    found = ledger.project(old)
    if found is None:
        raise NotFoundError(f"no project at {old} is on record", hint="`contenant list` shows all")
    if os.path.lexists(old):
        raise UsageError(
            f"{old} is still there", hint="a copy is a project of its own: leave out --adopt-from"
        )
    return found


def _recognised(ledger: Ledger, place: str) -> ProjectRecord | None:
    view = ledger.snapshot()
    known = view.projects() if view else []
    mine = [project for project in known if project.place.removeprefix(MISSING) == place]
    gone = [project for project in mine if not os.path.lexists(project.path)]
    return max(gone, key=lambda project: project.last_used, default=None)


def carry_over(ledger: Ledger, old: ProjectRecord, project: Project, ui: Ui) -> None:
    """Bind a record to the new directory. The caller holds the lock of the new name.

    Containers are removed: their mounts lead to where nothing is any more. Raises BusyError where a session
    lives in one, EngineUnavailableError where one cannot be asked; then nothing was changed.
    """
    store = ledger.store()
    variants = {""} | {variant for owner, variant in further(store) if owner == old.id}
    names = {container_name(old.path, variant): container_name(project.path, variant) for variant in variants}
    with ExitStack() as stack:
        for name in sorted(names):
            stack.enter_context(locks.container(name, ui.note))
        for container in store.containers(project_id=old.id):
            _remove(ledger, frozenset(names), container)
        for was, now in names.items():
            _move_home(was, now)
        moved = changes.project_moved(old.id, old.path, project.path)
        store.apply([moved, changes.project_located(old.id, place_of(project.path))])
    ledger.close()  # it keeps paths
    ui.note(f"the record of {old.path} is now this directory's")


def _remove(ledger: Ledger, held: frozenset[str], container: ContainerRecord) -> None:
    engine = engines.connect(ledger, container.engine)
    settled = settle(engine, engine.containers(), ledger, held)
    if container.engine_id not in {report.engine_id for report in settled.reports}:
        return  # gone, or in another store, whose record stays as it is
    live = [s for s in settled.recorded.sessions if s.container_id == container.id]
    if live:
        raise BusyError(
            f"{len(live)} live sessions in {container.name}, whose project was moved",
            hint="end them first: `contenant stop` with its old path and --force",
        )
    remove(ledger, engine, container, "its project was moved")


def _move_home(old: str, new: str) -> None:
    """The agent's home goes along, unless the new place has one already."""
    source, target = home_dir(old), home_dir(new)
    if source.is_dir() and not os.path.lexists(target):
        source.rename(target)


def note_place(ledger: Ledger, project: Project) -> None:
    """Keep where the directory lies, by which it is recognised after a move."""
    record = ledger.project(project.path)
    if record is not None and record.place != (place := place_of(project.path)):
        ledger.store().apply([changes.project_located(record.id, place)])
