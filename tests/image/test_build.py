"""`ensure`: when it builds, what it records, what a failure leaves."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contenant.core import labels
from contenant.core.changes import Change
from contenant.core.values import BuildSpec
from contenant.errors import ContenantError, EngineError, ImageBuildError
from contenant.image import build, claude, provenance
from contenant.image.apt import NONE
from contenant.image.base import Base
from contenant.image.build import Built, ensure
from contenant.image.recipe import BASE, Recipe, current
from contenant.paths import cache_dir, state_dir
from tests.memory_engine import MemoryEngine

SETTINGS: Any = SimpleNamespace(ca_certificates=(), claude_version="", layers=())


class Ui:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int, str]] = []
        self.notes: list[str] = []
        self.finished = 0

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, text: str, done: int = 0, total: int = 0) -> None:
        self.steps.append((done, total, text))

    def finish(self) -> None:
        self.finished += 1


class Builder(MemoryEngine):
    """Prints the lines of a build, and may fail."""

    def __init__(self, failure: BaseException | None = None) -> None:
        super().__init__()
        self.failure = failure
        self.built: list[BuildSpec] = []
        self.files: list[str] = []
        self.add_image(BASE)

    def build(self, spec: BuildSpec, on_line: Callable[[str], None]) -> None:
        self.built.append(spec)
        self.files = sorted(str(path.relative_to(spec.context)) for path in Path(spec.context).rglob("*"))
        on_line("STEP 1/2: FROM base")
        on_line("a line of the log")
        if self.failure:
            raise self.failure
        super().build(spec, on_line)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, fresh_environment: Callable[[], None]) -> None:
    """npm and apt are other tests' business."""
    fresh_environment()
    monkeypatch.setattr(build, "host_sources", lambda: NONE)
    monkeypatch.setattr(claude, "obtain", lambda *_: None)


def input_hash(recipe: Recipe) -> str:
    return hashlib.sha256(recipe.files["claude.lock"].content).hexdigest()


@pytest.fixture
def recipe() -> Recipe:
    return current(SETTINGS)


def run(engine: MemoryEngine, **options: bool) -> tuple[Built, list[Change], Ui]:
    journal: list[Change] = []
    ui = Ui()
    return ensure(engine, SETTINGS, ui, journal.append, **options), journal, ui


def test_what_is_there_is_not_built(recipe: Recipe) -> None:
    engine = MemoryEngine()
    engine.add_image(recipe.tag, {labels.BASE_ORIGIN: "pulled"})
    result, journal, _ = run(engine)
    assert engine.calls == [("image", recipe.tag)]
    assert journal == []
    assert (result.reference, result.built, result.base_origin, result.log) == (
        recipe.tag,
        False,
        "pulled",
        "",
    )
    assert not (state_dir() / "logs").exists()


def test_what_is_missing_is_built_and_recorded(recipe: Recipe) -> None:
    engine = Builder()
    result, journal, ui = run(engine)
    assert [change.kind for change in journal] == ["image.building", "image.built"]
    assert result.built
    assert (result.reference, result.recipe, result.layer) == (recipe.tag, recipe.hash, "base")
    record = journal[1].data
    assert (record["reference"], record["recipe"], record["parent"]) == (recipe.tag, recipe.hash, BASE)
    assert (record["base_origin"], record["claude_version"]) == ("local", recipe.lock.version)
    assert record["digest"] == result.digest
    assert len(record["id"]) == 26
    assert json.loads(record["inputs"])["claude.lock"] == input_hash(recipe)
    assert record["integrity"] in recipe.files["claude.lock"].content.decode()
    assert (record["log"], record["engine"], record["origin"]) == (result.log, "podman", "built")
    assert json.loads(record["steps"]) == []
    assert ui.finished == 1
    assert any(text == "FROM base" and 0 < done < total for done, total, text in ui.steps)


def test_the_engine_is_asked_as_the_recipe_says(recipe: Recipe) -> None:
    engine = Builder()
    run(engine)
    (spec,) = engine.built
    assert spec.tag == recipe.tag
    assert spec.build_args == {"BASE": BASE, "ARCH": recipe.architecture}
    assert spec.labels[labels.MANAGED] == "1"
    assert spec.labels[labels.RECIPE] == recipe.hash
    assert spec.labels[labels.LAYER] == "base"
    assert spec.labels[labels.CLAUDE] == recipe.lock.version
    assert json.loads(labels.decode(spec.labels[labels.INPUTS]))["claude.lock"] == input_hash(recipe)
    assert labels.decode(spec.labels[labels.INTEGRITY]) == provenance.integrity(recipe)
    assert spec.labels["org.opencontainers.image.version"] == recipe.lock.version
    assert spec.labels["org.opencontainers.image.base.name"] == BASE
    assert spec.labels["org.opencontainers.image.base.digest"].startswith("sha256:")
    assert spec.labels["org.opencontainers.image.created"][:2] == "20"
    assert not any("=" in value or "," in value for value in spec.labels.values())
    assert not spec.no_cache
    assert {"Dockerfile", "entrypoint", "apt/mirrors.sources", "ca/README", "claude/README"} <= set(
        engine.files
    )
    assert not Path(spec.context).exists(), "a context that served is removed"


