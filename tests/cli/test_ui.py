"""How the use cases are heard: notes, a progress line, questions."""

from __future__ import annotations

import io
import threading
import time

import pytest

from contenant.app.results import Ui
from contenant.cli.ui import TerminalUi


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ui(stream: io.StringIO, answers: str = "", *, quiet: bool = False, live: bool = False) -> TerminalUi:
    return TerminalUi(stream=stream, source=Terminal(answers), quiet=quiet, colour=False, live=live)


def test_it_is_the_protocol_of_the_use_cases() -> None:
    heard: Ui = ui(io.StringIO())
    assert heard is not None


def test_notes_and_warnings_are_lines_without_control_characters() -> None:
    stream = io.StringIO()
    heard = ui(stream)
    heard.note("back\nto \x1b[2J")
    heard.warn("the project\u202e moved")
    assert (
        stream.getvalue() == "contenant: back\\nto \\x1b[2J\ncontenant: warning: the project\\u202e moved\n"
    )


def test_quiet_leaves_warnings_only() -> None:
    stream = io.StringIO()
    heard = ui(stream, quiet=True, live=True)
    heard.note("a")
    heard.progress("b", 1, 2)
    heard.finish()
    heard.warn("c")
    assert stream.getvalue() == "contenant: warning: c\n"


def test_without_a_terminal_each_step_is_one_plain_line() -> None:
    stream = io.StringIO()
    heard = ui(stream)
    for text, done in (("packages", 1), ("packages", 1), ("agent", 2)):
        heard.progress(text, done, 2)
    heard.finish()
    heard.progress("agent")
    assert stream.getvalue() == "contenant: [1/2] packages\ncontenant: [2/2] agent\ncontenant: agent\n"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is: the first item."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_on_a_terminal_the_line_is_rewritten_with_the_seconds_so_far(clock: list[float]) -> None:
    stream = Terminal()
    heard = ui(stream, live=True)
    heard.progress("packages", 1, 2)
    clock[0] = 101.4
    heard.progress("agent", 2, 2)
    heard.finish()
    clock[0] = 500.0
    heard.progress("anew")
    shown = "\r\x1b[K[1/2] packages (0s)\r\x1b[K[2/2] agent (1s)\r\x1b[K\r\x1b[Kanew (0s)"
    assert stream.getvalue() == shown
    heard.hush()


@pytest.mark.parametrize("live", [True, False])
def test_long_work_ends_with_how_long_it_took(clock: list[float], live: bool) -> None:
    stream = Terminal() if live else io.StringIO()
    heard = ui(stream, live=live)
    heard.progress("packages", 1, 2)
    clock[0] = 287.0
    heard.progress("agent", 2, 2)
    heard.finish()
    assert stream.getvalue().endswith("contenant: [2/2] agent, 3m07s in all\n")
    heard.finish()
    assert stream.getvalue().count("in all") == 1


def _tickers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "Ticker" in repr(thread) or "_run" in thread.name]


def wait_for(stream: io.StringIO, text: str) -> None:
    deadline = time.monotonic() + 10
    while text not in stream.getvalue():
        assert time.monotonic() < deadline, stream.getvalue()
        time.sleep(0.02)


def test_a_step_that_says_nothing_more_goes_on_counting() -> None:
    stream = Terminal()
    heard = ui(stream, live=True)
    heard.progress("stopping shop")
    wait_for(stream, "stopping shop (1s)")
    heard.finish()
    before = stream.getvalue()
    time.sleep(1.2)
    assert stream.getvalue() == before


def test_two_seconds_of_silence_are_broken_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contenant.cli.ui.SILENCE", 0.5)
    stream = Terminal()
    heard = ui(stream, live=True)
    heard.waiting("contenant list is at work")
    assert stream.getvalue() == ""
    wait_for(stream, "contenant list is at work (1s)")
    heard.progress("stopping shop")
    heard.finish()  # of the step: what follows may be silent, too
    written = len(stream.getvalue())
    deadline = time.monotonic() + 10
    while "is at work" not in stream.getvalue()[written:]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    heard.hush()
    assert stream.getvalue().endswith("\r\x1b[K")
    assert not _tickers()


def test_nobody_waits_where_there_is_no_terminal_or_quiet_is_asked_for() -> None:
    for quiet, live in ((True, True), (False, False)):
        heard = ui(stream := Terminal(), quiet=quiet, live=live)
        heard.waiting("contenant list is at work")
        assert not _tickers()
        assert stream.getvalue() == ""


def test_a_progress_line_is_never_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    heard = ui(stream, live=True)
    heard.progress("x" * 100, 1, 2)
    assert len(stream.getvalue().removeprefix("\r\x1b[K")) == 19
    heard.hush()


def test_a_note_during_progress_takes_the_line() -> None:
    stream = Terminal()
    heard = ui(stream, live=True)
    heard.progress("packages")
    heard.note("look")
    assert stream.getvalue().endswith("\r\x1b[Kcontenant: look\n")
    heard.hush()


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [("y\n", True), ("YES\n", True), (" y \n", True), ("n\n", False), ("\n", False), ("", False)],
)
def test_only_yes_is_yes(answer: str, agreed: bool) -> None:
    assert ui(Terminal(), answer).confirm("Remove it?") is agreed


def test_there_is_nobody_to_ask_without_terminals() -> None:
    assert ui(io.StringIO(), "y\n").confirm("Remove it?") is None
    piped = TerminalUi(stream=Terminal(), source=io.StringIO("y\n"), quiet=False, colour=False, live=False)
    assert piped.confirm("Remove it?") is None


def test_a_standard_error_that_is_gone_does_not_stop_the_work() -> None:
    stream = io.StringIO()
    heard = ui(stream)
    stream.close()
    heard.note("a")
    heard.progress("b")
    heard.finish()
