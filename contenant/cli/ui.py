"""How the use cases speak: notes, warnings, a progress line and questions, all on standard error."""

from __future__ import annotations

import contextlib
import os
import time
from _thread import RLock  # threading itself is loaded where a thread is needed
from typing import TYPE_CHECKING, TextIO

from contenant.cli.colour import is_terminal, paint, terminal_width
from contenant.cli.text import elapsed, shorten, visible

if TYPE_CHECKING:
    from contenant.cli.ticker import Ticker

_CLEAR = "\r\x1b[K"
SILENCE = 2.0  # seconds after which something is said of work that goes on


class TerminalUi:
    """The `Ui` of contenant.app.results on a pair of streams.

    `live`: progress is one line rewritten in place, every second; otherwise each step is a line of its own.
    """

    def __init__(self, *, stream: TextIO, source: TextIO, quiet: bool, colour: bool, live: bool) -> None:
        self._stream = stream
        self._source = source
        self._quiet = quiet
        self._colour = colour
        self._live = live
        self._began = 0.0  # of the first step
        self._step = ""  # the one that is at work, "" for none
        self._waiting = ""  # what to say where nothing is said for long
        self._since = self._spoke = 0.0  # since when that is so, and when something was said last
        self._open = False  # a progress line stands on the terminal, without its newline
        self._ticker: Ticker | None = None
        self._lock = RLock()

    def note(self, text: str) -> None:
        """Something worth knowing; nothing under --quiet."""
        if not self._quiet:
            self._line(f"contenant: {visible(text)}")

    def warn(self, text: str) -> None:
        """Something wrong that did not stop the work; also under --quiet."""
        label = paint("warning:", "yellow") if self._colour else "warning:"
        self._line(f"contenant: {label} {visible(text)}")

    def progress(self, text: str, done: int = 0, total: int = 0) -> None:
        """A step of longer work, with the seconds since its first step."""
        if self._quiet:
            return
        shown = f"[{done}/{total}] {visible(text)}" if total else visible(text)
        with self._lock:
            now = time.monotonic()
            self._began = self._began or now
            before, self._step = self._step, shown
            if self._live:
                self._rewrite(f"{shown} ({elapsed(now - self._began)})")
            elif shown != before:
                self._line(f"contenant: {shown}")
        self._tick()

    def waiting(self, text: str) -> None:
        """From now on, say this on a terminal whenever nothing is said for two seconds; `finish` ends it."""
        if self._live and not self._quiet:
            with self._lock:
                self._waiting, self._since = text, time.monotonic()
                self._spoke = self._since
            self._tick()

    def finish(self) -> None:
        """Leave the cursor on a clean line, and say what took more than two seconds how long it took.

        The next progress counts its seconds anew. Where no step was at work, `waiting` is over, too.
        """
        with self._lock:
            step, self._step = self._step, ""
            took = time.monotonic() - self._began if step else 0.0
            self._began = 0.0
            if self._open:
                self._write(_CLEAR)
                self._open = False
            if took >= SILENCE:
                self._line(f"contenant: {step}, {elapsed(took)} in all")
            self._waiting = self._waiting if step else ""
            ended = self._ticker if not self._waiting else None
            self._ticker = None if ended else self._ticker
        if ended:
            ended.stop()

    def hush(self) -> None:
        """The terminal is somebody else's from now on: an editor's, a table's."""
        self.finish()
        self.finish()

    def confirm(self, question: str) -> bool | None:
        """Ask; only `y` or `yes` agrees. None where standard input or standard error is no terminal."""
        if not (is_terminal(self._source) and is_terminal(self._stream)):
            return None
        self.finish()
        self._write(f"{visible(question)} [y/N] ")
        answer = self._source.readline()
        if not answer:  # Ctrl-D leaves the cursor behind the question
            self._write("\n")
        return answer.strip().lower() in ("y", "yes")

    def show(self, text: str) -> None:
        """A block of prepared text, such as the plan a question is about."""
        self._line(text)

    def _tick(self) -> None:
        """Have the line rewritten every second, where there is one to rewrite."""
        with self._lock:
            if not self._live or self._ticker:
                return
            from contenant.cli.ticker import Ticker

            self._ticker = Ticker(self._tell)

    def _tell(self) -> None:
        with self._lock:
            now = time.monotonic()
            if self._step:
                self._rewrite(f"{self._step} ({elapsed(now - self._began)})")
            elif self._waiting and now - self._spoke >= SILENCE:
                self._rewrite(f"{self._waiting} ({elapsed(now - self._since)})")

    def _rewrite(self, text: str) -> None:
        room = terminal_width(self._stream, os.environ) or 80
        self._write(_CLEAR + shorten(text, room - 1))
        self._open = True

    def _line(self, text: str) -> None:
        with self._lock:
            self._write((_CLEAR if self._open else "") + text + "\n")
            self._open = False
            self._spoke = time.monotonic() if self._waiting else 0.0

    def _write(self, text: str) -> None:
        # A standard error that is gone must not end a session or leave a plan half applied.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()
