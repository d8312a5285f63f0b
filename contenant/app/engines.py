"""Which engine serves a command, and why."""

import sys
from collections.abc import Iterable
from typing import NamedTuple

from contenant.app.ledger import Ledger
from contenant.core import changes
from contenant.core.records import ContainerRecord
from contenant.core.values import ENGINE_NAMES, EngineName
from contenant.engines.base import Engine, Listing
from contenant.engines.select import Choice, choose, find_working_runtime, make
from contenant.errors import EngineUnavailableError
from contenant.spawn import find_program

RUNTIME_KEY = "oci-runtime"


class Picked(NamedTuple):
    """An engine, and why it is this one."""

    engine: Engine
    reason: str


def pick(
    ledger: Ledger, flag: EngineName | None, recorded: EngineName | None, setting: EngineName | None
) -> Picked:
    """flag > recorded for the project > setting > what is installed. Raises EngineUnavailableError."""
    choice: Choice = choose(flag, recorded, setting, sys.platform, find_program)
    return Picked(connect(ledger, choice.name), choice.reason)


def connect(ledger: Ledger, name: EngineName) -> Engine:
    """One engine, with the OCI runtime that was found to work for it."""
    return make(name, runtime=_known_runtime(ledger, name) or "")


def ask(name: EngineName) -> Listing:
    """Ask an engine for its containers before any record is read: which OCI runtime they need stands there,
    but a list needs none.
    """
    return make(name).containers()


def fit(ledger: Ledger, engine: Engine) -> Engine:
    """The engine with an OCI runtime that can start containers here, looked for once and remembered.

    The default of podman fails on some hosts (crun under hybrid cgroups). Called before a container is made,
    since that keeps the runtime it was made with. Raises EngineError when none works.
    """
    if engine.name != "podman" or _known_runtime(ledger, engine.name) is not None:
        return engine
    return refit(ledger, engine)


def refit(ledger: Ledger, engine: Engine) -> Engine:
    """The engine with an OCI runtime that works now. Raises EngineError when none does."""
    runtime = find_working_runtime(engine.name)
    ledger.store().apply([changes.engine_remembered(engine.name, RUNTIME_KEY, runtime)])
    return make(engine.name, runtime=runtime)


def _known_runtime(ledger: Ledger, name: EngineName) -> str | None:
    view = ledger.snapshot()
    return view.setting(name, RUNTIME_KEY) if view else None


def default_engine(setting: EngineName | None = None) -> EngineName:
    """The engine a new container would use. Raises EngineUnavailableError where none is installed."""
    return choose(None, None, setting, sys.platform, find_program).name


def of_interest(used: Iterable[str], setting: EngineName | None) -> list[EngineName]:
    """Those that are used, and the one that a new container would use, in their fixed order.

    Raises EngineUnavailableError where there is none at all.
    """
    wanted = set(used)
    try:
        wanted.add(default_engine(setting))
    except EngineUnavailableError:
        if not wanted:
            raise
    return [name for name in ENGINE_NAMES if name in wanted]


def latest_engine(containers: Iterable[ContainerRecord]) -> EngineName | None:
    """The engine of the container used last."""
    newest = max(containers, key=lambda container: container.last_used, default=None)
    return newest.engine if newest else None
