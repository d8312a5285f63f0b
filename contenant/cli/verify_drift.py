"""`contenant verify --drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.cli.render import Output
    from contenant.cli.ui import TerminalUi


def show_drift(path: Path | None, fix: bool, output: Output, ui: TerminalUi) -> int:
    raise NotImplementedError
