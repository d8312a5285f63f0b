"""A recording keeps what was shown and when, and its picture plays by itself."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pyte
import pytest

from tests.pictures.recording import PAUSE, Frame, Recorder, Run, snapshot
from tests.pictures.svg import HOLD, draw
from tests.terminal_client import Client

NAME = "{http://www.w3.org/2000/svg}"


def shown(*lines: str) -> Frame:
    return Frame(tuple((Run(0, line, "default", "default", False),) if line else () for line in lines), 0.5)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    program = (
        "import time\nprint('one', end='', flush=True)\ninput()\nprint('\\x1b[2J\\x1b[Htwo', flush=True)"
    )
    client = Client([sys.executable, "-c", program])
    yield Recorder(client)
    client.close()


def test_what_was_shown_and_in_which_order(recorder: Recorder) -> None:
    recorder.watch(lambda text: "one" in text, 20)
    recorder.rest(0.2)
    recorder.type("x")
    recorder.watch(lambda text: "two" in text, 20)
    texts = ["".join(run.text for row in frame.screen for run in row) for frame in recorder.frames()]
    firsts = [next(at for at, text in enumerate(texts) if word in text) for word in ("one", "onex", "two")]
    assert firsts == sorted(set(firsts))
    assert all(0 <= frame.seconds <= PAUSE for frame in recorder.frames())


def test_colours_and_the_cursor() -> None:
    screen = pyte.Screen(10, 1)
    pyte.Stream(screen).feed("\x1b[1;31mred\x1b[0m ok")
    assert snapshot(screen)[0] == (
        Run(0, "red", "red", "default", True),
        Run(3, " ok", "default", "default", False),
        Run(6, " ", "ground", "text", False),
    )
    pyte.Stream(screen).feed("\x1b[?25l")
    assert len(snapshot(screen)[0]) == 2


def test_the_picture_is_whole_and_stands_alone() -> None:
    picture = draw([shown("a <b> & c", ""), shown("a <b> & c", "d")], "A title", 20)
    root = ET.fromstring(picture)
    texts = [text.text for text in root.iter(f"{NAME}text")]
    assert texts == ["a <b> & c", "d"], "a row that stays is drawn once"
    assert len(list(root.iter(f"{NAME}use"))) == 3
    assert root.findtext(f"{NAME}title") == "A title"
    assert f"animation:play {1 + HOLD:.2f}s" in picture
    assert "prefers-reduced-motion" in picture
    assert "script" not in picture
    assert picture.count("http") == 1, "nothing but the name of the format"
