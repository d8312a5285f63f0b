"""Have the image that the recipe asks for: there, or built with progress shown and a log kept."""

import json
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TextIO

from contenant import host, locks
from contenant.core import changes, labels
from contenant.core.ages import to_text
from contenant.core.chain import canonical
from contenant.core.changes import Change
from contenant.core.records import ImageRecord
from contenant.core.values import BuildSpec, ImageReport
from contenant.errors import ContenantError, ImageBuildError, StateError
from contenant.image import claude, context, layers, provenance
from contenant.image.apt import Sources, host_sources
from contenant.image.base import Base, provide
from contenant.image.fetch import side_by_side
from contenant.image.progress import Step, Tracker, count_steps
from contenant.image.recipe import Recipe, current
from contenant.image.steps import StepTimes
from contenant.paths import ensure_private, state_dir

if TYPE_CHECKING:
    from contenant.core.settings import Settings
    from contenant.engines.base import Engine

Journal = Callable[[Change], object]
LOCK = "image"  # held by who builds, loads or removes one
_PATIENCE = 3600.0  # seconds to wait for another contenant's build
_KEPT_LOGS = 20


class Speaker(Protocol):
    """The part of the use cases' `Ui` that a build needs."""

    def note(self, text: str) -> None: ...

    def progress(self, text: str, done: int = 0, total: int = 0) -> None: ...

    def finish(self) -> None: ...


class Built(NamedTuple):
    """The image to use."""

    reference: str
    recipe: str  # hash of every input
    layer: str
    claude_version: str
    base_origin: str  # local, pulled or bootstrapped
    digest: str
    size: int  # bytes
    built: bool  # False: it was there
    seconds: float
    log: str  # path, "" when nothing was built


def the_only_builder(ui: Speaker, patience: float = locks.PATIENCE) -> AbstractContextManager[None]:
    """Hold the lock under which images are built, loaded and removed. Raises BusyError."""
    return locks.held(LOCK, lambda: ui.note("another contenant builds the image; waiting"), patience)


def ensure(
    engine: "Engine", settings: "Settings", ui: Speaker, journal: Journal, *, no_cache: bool = False
) -> Built:
    """The image that the settings ask for. When the engine has it, nothing is built and nothing recorded;
    else each layer that is missing is built, the lowest first.

    `journal` gets `image.building` before the engine is asked and `image.built` or `image.failed` after.
    `no_cache` builds although it is there, from fresh packages. Raises ImageBuildError, which names the
    log; every image there was is still there then. Also EngineError, ConfigError, BusyError, StateError.
    """
    base = current(settings)
    recipes = (base, *layers.recipes(base, settings.layers))
    if not no_cache and (report := engine.image(recipes[-1].tag)):
        return _there(recipes[-1], report)
    with the_only_builder(ui, _PATIENCE):
        if not no_cache and (report := engine.image(recipes[-1].tag)):
            return _there(recipes[-1], report)
        if warning := engine.build_warning():
            ui.note(warning)
        *below, top = recipes
        for recipe in below:
            if no_cache or engine.image(recipe.tag) is None:
                _Build(engine, recipe, ui, journal).run(no_cache)
        return _Build(engine, top, ui, journal).run(no_cache)


def _there(recipe: Recipe, report: ImageReport) -> Built:
    origin = labels.decode(report.labels.get(labels.BASE_ORIGIN, ""))
    version = recipe.lock.version
    return Built(
        recipe.tag, recipe.hash, recipe.layer, version, origin, report.digest, report.size, False, 0.0, ""
    )


