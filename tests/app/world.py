"""The use cases over an engine in memory and a real database: nothing is started, everything is recorded."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contenant import host
from contenant.app import (
    clean,
    current,
    desired,
    engines,
    inventory,
    outfit,
    place,
    policy,
    run,
    session,
    steps,
    stop,
)
from contenant.app.inventory import Inventory
from contenant.app.ledger import Ledger
from contenant.app.project import Target
from contenant.app.results import CleanRequest, Outcome, RunRequest
from contenant.core.records import ContainerRecord, EventRecord
from contenant.core.values import ContainerReport
from contenant.engines.select import Choice
from contenant.image import build, claude
from contenant.image.apt import NONE
from contenant.image.recipe import BASE
from tests.memory_engine import MemoryEngine

IMAGE = "contenant:1-000000000000"


class SilentUi:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.answer: bool | None = None
        self.silence = ""  # what is said when nothing else is

    def note(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.said.append(text)

    def progress(self, text: str, done: int = 0, total: int = 0) -> None:
        del text, done, total

    def waiting(self, text: str) -> None:
        self.silence = text

    def finish(self) -> None:
        self.silence = ""

    def confirm(self, question: str) -> bool | None:
        self.asked.append(question)
        return self.answer


class World:
    """One user's installation: a state directory, an engine, projects."""

    def __init__(self, patch: pytest.MonkeyPatch | None = None) -> None:
        """`patch` is the test's own where it changes the same things: it then puts them back in one go."""
        self.home = Path(tempfile.mkdtemp(prefix="contenant-world-"))
        self.engine = MemoryEngine()
        self.ui = SilentUi()
        self._patch = patch or pytest.MonkeyPatch()
        self._patch.setenv("CONTENANT_HOME", str(self.home / "state"))
        self._patch.setattr(engines, "make", lambda name, runtime="": self.engine)
        self._patch.setattr(engines, "choose", lambda *given: Choice("podman", "the only one"))
        self._patch.setattr(engines, "find_working_runtime", lambda name: "")
        self._patch.setattr(desired, "kept_image", lambda settings: IMAGE)
        self._patch.setattr(current, "kept_image", lambda settings: IMAGE)
        self._patch.setattr(inventory, "kept_image", lambda settings: IMAGE)
        self._patch.setattr(steps, "_ensure_image", lambda site, ui: self.engine.add_image(IMAGE))
        self._patch.setattr(session, "attach", lambda argv, **given: 0)
        self._patch.setattr(policy, "apply_live", lambda engine, name: None)
        self._patch.setattr(outfit, "prepare_home", lambda project, settings, owner, ui: None)
        for module in (desired, place):
            self._patch.setattr(module, "needs_idmap", lambda project: False)

    def close(self) -> None:
        """Put everything back."""
        self._patch.undo()
        shutil.rmtree(self.home)

    def project(self, name: str) -> Path:
        """A project directory."""
        path = self.where(name)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def where(self, name: str) -> Path:
        """Where that directory is, or would be."""
        return self.home / "projects" / name

    def set_clock(self, back: timedelta) -> None:
        """The machine's clock is behind the true time by that much."""
        self._patch.setattr(host, "now", lambda: datetime.now(UTC) - back)

    def run(
        self,
        name: str,
        *,
        keep: bool = True,
        recreate: bool = False,
        adopt_from: Path | None = None,
        variant: str = "",
    ) -> int:
        """`contenant -- true` in a project; with `keep` the container goes on running."""
        self._patch.setenv("CONTENANT_KEEP_RUNNING", "true" if keep else "false")
        request = RunRequest(
            self.project(name), ("true",), recreate=recreate, adopt_from=adopt_from, variant=variant
        )
        return run.run(request, self.ui)

    def stop(self, name: str, variant: str | None = None) -> list[Outcome]:
        """`contenant stop PATH [--name VARIANT]`."""
        return stop.stop([Target(self.project(name), variant)], all=False, force=False, ui=self.ui)

    def clean(self, *, force: bool = False) -> list[Outcome]:
        """`contenant clean --all --yes`."""
        request = CleanRequest(all=True, force=force)
        return clean.apply(clean.plan(request, self.ui), request, self.ui)

    def list(self) -> Inventory:
        """`contenant list`."""
        return inventory.inventory(self.ui)

    def events(self) -> list[EventRecord]:
        """The whole audit log."""
        with Ledger() as ledger:
            view = ledger.snapshot()
            return list(view.events()) if view else []

    def recorded(self) -> dict[str, str]:
        """Engine id → state of every container that is not gone."""
        with Ledger() as ledger:
            view = ledger.snapshot()
            return {c.engine_id: c.state for c in view.containers()} if view else {}

    def every_container(self) -> list[ContainerRecord]:
        """Every container on record, gone or not."""
        with Ledger() as ledger:
            view = ledger.snapshot()
            return view.containers(gone=None) if view else []

    def is_on_record_as_there(self, path: str) -> bool:
        """Whether the last that the audit log says of a project's directory is not that it went."""
        with Ledger() as ledger:
            known = ledger.project(path)
        told = ("project.missing", "project.found", "project.located")
        own = [e.kind for e in self.events() if known and e.subject == known.id and e.kind in told]
        return own[-1:] != ["project.missing"]

    def marks(self) -> set[str]:
        """Our ids of the containers that are not gone."""
        return {container.id for container in self.every_container() if not container.gone}

    def reports(self) -> tuple[ContainerReport, ...]:
        """What the engine really has, reachable or not."""
        return tuple(self.engine._containers.values())

    def own_id(self) -> str:
        """This installation's id."""
        assert os.environ["CONTENANT_HOME"].startswith(str(self.home))
        return host.installation_id()


def building_world(patch: pytest.MonkeyPatch) -> World:
    """An installation whose images are named by their recipes and built, by an engine in memory."""
    kept_image, ensure_image = desired.kept_image, steps._ensure_image
    made = World(patch)
    for module in (desired, inventory):
        patch.setattr(module, "kept_image", kept_image)
    patch.setattr(steps, "_ensure_image", ensure_image)
    patch.setattr(build, "host_sources", lambda: NONE)
    patch.setattr(claude, "obtain", lambda *given: None)
    made.engine.add_image(BASE)
    return made
