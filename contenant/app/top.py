"""`contenant top`: what the containers use, as their engines say it."""

import os
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from contenant import config
from contenant.app import activity, engines
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.core.records import ContainerRecord
from contenant.core.values import ENGINE_NAMES, EngineName, Load
from contenant.engines.base import Engine, Loads
from contenant.errors import EngineError, EngineUnavailableError


class Row(NamedTuple):
    """One container."""

    name: str
    project: str  # canonical path
    state: str  # running; with --all, what is on record of the others
    sessions_live: int
    cpu: float | None  # percent of one processor since the last look, None where that is not known
    memory: int  # bytes, 0 where the engine does not say
    limit: int  # bytes
    pids: int  # processes and threads
    engine: EngineName
    variant: str = ""  # which of the project's containers, "" for its first
    activity: str = ""  # of its live sessions the most urgent: waiting, working, idle; "" where not known
    activity_since: str = ""  # ISO-8601 UTC


class Frame(NamedTuple):
    """One look, and which engines said nothing (engine -> why)."""

    rows: tuple[Row, ...]
    silent: Mapping[str, str]


class _Spent(NamedTuple):
    """Processor time a container had used at a moment."""

    seconds: float
    at: float


class Watch:
    """Looks again and again; each costs one call an engine."""

    def __init__(self, *, everything: bool) -> None:
        """`everything`: also containers that do not run."""
        settings = config.load(None, os.environ, {})
        self._url, self._setting, self._everything = settings.database_url, settings.engine, everything
        self._before: dict[str, _Spent] = {}
        self.vague = False  # whether the last look could not tell what it takes two for

    def look(self) -> Frame:
        """The containers as they are now, those that use most first.

        Raises EngineUnavailableError where no engine answered.
        """
        with Ledger(self._url) as ledger:
            asked, silent = self._ask(ledger)
            found, answered = self._read(asked, silent)
            if silent and not answered:
                raise next(iter(silent.values()))
            rows = _with_activity(ledger, list(self._rows(ledger, found, answered)))
        rows.sort(key=lambda row: (row.state != "running", -(row.cpu or 0.0), -row.memory, row.name))
        return Frame(tuple(rows), {name: error.advice for name, error in silent.items()})

    def _ask(self, ledger: Ledger) -> tuple[dict[EngineName, Loads], dict[str, EngineError]]:
        """All engines at once: docker takes two seconds to answer."""
        view = ledger.snapshot()
        used = {container.engine for container in view.containers()} if view else set()
        if not used:
            used = {engines.default_engine(self._setting)}
        asked: dict[EngineName, Loads] = {}
        silent: dict[str, EngineError] = {}
        for name in (name for name in ENGINE_NAMES if name in used):
            try:
                engine: Engine = engines.connect(ledger, name)
                asked[name] = engine.loads()
            except EngineUnavailableError as error:
                silent[name] = error
        return asked, silent

    def _read(
        self, asked: Mapping[EngineName, Loads], silent: dict[str, EngineError]
    ) -> tuple[dict[tuple[EngineName, str], tuple[Load, float]], set[str]]:
        found: dict[tuple[EngineName, str], tuple[Load, float]] = {}
        answered = set()
        for name, loads in asked.items():
            try:
                found |= {(name, load.name): (load, time.monotonic()) for load in loads.result()}
                answered.add(str(name))
            except EngineError as error:
                silent[name] = error
        return found, answered

    def _rows(
        self,
        ledger: Ledger,
        found: Mapping[tuple[EngineName, str], tuple[Load, float]],
        answered: set[str],
    ) -> Iterator[Row]:
        view = ledger.snapshot()
        known = list(view.containers()) if view else []
        live = [session.container_id for session in view.live_sessions()] if view else []
        self.vague = False
        for one in known:
            load, at = found.get((one.engine, one.name), (None, 0.0))
            if load is None and not self._everything and one.engine in answered:
                continue
            if load is None and not self._everything and one.state != "running":
                continue
            yield self._row(ledger, one, load, at, live.count(one.id), one.engine in answered)

    def _row(
        self, ledger: Ledger, one: ContainerRecord, load: Load | None, at: float, live: int, told: bool
    ) -> Row:
        path = ledger.project_path(one.project_id)
        if load is None:
            state = ("stopped" if one.state == "running" else one.state) if told else "unknown"
            return Row(one.name, path, state, live, None, 0, 0, 0, one.engine, one.variant)
        share = self._share(one.id, load, at)
        used = (load.memory, load.limit, load.pids)
        return Row(one.name, path, "running", live, share, *used, one.engine, one.variant)

    def _share(self, key: str, load: Load, at: float) -> float | None:
        """Percent of one processor: the engine's own, else by the time used since the last look."""
        if load.cpu is not None:
            return load.cpu
        if load.cpu_seconds is None:
            return None
        before, self._before[key] = self._before.get(key), _Spent(load.cpu_seconds, at)
        if before is None:
            self.vague = True
            return None
        spent, passed = load.cpu_seconds - before.seconds, at - before.at
        return max(0.0, 100 * spent / passed) if passed > 0 else None


def _with_activity(ledger: Ledger, rows: list[Row]) -> list[Row]:
    """As `list` tells it."""
    view = ledger.snapshot()
    told = activity.by_container(view) if view and any(row.sessions_live for row in rows) else {}
    found = ((row, told.get(row.name, activity.UNKNOWN)) for row in rows)
    return [row._replace(activity=one.word, activity_since=one.since) for row, one in found]


def once(watch: Watch, ui: Ui, seconds: float = 1.0) -> Frame:
    """One frame, after a second look where the first one cannot say how busy a container is."""
    frame = watch.look()
    if watch.vague:
        time.sleep(seconds)
        frame = watch.look()
    for name, why in sorted(frame.silent.items()):
        ui.warn(f"{name} says nothing about its containers: {why}")
    return frame
