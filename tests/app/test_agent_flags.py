"""The agent's options: asked of an image once, kept, and read without an engine."""

from __future__ import annotations

import os

import pytest

from contenant.app import agent_flags
from contenant.app.agent_flags import known, learn
from contenant.errors import EngineError
from contenant.paths import state_dir
from tests.app.world import IMAGE, World
from tests.core.test_agent_flags import HELP


def test_it_is_asked_once_for_each_version(world: World) -> None:
    world.engine.add_image(IMAGE)
    world.engine.prints = HELP
    for version in ("2.1.1", "2.1.1", "2.1.2"):
        learn(world.engine, IMAGE, version, world.ui)
    assert [name for name, _ in world.engine.calls].count("run_once") == 2
    names = {name: values for name, values, _ in known("2.1.1")}
    assert names["--permission-mode"] == ["acceptEdits", "plan"]
    assert names["mcp"] == []
    assert ("-d", [], "Debug") in known("2.1.1")


def test_a_version_that_was_not_asked_has_the_options_of_the_one_asked_last(world: World) -> None:
    assert known("2.1.1") == known("") == []
    world.engine.add_image(IMAGE)
    for version, text, moment in (("2.1.2", "Options:\n  --new  x\n", 2), ("2.1.1", HELP, 1)):
        world.engine.prints = text
        learn(world.engine, IMAGE, version, world.ui)
        os.utime(state_dir() / "agent-options" / version, (moment, moment))
    assert known("2.1.9") == known("") == [("--new", [], "x")]
    assert len(known("2.1.1")) > 1


@pytest.mark.parametrize("text", ["", "no such program"])
def test_what_is_no_help_is_not_kept(world: World, text: str) -> None:
    world.engine.add_image(IMAGE)
    world.engine.prints = text
    learn(world.engine, IMAGE, "2.1.1", world.ui)
    assert not (state_dir() / "agent-options").exists()


def test_an_engine_that_fails_is_no_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(image: str, argv: tuple[str, ...]) -> str:
        raise EngineError("no")

    monkeypatch.setattr(world.engine, "run_once", fail)
    learn(world.engine, IMAGE, "2.1.1", world.ui)
    assert known("2.1.1") == []


def test_a_spoilt_file_has_no_words(world: World) -> None:
    place = agent_flags._place("2.1.1")
    place.parent.mkdir(parents=True)
    place.write_bytes(b"\xff\n")
    assert known("2.1.1") == []
    place.write_text("only a name\n--x\t\tabout\n")
    assert known("2.1.1") == [("--x", [], "about")]