def test_the_log_holds_every_line() -> None:
    result, _, _ = run(Builder())
    log = Path(result.log)
    assert log.parent == state_dir() / "logs"
    assert log.name.startswith("build-")
    assert "a line of the log\n" in log.read_text()


def test_the_second_call_builds_nothing() -> None:
    engine = Builder()
    run(engine)
    result, journal, _ = run(engine)
    assert len(engine.built) == 1
    assert not result.built
    assert journal == []


def test_what_makes_it_dear_is_said_before_it_is_built(recipe: Recipe) -> None:
    engine, ui = Builder(), Ui()
    engine.dear = "whole copies"
    ensure(engine, SETTINGS, ui, lambda _: None)
    assert ui.notes == ["whole copies"]
    ensure(engine, SETTINGS, ui, lambda _: None)  # it is there
    assert ui.notes == ["whole copies"]


def test_no_cache_builds_all_the_same() -> None:
    engine = Builder()
    run(engine)
    result, _, _ = run(engine, no_cache=True)
    assert result.built
    assert [spec.no_cache for spec in engine.built] == [False, True]


def test_a_failure_names_the_log_and_leaves_every_image(recipe: Recipe) -> None:
    engine = Builder(ImageBuildError("podman cannot build it: exit 100", hint="the build's output says why"))
    engine.add_image("contenant:1.0.0-older")
    with pytest.raises(ImageBuildError) as caught:
        run(engine)
    (log,) = (state_dir() / "logs").iterdir()
    assert str(log) in caught.value.hint
    assert "exit 100" in caught.value.message
    assert "exit 100" in log.read_text()
    assert engine.image("contenant:1.0.0-older") is not None
    assert engine.image(recipe.tag) is None
    assert "remove_image" not in [method for method, _ in engine.calls]


@pytest.mark.parametrize(
    "failure", [ImageBuildError("x"), EngineError("y"), KeyboardInterrupt(), RuntimeError("z")], ids=repr
)
def test_every_failure_is_recorded_and_the_terminal_left_clean(
    failure: BaseException, recipe: Recipe
) -> None:
    journal: list[Change] = []
    ui, before = Ui(), threading.active_count()
    with pytest.raises(type(failure)):
        ensure(Builder(failure), SETTINGS, ui, journal.append)
    assert [change.kind for change in journal] == ["image.building", "image.failed"]
    assert journal[1].subject == recipe.tag
    assert Path(journal[1].data["log"]).is_file()
    assert ui.finished == 1
    assert threading.active_count() == before


def test_an_engine_that_fails_otherwise_still_names_the_log() -> None:
    with pytest.raises(ContenantError) as caught:
        run(Builder(EngineError("podman is gone")))
    assert "build-" in caught.value.hint


def test_only_the_last_logs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_KEPT_LOGS", 3)
    engine = Builder()
    logs = [run(engine, no_cache=True)[0].log for _ in range(5)]
    assert sorted(str(path) for path in (state_dir() / "logs").iterdir()) == sorted(set(logs))[-3:]


def test_base_and_package_are_fetched_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=10)  # broken unless each waits while the other does

    def provide(*_: object) -> Base:
        both.wait()
        threading.Event().wait(0.1)
        return Base(BASE, "local", "")

    def obtain(*_: object) -> None:
        both.wait()

    monkeypatch.setattr(build, "provide", provide)
    monkeypatch.setattr(claude, "obtain", obtain)
    _, journal, _ = run(Builder())
    steps = dict(json.loads(journal[1].data["steps"]))
    assert 0.1 <= steps["base image"] < 5


def test_two_at_once_build_once(recipe: Recipe) -> None:
    engine = Builder()
    started = threading.Event()
    slow = engine.build

    def build_slowly(spec: BuildSpec, on_line: Callable[[str], None]) -> None:
        started.set()
        threading.Event().wait(0.3)
        slow(spec, on_line)

    engine.build = build_slowly  # type: ignore[method-assign]  # this one engine's
    results: list[Built] = []
    first = threading.Thread(target=lambda: results.append(run(engine)[0]))
    first.start()
    started.wait(5)
    second, _, ui = run(engine)
    first.join(10)
    assert len(engine.built) == 1
    assert [results[0].built, second.built] == [True, False]
    assert any("waiting" in note for note in ui.notes)


def test_the_clock_goes_on_while_nothing_is_printed() -> None:
    engine, ui = Builder(), Ui()
    slow = engine.build

    def build_slowly(spec: BuildSpec, on_line: Callable[[str], None]) -> None:
        on_line("STEP 1/1: COPY a b")
        threading.Event().wait(2.3)
        slow(spec, on_line)

    engine.build = build_slowly  # type: ignore[method-assign]  # this one engine's
    ensure(engine, SETTINGS, ui, lambda _change: None)
    assert sum(text == "COPY a b" for _, _, text in ui.steps) >= 2


def test_a_cache_that_cannot_be_made_fails_before_the_engine_builds() -> None:
    cache_dir().parent.mkdir(parents=True, exist_ok=True)
    cache_dir().write_text("in the way")
    engine = Builder()
    with pytest.raises(ContenantError):
        run(engine)
    assert engine.built == []
