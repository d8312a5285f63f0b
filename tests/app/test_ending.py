"""What follows a session: never long and silent."""

from __future__ import annotations

import pytest

from tests.app.world import World


def test_a_stop_that_takes_long_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    stop = world.engine.stop

    def slow(name: str, seconds: int) -> None:
        heard.append(world.ui.silence)
        stop(name, seconds)

    monkeypatch.setattr(world.engine, "stop", slow)
    world.run("shop", keep=False)
    (told,) = heard
    assert told.startswith("the session is over, contenant-shop-")
    assert world.ui.silence == "", "the terminal is clean afterwards"
