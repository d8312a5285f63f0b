"""`--fix`: what it does, that it asks first where it should, and that a failure is told and not raised."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contenant import idmap, locks
from contenant.app import doctor
from contenant.app.doctor import gather, mend
from contenant.app.doctor.facts import Facts, Loose, StateFacts
from contenant.app.engines import RUNTIME_KEY
from contenant.app.ledger import Ledger
from contenant.engines import apple
from contenant.errors import EngineUnavailableError
from contenant.paths import state_dir
from contenant.store import revision
from tests.app.doctor_samples import APPLE, DATABASE, FACTS, MAC_FACTS, PODMAN
from tests.app.test_doctor_gather import store_with_events
from tests.app.world import SilentUi
from tests.cli.world import populate


class Asking(SilentUi):
    """Somebody at a terminal, or (None) nobody."""

    def __init__(self, answer: bool | None) -> None:
        super().__init__()
        self.questions: list[str] = []
        self._answer = answer

    def confirm(self, question: str) -> bool | None:
        self.questions.append(question)
        return self._answer


def mended(facts: Facts, ui: SilentUi | None = None) -> dict[str, str]:
    return mend.mend_all(doctor.judge(facts), facts, ui or SilentUi())


class FakeService:
    """Apple's engine, as far as its service goes."""

    def __init__(self, error: EngineUnavailableError | None = None) -> None:
        self.started = 0
        self._error = error

    def start_service(self, on_line: Callable[[str], None]) -> None:
        on_line("Launching")
        if self._error:
            raise self._error
        self.started += 1


DOWN = MAC_FACTS._replace(engines=(APPLE._replace(trouble="down"),))


@pytest.mark.parametrize(("answer", "started"), [(True, 1), (None, 1), (False, 0)])
def test_the_service_is_started_unless_somebody_says_no(
    monkeypatch: pytest.MonkeyPatch, answer: bool | None, started: int
) -> None:
    service, ui = FakeService(), Asking(answer)
    monkeypatch.setattr(apple, "connect", lambda: service)
    done = mended(DOWN, ui)
    assert service.started == started
    assert len(ui.questions) == 1
    assert done == {"engine.container": "started" if started else "left as it was"}
    assert ui.said == [f"container: {done['engine.container']}"]


def test_a_service_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apple, "connect", lambda: FakeService(EngineUnavailableError("no answer")))
    ui = SilentUi()
    assert mended(DOWN, ui) == {"engine.container": "not mended: no answer"}
    assert ui.said == ["container: not mended: no answer"]


def test_the_state_directory_is_closed_to_others() -> None:
    path = store_with_events()
    state_dir().chmod(0o755)
    path.chmod(0o644)
    loose = (Loose(str(state_dir()), 0o755, 0o700), Loose(str(path), 0o644, 0o600))
    assert mended(FACTS._replace(state=StateFacts(str(state_dir()), loose=loose)))["state"].startswith(
        "closed"
    )
    assert stat.S_IMODE(state_dir().stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_belongs_to_somebody_else_is_left_alone() -> None:
    loose = (Loose("/nowhere", 0o755, 0o700, foreign=True),)
    assert mended(FACTS._replace(state=StateFacts("/nowhere", loose=loose))) == {}


def test_a_file_that_is_gone_meanwhile_is_told() -> None:
    loose = (Loose("/nowhere/x", 0o755, 0o700),)
    done = mended(FACTS._replace(state=StateFacts("/nowhere", loose=loose)))
    assert done["state"].startswith("not mended: ")


def test_a_runtime_that_works_is_remembered() -> None:
    assert PODMAN.podman is not None
    tried = (("", "hybrid"), ("crun", "hybrid"), ("runc", ""))
    podman = PODMAN._replace(podman=PODMAN.podman._replace(remembered=None, runtimes=tried))
    assert mended(FACTS._replace(engines=(podman,))) == {
        "runtime.podman": "new containers are made with runc"
    }
    with Ledger() as ledger:
        view = ledger.snapshot()
        assert view is not None
        assert view.setting("podman", RUNTIME_KEY) == "runc"


OLD = FACTS._replace(database=DATABASE._replace(schema="0000"))


def test_an_older_schema_is_brought_up() -> None:
    assert mended(OLD) == {"database.schema": "brought to this program's schema"}
    with closing(sqlite3.connect(state_dir() / "contenant.db")) as connection:
        assert connection.execute(revision.SELECT).fetchone() == (revision.HEAD,)


def test_a_schema_that_cannot_be_brought_up_is_told() -> None:
    with closing(sqlite3.connect(store_with_events())) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert mended(OLD)["database.schema"].startswith("not mended: the database")


@pytest.fixture
def unmounted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was unmounted; nothing is."""
    points: list[str] = []
    monkeypatch.setattr(idmap, "unmount", lambda path: points.append(str(path)))
    return points


def leftover(*names: str) -> tuple[Facts, list[str]]:
    points = [f"{state_dir()}/containers/{name}/project" for name in names]
    state = StateFacts(str(state_dir()), mounts=tuple(points))
    return FACTS._replace(state=state, machine=FACTS.machine._replace(root=True)), points


def test_what_is_left_over_is_unmounted(tmp_path: Path, unmounted: list[str]) -> None:
    container = populate(tmp_path / "shop", tmp_path / "bin")
    facts, points = leftover("gone", container.name)
    assert mended(facts) == {"mounts": "unmounted 1"}
    assert unmounted == [points[0]], "a container that is recorded meanwhile keeps its mount"


def test_a_container_that_is_being_made_keeps_its_mount(tmp_path: Path, unmounted: list[str]) -> None:
    populate(tmp_path / "shop", tmp_path / "bin")
    facts, _ = leftover("busy")
    with locks.held("busy", lambda: None):
        assert mended(facts) == {"mounts": "unmounted 0"}
    assert unmounted == []


def test_nothing_is_unmounted_where_the_records_are_lost(unmounted: list[str]) -> None:
    facts, _ = leftover("gone")
    assert mended(facts) == {"mounts": "unmounted 0"}
    assert unmounted == []


def test_what_was_mended_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [DOWN, MAC_FACTS]
    monkeypatch.setattr(gather, "gather", lambda only, budget, ui: seen.pop(0))
    monkeypatch.setattr(apple, "connect", FakeService)
    report = doctor.examine(None, fix=True, ui=SilentUi())
    assert report.done == {"engine.container": "started"}
    assert {line.status for line in report.lines} == {"ok"}
    assert seen == []


def test_nothing_to_mend_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [FACTS]
    monkeypatch.setattr(gather, "gather", lambda only, budget, ui: seen.pop(0))
    assert doctor.examine(None, fix=True, ui=SilentUi()).done == {}


def test_without_fix_nothing_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "gather", lambda only, budget, ui: DOWN)
    service = FakeService()
    monkeypatch.setattr(apple, "connect", lambda: service)
    report = doctor.examine(None, fix=False, ui=SilentUi())
    assert (report.done, service.started) == ({}, 0)
