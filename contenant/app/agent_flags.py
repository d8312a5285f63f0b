"""The agent's own options, for completion behind `--`: asked once of an image, kept for each version.

Completion itself starts no engine and imports little: a version has a file in the state directory, with a
line for each word: name, values with commas between them, description, a tab between each.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from contenant.errors import ContenantError
from contenant.paths import state_dir

if TYPE_CHECKING:
    from contenant.app.results import Ui
    from contenant.core.agent_flags import Word
    from contenant.engines.base import Engine

_MAX = 256 * 1024  # bytes of a file


def learn(engine: Engine, reference: str, version: str, ui: Ui) -> None:
    """Have an image print the agent's help, and keep what it says; nothing where that is known already.

    Completion is a comfort: whatever goes wrong is no failure of what had the image built.
    """
    place = _place(version)
    if not version or place.exists():
        return
    from contenant import files
    from contenant.core.agent_flags import parse
    from contenant.paths import ensure_private

    ui.progress(f"asking Claude Code {version} for its options")
    try:
        with suppress(ContenantError, OSError):
            if words := parse(engine.run_once(reference, ("claude", "--help"))):
                ensure_private(place.parent)
                files.replace(place, "".join(map(_line, words)).encode("utf-8", "replace"))
    finally:
        ui.finish()


def _line(word: Word) -> str:
    cells = (word.name, ",".join(word.choices), word.about)
    return "\t".join("".join(char for char in cell if char.isprintable()) for cell in cells) + "\n"


def known(version: str) -> list[tuple[str, list[str], str]]:
    """Name, values, description of each word of a version; where it is not known, of the one asked last."""
    place = _place(version)
    try:
        if not version or not place.exists():
            place = max(place.parent.iterdir(), key=lambda path: path.stat().st_mtime)
        with place.open(encoding="utf-8") as file:
            lines = file.read(_MAX).splitlines()
    except (OSError, ValueError):
        return []
    cells = [line.split("\t") for line in lines]
    return [(line[0], line[1].split(",") if line[1] else [], line[2]) for line in cells if len(line) == 3]


def _place(version: str) -> Path:
    return state_dir() / "agent-options" / os.path.basename(version or "none")  # noqa: PTH119 - a name alone
