"""Apple's service, as a run needs it: up, new enough, and what an upgrade of it leaves behind.

The other engines have no service that a user starts, and nothing here asks them anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from contenant.app import ahead
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.app.sync import Settled, settle
from contenant.core.plan_run import anew
from contenant.core.records import ContainerRecord
from contenant.engines.base import ServiceDownError

if TYPE_CHECKING:
    from contenant.engines.apple import Apple
    from contenant.engines.base import Engine, EngineVersion

QUESTION = "Start Apple's container service? The first time it fetches a Linux kernel."
Release = Callable[[], str]


def ask_release(engine: Engine) -> Release:
    """Ask which release the engine's command is; what is returned waits for the answer, "" for engines
    whose release says nothing about their containers. It raises EngineUnavailableError for one too old.
    """
    apple = _apple(engine)
    return apple.begin_release() if apple else lambda: ""


def settle_first(engine: Engine, ledger: Ledger, name: str, ui: Ui) -> tuple[str, Settled]:
    """The release as `ask_release`, and what `sync.settle` returns; the caller holds the lock of `name`.

    The engine was asked already where the command line began so. Where the service is down, whoever sits at
    the terminal is asked to start it first. Raises EngineUnavailableError, also where nobody is there, or
    says no.
    """
    early, asked = ahead.take(engine.name), ask_release(engine)
    listing, held = early or engine.containers(), frozenset({name})
    ledger.store()  # the import goes on while the engine answers
    release = asked()
    try:
        return release, settle(engine, listing, ledger, held, early=early is not None)
    except ServiceDownError:
        if not ui.confirm(QUESTION):
            raise
    start(ui)
    return release, settle(engine, engine.containers(), ledger, held)


def start(ui: Ui) -> None:
    """Start the service, with its progress shown. Raises EngineUnavailableError."""
    from contenant.engines import apple

    try:
        apple.connect().start_service(ui.progress)
    finally:
        ui.finish()


def check(engine: Engine, ui: Ui) -> None:
    """Before anything is made: the service runs, is new enough, and a difference to the command is named.

    Raises EngineUnavailableError.
    """
    if _apple(engine):
        from contenant.engines.apple import skew

        if told := skew(_version(engine, ui)):
            ui.warn(told)


def _version(engine: Engine, ui: Ui) -> EngineVersion:
    try:
        return engine.version()
    except ServiceDownError:
        if not ui.confirm(QUESTION):
            raise
    start(ui)
    return engine.version()


def left_behind(release: str, container: ContainerRecord | None) -> tuple[str, ...]:
    """A container keeps kernel and guest agent of the release it was first started by (apple/container
    #2258): what to say about one that an upgrade left behind.
    """
    made = container.engine_version if container else ""
    if container is None or not release or made in ("", release):
        return ()
    told = f"{container.name} was made by container {made}, now it is {release}"
    return (f"{told}: it keeps the old kernel and guest agent; `{anew(container.variant)}` makes it anew",)


def _apple(engine: Engine) -> Apple | None:
    if engine.name != "container":
        return None
    from contenant.engines.apple import Apple

    return engine if isinstance(engine, Apple) else None
