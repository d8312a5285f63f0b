"""How the use cases speak: notes, warnings, a progress line and questions, all on standard error."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TextIO

from contenant.cli.colour import is_terminal, paint, terminal_width
from contenant.cli.text import shorten, visible

_CLEAR = "\r\x1b[K"


class TerminalUi:
    """The `Ui` of contenant.app.results on a pair of streams.

    `live`: progress is one line rewritten in place; otherwise each step is a line of its own.
    """

    def __init__(self, *, stream: TextIO, source: TextIO, quiet: bool, colour: bool, live: bool) -> None:
        self._stream = stream
        self._source = source
        self._quiet = quiet
        self._colour = colour
        self._live = live
        self._began = 0.0
        self._last = ""
        self._open = False  # a progress line stands on the terminal, without its newline

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
        now = time.monotonic()
        self._began = self._began or now
        shown = f"[{done}/{total}] {visible(text)}" if total else visible(text)
        if self._live:
            self._rewrite(f"{shown} ({now - self._began:.0f}s)")
        elif shown != self._last:
            self._line(f"contenant: {shown}")
        self._last = shown

    def finish(self) -> None:
        """Leave the cursor on a clean line; the next progress counts its seconds anew."""
        self._began, self._last = 0.0, ""
        if self._open:
            self._write(_CLEAR)
            self._open = False

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

    def _rewrite(self, text: str) -> None:
        room = terminal_width(self._stream, os.environ) or 80
        self._write(_CLEAR + shorten(text, room - 1))
        self._open = True

    def _line(self, text: str) -> None:
        self._write((_CLEAR if self._open else "") + text + "\n")
        self._open = False

    def _write(self, text: str) -> None:
        # A standard error that is gone must not end a session or leave a plan half applied.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()
