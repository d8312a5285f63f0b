"""Random lives of an installation: whatever is done behind its back, wherever it crashes, records heal."""

from __future__ import annotations

import shutil
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contenant.core import labels
from contenant.errors import ContenantError
from tests.app.world import World
from tests.memory_engine import SimulatedCrashError

PROJECTS = st.sampled_from(["a", "b"])
FOREIGN = "somebody-elses"


class Installation(RuleBasedStateMachine):
    """Commands of contenant, mixed with what others do to the engine and the disk."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.reachable, self.foreign = True, "running"
        self.world.engine.add_foreign(FOREIGN)

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

    @rule(force=st.booleans())
    def clean(self, force: bool) -> None:
        unreachable = not self.reachable
        before = {r.engine_id for r in self.world.reports()}
        outcomes = self._try(lambda: self.world.clean(force=force)) or []
        removed = before - {r.engine_id for r in self.world.reports()}
        assert len(removed) == sum(1 for outcome in outcomes if outcome.result == "removed")
        assert not (unreachable and removed)

    @rule(call=st.integers(1, 6), after=st.booleans())
    def clean_and_crash(self, call: int, after: bool) -> None:
        self.world.engine.crash_at(call, after=after)
        self._try(self.world.clean)
        self.world.engine.crash_at(10**9, after=True)

    @rule(data=st.data())
    def vanish(self, data: Any) -> None:
        if names := [r.name for r in self.world.reports() if labels.is_ours(r.labels)]:
            self.world.engine.vanish(data.draw(st.sampled_from(names)))

    @rule(data=st.data(), state=st.sampled_from(["running", "stopped", "paused"]))
    def change_state(self, data: Any, state: Any) -> None:
        if names := [r.name for r in self.world.reports() if labels.is_ours(r.labels)]:
            self.world.engine.set_state(data.draw(st.sampled_from(names)), state)

    @rule()
    def reboot(self) -> None:
        self.world.engine.stop_all()
        self.foreign = "stopped"

    @rule(reachable=st.booleans())
    def reach(self, reachable: bool) -> None:
        self.reachable = reachable
        self.world.engine.unreachable(not reachable)

    @rule()
    def lose_the_database(self) -> None:
        shutil.rmtree(self.world.home / "state", ignore_errors=True)

    @invariant()
    def the_foreign_container_is_untouched(self) -> None:
        if hasattr(self, "world"):
            assert self.world.engine.state(FOREIGN) == self.foreign

    @invariant()
    def a_list_tells_the_truth_and_changes_nothing_twice(self) -> None:
        if not hasattr(self, "world") or not self.reachable:
            return
        self.world.list()
        events = len(self.world.events())
        real = {r.engine_id: r.state for r in self.world.reports() if labels.is_ours(r.labels)}
        assert self.world.recorded() == real
        self.world.list()
        assert len(self.world.events()) == events

    def _try(self, action: Any) -> Any:
        """Refusals are fine here, and a crash is what the test is about; anything else is a failure."""
        try:
            return action()
        except (ContenantError, SimulatedCrashError):
            return None


Installation.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestInstallation = Installation.TestCase
