"""Failures on standard error: one line and a hint below it, or one JSON object where the output is JSON."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from contenant.cli.colour import ColourMode, is_terminal, paint, wants_colour
from contenant.cli.text import visible
from contenant.errors import ContenantError


class Complaint(NamedTuple):
    """What is said of a failure; in JSON under these very keys, of which there will only ever be more."""

    error: str  # what kind: the slug of its class, "usage", "output" or "bug"
    message: str
    hint: str
    exit_code: int


def complain(complaint: Complaint, mode: ColourMode = "auto", *, as_json: bool = False) -> int:
    """Write `contenant: error: message` and `  hint: hint`, or the object; return the exit code.

    A standard error that is gone is no failure.
    """
    text = _object(complaint) if as_json else _lines(complaint, mode)
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    return complaint.exit_code


def _lines(complaint: Complaint, mode: ColourMode) -> str:
    label = "error:"
    if wants_colour(mode, is_terminal(sys.stderr), os.environ):
        label = paint(label, "red")
    hint = f"\n  hint: {visible(complaint.hint)}" if complaint.hint else ""
    return f"contenant: {label} {visible(complaint.message)}{hint}"


def _object(complaint: Complaint) -> str:
    import json

    return json.dumps(complaint._asdict())


def complaint_of(error: ContenantError) -> Complaint:
    """What one of our own errors says."""
    return Complaint(error.slug, error.message, error.hint, error.exit_code)


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON; what stands behind `--` is somebody else's."""
    before = ""
    for word in arguments:
        if word == "--":
            return False
        if word in ("--json", "--format=json", "--format=jsonl"):
            return True
        if before == "--format" and word in ("json", "jsonl"):
            return True
        before = word
    return False