class _Build:
    """One build: its log, its clock, what it tells."""

    def __init__(self, engine: "Engine", recipe: Recipe, ui: Speaker, journal: Journal) -> None:
        self._engine = engine
        self._recipe = recipe
        self._ui = ui
        self._journal = journal
        self._tracker = Tracker(count_steps(recipe.files[recipe.dockerfile].content.decode("utf-8")))
        self._steps = StepTimes(time.monotonic)

    def run(self, no_cache: bool) -> Built:
        recipe, began = self._recipe, time.monotonic()
        self._path, self._log = _open_log(host.now())
        self._journal(changes.image_building(recipe.tag, recipe.hash, recipe.layer, recipe.base))
        self._show = _Show(self._ui)
        try:
            base, report = self._make(no_cache)
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._show.close()
            self._log.close()
        record = self._record(base, report, time.monotonic() - began)
        self._journal(changes.image_built(record))
        return Built(
            recipe.tag, recipe.hash, recipe.layer, recipe.lock.version, base.origin, report.digest,
            report.size, True, record.seconds, str(self._path),
        )  # fmt: skip

    def _make(self, no_cache: bool) -> tuple[Base, ImageReport]:
        recipe = self._recipe
        sources = host_sources()
        base, package = self._below(sources)
        folder = context.write(recipe, context.Extras(sources, package))
        spec = BuildSpec(
            tag=recipe.tag,
            context=str(folder),
            dockerfile=str(folder / recipe.dockerfile),
            build_args=({"BASE": base.reference} if recipe.layer == "base" else {}) | recipe.build_args(),
            labels=provenance.image_labels(recipe, base, to_text(host.now())),
            no_cache=no_cache,
        )
        self._engine.build(spec, self._follow)
        self._steps.end()
        report = self._engine.image(recipe.tag)
        if report is None:
            raise ImageBuildError(f"{self._engine.name} built {recipe.tag}, but does not show it")
        context.remove(folder)
        return base, report

    def _below(self, sources: Sources) -> tuple[Base, Path | None]:
        """What it is built on, and the package of the agent where that is the base's to bring."""
        recipe = self._recipe
        if recipe.layer == "base":
            return side_by_side(lambda: self._base(sources), self._package)
        for other in recipe.needs:
            if self._engine.image(other) is None:
                self._tell(f"pulling {other}")
                if not self._engine.pull(other):
                    raise ImageBuildError(f"{other}, which a stage needs, is not there and cannot be pulled")
        parent = self._engine.image(recipe.base)
        if parent is None:
            raise ImageBuildError(f"{recipe.base}, which the layer lies on, is gone", hint="build it again")
        said = {name: labels.decode(value) for name, value in parent.labels.items()}
        origin, snapshot = said.get(labels.BASE_ORIGIN, ""), said.get(labels.SNAPSHOT, "")
        return Base(recipe.base, origin, parent.digest, snapshot), None  # type: ignore[arg-type]  # as it was written

    def _base(self, sources: Sources) -> Base:
        with self._steps.timed("base image"):
            return provide(self._engine, self._recipe.base, sources, self._tell)

    def _package(self) -> Path | None:
        with self._steps.timed("Claude Code's package"):
            return claude.obtain(self._recipe.lock, self._recipe.architecture, self._tell)

    def _tell(self, line: str) -> None:
        self._write(line)
        self._show.step(Step(0, 0, line))

    def _follow(self, line: str) -> None:
        self._write(line)
        step = self._tracker.step(line)
        self._steps.line(line, step)
        if step:
            self._show.step(step)

    def _write(self, line: str) -> None:
        with suppress(OSError):  # a full disk fails the build itself, and says so
            self._log.write(f"{line}\n")

    def _fail(self, error: BaseException) -> None:
        self._write(f"contenant: {str(error) or type(error).__name__}")
        self._journal(changes.image_failed(self._recipe.tag, self._recipe.hash, str(self._path)))
        if isinstance(error, ImageBuildError):
            self._log.flush()
            raise ImageBuildError(
                f"{error.message}{self._where()}", hint=f"{error.hint or 'what failed'}: see {self._path}"
            ) from error
        if isinstance(error, ContenantError):
            error.hint = error.hint or f"the log is {self._path}"

    def _where(self) -> str:
        """Of a layer, the step that failed: its words are the user's or the project's own."""
        return (
            f" (the {self._recipe.layer}'s layer, at: {self._show.text})"
            if self._recipe.layer != "base"
            else ""
        )

    def _record(self, base: Base, report: ImageReport, seconds: float) -> ImageRecord:
        recipe, now = self._recipe, host.now()
        return ImageRecord(
            id=new_id(now),
            recipe=recipe.hash,
            layer=recipe.layer,
            parent=base.reference,
            reference=recipe.tag,
            digest=report.digest,
            claude_version=recipe.lock.version,
            base_origin=base.origin,
            base_digest=base.digest,
            build_args=canonical(recipe.build_args()),
            built=to_text(now),
            seconds=round(seconds, 3),
            size=report.size,
            log=str(self._path),
            snapshot=base.snapshot,
            integrity=provenance.integrity(recipe),
            inputs=canonical(provenance.inputs(recipe)),
            steps=json.dumps(self._steps.seconds(), separators=(",", ":")),
            engine=self._engine.name,
        )


class _Show:
    """The current step on the `Ui`, told again each second: its clock goes on while nothing is printed."""

    def __init__(self, ui: Speaker) -> None:
        self._ui = ui
        self._step = Step(0, 0, "preparing the image")
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()

    def step(self, step: Step) -> None:
        self._step = step
        self._tell()

    @property
    def text(self) -> str:
        """The current step."""
        return self._step.text

    def close(self) -> None:
        """Say no more, and leave a clean line."""
        self._over.set()
        self._thread.join()
        self._ui.finish()

    def _tick(self) -> None:
        while not self._over.wait(1.0):
            self._tell()

    def _tell(self) -> None:
        with self._lock:
            self._ui.progress(self._step.text, self._step.done, self._step.total)


def new_id(now: datetime) -> str:
    """26 lower-case characters whose order is that of the moments: 12 of milliseconds, 14 random."""
    return f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(7)}"


def _open_log(now: datetime) -> tuple[Path, TextIO]:
    """A new log; the oldest ones go. Raises StateError."""
    folder = ensure_private(state_dir() / "logs")
    path = folder / f"build-{now:%Y%m%dT%H%M%S}-{now.microsecond // 1000:03d}Z.log"
    try:
        for old in sorted(folder.glob("build-*.log"))[: -_KEPT_LOGS + 1]:
            old.unlink(missing_ok=True)
        return path, path.open("w", encoding="utf-8", errors="backslashreplace", buffering=1)
    except OSError as error:
        raise StateError(
            f"cannot write the build log {path}: {error.strerror}", hint="make room in the state directory"
        ) from error
