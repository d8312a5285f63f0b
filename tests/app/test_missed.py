"""A session whose container is not there for it and cannot be started again: over on record at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contenant import locks
from contenant.app import session
from contenant.app.ledger import Ledger
from contenant.errors import BusyError, ContenantError, EngineError
from tests.app.world import World


def live(world: World) -> list[str]:
    with Ledger() as ledger:
        view = ledger.snapshot()
        return [found.id for found in view.live_sessions()] if view else []


def test_a_start_that_is_refused_ends_the_session(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("a")

    def missed(argv: list[str], **given: Any) -> int:
        del argv, given
        world.engine.fail_next("start", EngineError("the disk is full"))
        return 125

    monkeypatch.setattr(session, "attach", missed)
    with pytest.raises(EngineError, match="the disk is full"):
        world.run("a")
    assert live(world) == []
    last = [event for event in world.events() if event.kind == "session.ended"][-1]
    assert json.loads(last.data)["how"] == "failed"


def test_an_interrupt_while_it_waits_for_the_lock_ends_it_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("a")
    real, interrupt = locks.held, [KeyboardInterrupt(), BusyError("held")]

    def held(name: str, waiting: Any) -> Any:
        raise interrupt[0]

    def missed(argv: list[str], **given: Any) -> int:
        monkeypatch.setattr(locks, "held", held)
        return 125

    monkeypatch.setattr(session, "attach", missed)
    for error in (KeyboardInterrupt, ContenantError):
        monkeypatch.setattr(locks, "held", real)
        with pytest.raises(error):
            world.run("a")
        monkeypatch.setattr(locks, "held", real)
        assert live(world) == []
        interrupt.reverse()
