"""Failures on standard error: one line, and a hint below it."""

from __future__ import annotations

import contextlib
import os
import sys

from contenant.cli.colour import ColourMode, is_terminal, paint, wants_colour
from contenant.cli.text import visible
from contenant.errors import ContenantError


def complain(message: str, hint: str = "", mode: ColourMode = "auto") -> None:
    """Write `contenant: error: message` and `  hint: hint`. A standard error that is gone is no failure."""
    label = "error:"
    if wants_colour(mode, is_terminal(sys.stderr), os.environ):
        label = paint(label, "red")
    lines = [f"contenant: {label} {visible(message)}"]
    if hint:
        lines.append(f"  hint: {visible(hint)}")
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()


def complain_about(error: ContenantError, mode: ColourMode = "auto") -> int:
    """Show one of our own errors; return its exit code."""
    complain(error.message, error.hint, mode)
    return error.exit_code
