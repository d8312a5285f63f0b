"""What a terminal shows over time: a program on a pseudo-terminal, its output run through an emulation.

A recording is a list of screens with the moment each was there. Of what is drawn in quick succession only the
last counts; a pause longer than `PAUSE` is shown as that long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import pyte
from pyte.screens import Char

from tests.terminal_client import Client

ROWS, COLUMNS = 26, 100
QUICK, PAUSE = 0.08, 1.6  # seconds


class Run(NamedTuple):
    """Characters of one line that look alike."""

    column: int
    text: str
    colour: str  # as pyte names it: `default`, `red`, `brightblack`, or six hexadecimal digits
    background: str
    bold: bool


Screen = tuple[tuple[Run, ...], ...]  # one tuple for each row


class Frame(NamedTuple):
    """A screen and how long it stands, in seconds."""

    screen: Screen
    seconds: float


class Recorder:
    """A program, and what its terminal showed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        client.resize(ROWS, COLUMNS)
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._shown: list[tuple[float, Screen]] = [(time.monotonic(), snapshot(self._screen))]
        self._fed = 0

    def watch(self, until: Callable[[str], bool], seconds: float = 90) -> None:
        """Record until what is shown fits. Fails the test after `seconds`."""
        deadline = time.monotonic() + seconds
        while not until(self.text()):
            assert time.monotonic() < deadline, f"not within {seconds} s:\n{self.text()}"
            self._step(0.05)

    def rest(self, seconds: float) -> None:
        """Record for some time, whatever comes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._step(0.05)

    def type(self, text: str, enter: bool = True) -> None:
        """Press keys as a person does: one after the other."""
        for character in text:
            self._client.type(character.encode())
            self.rest(0.045)
        if enter:
            self.rest(0.4)
            self._client.type(b"\r")

    def text(self) -> str:
        """What is shown now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def frames(self) -> list[Frame]:
        """The recording so far."""
        kept: list[tuple[float, Screen]] = []
        for moment, screen in self._shown:
            if kept and moment - kept[-1][0] < QUICK:
                kept[-1] = (kept[-1][0], screen)
            elif not kept or kept[-1][1] != screen:
                kept.append((moment, screen))
        ends = [moment for moment, _ in kept[1:]] + [time.monotonic()]
        return [
            Frame(screen, min(PAUSE, end - moment)) for (moment, screen), end in zip(kept, ends, strict=True)
        ]

    def _step(self, seconds: float) -> None:
        self._client.read(seconds)
        new, self._fed = self._client.seen[self._fed :], len(self._client.seen)
        if new:
            self._stream.feed(new)
            self._shown.append((time.monotonic(), snapshot(self._screen)))


def snapshot(screen: pyte.Screen) -> Screen:
    """What is shown, in runs; the cursor is a block where it is not hidden."""
    rows = []
    for row in range(screen.lines):
        cells = [screen.buffer[row][column] for column in range(screen.columns)]
        if row == screen.cursor.y and not screen.cursor.hidden and screen.cursor.x < screen.columns:
            cells[screen.cursor.x] = cells[screen.cursor.x]._replace(reverse=True)
        rows.append(_runs(cells))
    return tuple(rows)


def _runs(cells: list[Char]) -> tuple[Run, ...]:
    runs: list[Run] = []
    for column, cell in enumerate(cells):
        colour, background = (cell.bg, cell.fg) if cell.reverse else (cell.fg, cell.bg)
        if cell.reverse:
            colour, background = (
                ("ground" if colour == "default" else colour),
                ("text" if background == "default" else background),
            )
        look = (colour, background, bool(cell.bold))
        if runs and look == runs[-1][2:] and runs[-1].column + len(runs[-1].text) == column:
            runs[-1] = runs[-1]._replace(text=runs[-1].text + (cell.data or ""))
        elif cell.data:
            runs.append(Run(column, cell.data, *look))
    return tuple(run for run in runs if run.text.strip() or run.background != "default")
