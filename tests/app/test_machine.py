"""Random lives of an installation: whatever is done behind its back, wherever it crashes, records heal."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contenant.core import labels
from contenant.core.records import ContainerRecord, EventRecord
from contenant.errors import ContenantError
from contenant.store.verify import verify
from tests.app.world import World
from tests.memory_engine import SimulatedCrashError

PROJECTS = st.sampled_from(["a", "b"])
FOREIGN = "somebody-elses"
STORES = st.sampled_from(["memory", "another-daemon", "third"])


class Installation(RuleBasedStateMachine):
    """Commands of contenant, mixed with what others do to the engine and the disk."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.reachable, self.foreign = True, "running"
        self.world.engine.add_foreign(FOREIGN)
        self.lost_records = False

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()

    @rule(project=PROJECTS, keep=st.booleans(), recreate=st.booleans())
    def run(self, project: str, keep: bool, recreate: bool) -> None:
        self._try(lambda: self.world.run(project, keep=keep, recreate=recreate))

    @rule(project=PROJECTS, call=st.integers(1, 8), after=st.booleans(), recreate=st.booleans())
    def run_and_crash(self, project: str, call: int, after: bool, recreate: bool) -> None:
        self.world.engine.crash_at(call, after=after)
        self._try(lambda: self.world.run(project, recreate=recreate))
        self.world.engine.crash_at(10**9, after=True)

    @rule(project=PROJECTS)
    def stop(self, project: str) -> None:
        self._try(lambda: self.world.stop(project))

    @rule(force=st.booleans(), crash=st.none() | st.tuples(st.integers(1, 6), st.booleans()))
    def clean(self, force: bool, crash: tuple[int, bool] | None) -> None:
        """Removes what is ours, reachable, and (unless forced) neither runs nor is paused or unknown."""
        engine = self.world.engine
        before = {r.engine_id: r for r in engine.everywhere()}
        here = {r.engine_id for r in self.world.reports()} if self.reachable else set()
        if crash:
            engine.crash_at(crash[0], after=crash[1])
        outcomes = self._try(lambda: self.world.clean(force=force))
        engine.crash_at(10**9, after=True)
        gone = [before[key] for key in before.keys() - {r.engine_id for r in engine.everywhere()}]
        for report in gone:
            assert labels.is_ours(report.labels)
            assert report.engine_id in here
            assert force or report.state in ("created", "stopped")
        if outcomes is not None:
            assert len(gone) == sum(1 for outcome in outcomes if outcome.result == "removed")

    @rule(data=st.data(), what=st.sampled_from(["vanish", "rename", "copy", "replace"]))
    def meddle(self, data: Any, what: str) -> None:
        """Somebody works on our containers with the engine itself."""
        engine = self.world.engine
        if not (names := [r.name for r in self.world.reports() if labels.is_ours(r.labels)]):
            return
        name = data.draw(st.sampled_from(names))
        other = f"{name}-{len(engine.calls)}"
        {
            "vanish": lambda: engine.vanish(name),
            "rename": lambda: engine.rename(name, other),
            "copy": lambda: engine.copy(name, other),
            "replace": lambda: engine.replace(name),
        }[what]()

    @rule(data=st.data(), state=st.sampled_from(["running", "stopped", "paused"]))
    def change_state(self, data: Any, state: Any) -> None:
        if names := [r.name for r in self.world.reports() if labels.is_ours(r.labels)]:
            self.world.engine.set_state(data.draw(st.sampled_from(names)), state)

    @rule()
    def reboot(self) -> None:
        self.world.engine.stop_all()
        if self.world.engine.state(FOREIGN):
            self.foreign = "stopped"

    @rule(reachable=st.booleans())
    def reach(self, reachable: bool) -> None:
        self.reachable = reachable
        self.world.engine.unreachable(not reachable)

    @rule(store=STORES)
    def another_daemon_answers(self, store: str) -> None:
        if store != self.world.engine.place():
            self.world.engine.switch(store)

    @rule()
    def reinstall(self) -> None:
        foreign = self.world.engine._containers.get(FOREIGN)
        self.world.engine.reinstall()
        if foreign:  # somebody else's is none of this test's losses
            self.world.engine._containers[FOREIGN] = foreign

    @rule(minutes=st.integers(0, 10**6))
    def set_the_clock_back(self, minutes: int) -> None:
        self.world.set_clock(timedelta(minutes=minutes))

    @rule(project=PROJECTS, named=st.booleans(), answer=st.sampled_from([True, False, None]))
    def move_the_project(self, project: str, named: bool, answer: bool | None) -> None:
        """Its directory goes elsewhere and contenant runs there."""
        old, new = self.world.where(project), self.world.where(f"{project}-moved")
        if not old.is_dir():
            return
        shutil.rmtree(new, ignore_errors=True)
        old.rename(new)
        self.world.ui.answer = answer
        self._try(lambda: self.world.run(new.name, adopt_from=old if named else None))
        self.world.ui.answer = None

    @rule(project=PROJECTS)
    def delete_the_project(self, project: str) -> None:
        shutil.rmtree(self.world.where(project), ignore_errors=True)

    @rule(project=PROJECTS)
    def put_the_project_back(self, project: str) -> None:
        self.world.project(project)

    @rule()
    def lose_the_database(self) -> None:
        shutil.rmtree(self.world.home / "state", ignore_errors=True)
        self.lost_records = True

    @invariant()
    def the_foreign_container_is_untouched(self) -> None:
        if hasattr(self, "world"):
            states = [r.state for r in self.world.engine.everywhere() if r.name == FOREIGN]
            assert states == [self.foreign]

    @invariant()
    def a_list_tells_the_truth_and_changes_nothing_twice(self) -> None:
        if not hasattr(self, "world") or not self.reachable:
            return
        shown = self.world.list()
        events = self.world.events()
        self._records_are_true(shown)
        _rows_follow_events(events, self.world.every_container())
        for row in shown.rows:
            assert row.project_exists == self.world.is_on_record_as_there(row.project)
        assert verify(events).fault == ""
        self.world.list()
        assert len(self.world.events()) == len(events)

    def _records_are_true(self, shown: Any) -> None:
        """What is there is on record as it is; what is not is gone, or in a store that does not answer."""
        ours = [r for r in self.world.reports() if labels.is_ours(r.labels)]
        recorded = self.world.recorded()
        by_mark: dict[str, list[Any]] = {}
        for report in ours:
            by_mark.setdefault(report.labels[labels.CONTAINER], []).append(report)
        for copies in by_mark.values():  # of several with one mark, one is the recorded one
            assert [r.engine_id in recorded and recorded[r.engine_id] == r.state for r in copies].count(
                True
            ) == 1
        elsewhere = {r.engine_id for r in self.world.engine.everywhere()} - {r.engine_id for r in ours}
        unknown = [row for row in shown.rows if row.state == "unknown"]
        assert len(shown.rows) - len(unknown) == len(by_mark)
        living = {r.engine_id for r in self.world.engine.everywhere()}
        lost = {key for key in elsewhere & living if labels.is_ours(self._report(key).labels)}
        if not self.lost_records:
            marks = {self._report(key).labels[labels.CONTAINER] for key in lost} - by_mark.keys()
            assert len(unknown) >= len(marks & self.world.marks())
            assert marks <= self.world.marks(), "a live container is never recorded gone"

    def _report(self, engine_id: str) -> Any:
        return next(r for r in self.world.engine.everywhere() if r.engine_id == engine_id)

    def _try(self, action: Any) -> Any:
        """Refusals are fine here, and a crash is what the test is about; anything else is a failure."""
        try:
            return action()
        except (ContenantError, SimulatedCrashError):
            return None


def _rows_follow_events(events: list[EventRecord], containers: list[ContainerRecord]) -> None:
    """Replayed by hand, the log gives the rows: each change has its event, and no event is without effect."""
    rows: dict[str, dict[str, Any]] = {}
    for event in events:
        data = json.loads(event.data)
        if event.kind in ("container.creating", "container.adopted"):
            rows[event.subject] = {key: data[key] for key in ("state", "name", "engine_id")} | {"gone": False}
        elif event.kind == "container.state":
            rows[event.subject]["state"] = data["to"]
        elif event.kind == "container.renamed":
            rows[event.subject]["name"] = data["to"]
        elif event.kind == "container.created":
            rows[event.subject]["engine_id"] = data["engine_id"]
        elif event.kind == "container.replaced":
            rows[event.subject]["engine_id"] = data["to"]
        elif event.kind == "container.gone":
            rows[event.subject]["gone"] = True
    found = {
        c.id: {"state": c.state, "name": c.name, "engine_id": c.engine_id, "gone": bool(c.gone)}
        for c in containers
    }
    assert rows == found


Installation.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestInstallation = Installation.TestCase
