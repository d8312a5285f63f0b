"""Whether to colour, and how wide a terminal is. Reads the environment; decides nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, TextIO

ColourMode = Literal["auto", "always", "never"]
CODES = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


def wants_colour(mode: ColourMode, is_terminal: bool, environ: Mapping[str, str]) -> bool:
    """Flag first; then NO_COLOR, FORCE_COLOR (no-color.org, force-color.org), TERM=dumb, and the stream."""
    if mode != "auto":
        return mode == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal and environ.get("TERM", "") not in ("", "dumb")


def paint(text: str, colour: str) -> str:
    """The text in one of `CODES`; as it stands for ""."""
    return f"\x1b[{CODES[colour]}m{text}\x1b[0m" if colour else text


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is a terminal; False for a closed one."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def terminal_width(stream: TextIO, environ: Mapping[str, str]) -> int:
    """Columns of the terminal behind a stream; 0, no limit, where there is none."""
    if not is_terminal(stream):
        return 0
    if (columns := environ.get("COLUMNS", "")).isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def help_width(stream: TextIO, environ: Mapping[str, str]) -> int:
    """Columns of a help text, as click has them: 78 at most and 50 at least."""
    columns = environ.get("COLUMNS", "")
    own = int(columns) if columns.isdecimal() else 0
    return max(min(own or terminal_width(stream, environ) or 80, 80) - 2, 50)
