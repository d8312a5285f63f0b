"""Containers that are behind and idle are made anew, one by one, as `--recreate` does it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from contenant import locks
from contenant.app import configuration, engines, outfit, policy, service
from contenant.app.behind import is_behind, wanted_image
from contenant.app.desired import kept_image, want, with_metadata
from contenant.app.inventory import look_around
from contenant.app.ledger import Ledger
from contenant.app.moved import note_place
from contenant.app.project import resolve
from contenant.app.results import Ui
from contenant.app.steps import Site, perform
from contenant.app.sync import settle
from contenant.core.plan_clean import sessions_text
from contenant.core.plan_run import Desired, Facts, Options, Step, anew, plan_run
from contenant.core.records import ContainerRecord
from contenant.core.settings import Settings
from contenant.core.values import EngineName
from contenant.errors import BusyError, ContenantError

if TYPE_CHECKING:
    from contenant.engines.base import Engine

PATIENCE = 5.0  # seconds to wait for another contenant at the container


class Moved(NamedTuple):
    """What became of a container that is behind."""

    name: str
    project: str  # canonical path
    engine: EngineName
    claude: str  # version in it before
    result: Literal["behind", "recreated", "kept", "failed"]  # behind: nobody asked for more
    reason: str


class KeptError(BusyError):
    """A container that is left as it is, and why."""


def behind(ledger: Ledger, settings: Settings) -> list[tuple[ContainerRecord, str]]:
    """Containers on record that new ones would not be like, and the paths of their projects."""
    view, current = ledger.snapshot(), kept_image(settings)
    found = []
    for container in view.containers() if view else ():
        path = ledger.project_path(container.project_id)
        if is_behind(container.image, wanted_image(ledger, path, current)):
            found.append((container, path))
    return sorted(found, key=lambda item: item[0].name)


def moved(
    container: ContainerRecord, path: str, result: Literal["behind", "recreated", "kept", "failed"], why: str
) -> Moved:
    """One line of the answer."""
    from contenant.core.versions import tagged_version

    return Moved(container.name, path, container.engine, tagged_version(container.image), result, why)


def recreate_idle(ledger: Ledger, settings: Settings, ui: Ui) -> list[Moved]:
    """Make each anew that is behind and in which no session lives; the rest is kept, with the reason.

    Creation options stay, as with `--recreate`. A failure of one container is its own.
    """
    survey = look_around(ledger, settings.engine)
    jobs, found = behind(ledger, settings), []
    for number, (container, path) in enumerate(jobs, 1):
        ui.progress(f"recreating {container.name}", number, len(jobs))
        try:
            if container.engine in survey.unreachable:
                raise survey.unreachable[container.engine]
            with locks.held(container.name, lambda: None, PATIENCE):
                _recreate(ledger, survey.connected[container.engine], container, path, ui)
            found.append(moved(container, path, "recreated", "no session lived in it"))
        except BusyError as error:
            found.append(moved(container, path, "kept", error.message))
        except ContenantError as error:
            found.append(moved(container, path, "failed", error.advice))
    ui.finish()
    return found


def _recreate(ledger: Ledger, engine: Engine, old: ContainerRecord, path: str, ui: Ui) -> None:
    """The caller holds the container's lock. Raises KeptError where it is not to be touched."""
    settled = settle(engine, engine.containers(), ledger, frozenset({old.name}))
    container = next((c for c in settled.recorded.containers if c.id == old.id), None)
    report = next((r for r in settled.reports if container and r.engine_id == container.engine_id), None)
    if container is None or report is None:
        raise KeptError("it is gone, or not where it was made")
    live = tuple(s for s in settled.recorded.sessions if s.container_id == container.id)
    _refuse(container, report.state, len(live), path)
    project = resolve(Path(path), force=True, variant=container.variant)  # whoever made it there said so
    flags: dict[str, Any] = json.loads(container.flags)
    settings = configuration.load(ledger, path, flags)
    project, _ = with_metadata(ledger, project, settings)
    wanted = want(project, settings, engine.name, policy.gather(ledger, path, container), int(time.time()))
    if not is_behind(container.image, wanted.image):
        raise KeptError("it is not behind any more")
    holder = next((r for r in settled.reports if r.name == project.name), None)
    plan = plan_run(
        Desired(project.name, wanted.image, wanted.spec_hash, project.variant),
        Facts(container, report, holder, live),
        Options(recreate=True),
    )
    service.check(engine, ui)
    site = Site(ledger, engines.fit(ledger, engine), project, settings, wanted, flags)
    outfit.prepare_home(project, settings, wanted.spec.owner, ui)
    perform(site, _as_it_was(plan.steps, report.state), container, ui)
    note_place(ledger, project)


def _as_it_was(steps: tuple[Step, ...], state: str) -> tuple[Step, ...]:
    """One that did not run is not started."""
    return steps if state == "running" else tuple(step for step in steps if step != "start")


def _refuse(container: ContainerRecord, state: str, live: int, path: str) -> None:
    if live:
        raise KeptError(f"{sessions_text(live)} in it")
    if state == "paused":
        raise KeptError("it is paused")
    if container.spec == "{}":
        raise KeptError(f"how it was made is not on record; `{anew(container.variant)}` there makes it anew")
    if not Path(path).is_dir():
        raise KeptError("its project directory is gone")
