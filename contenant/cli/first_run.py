"""What a first run is going to do, told once, to a person at a terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from contenant.cli.settings import home
from contenant.cli.text import below_home, visible

if TYPE_CHECKING:
    from contenant.app.results import RunRequest
    from contenant.cli.ui import TerminalUi

_TEXT = """\
contenant is run here for the first time. It is going to
  build an image with Claude Code in your container engine, once; that takes some minutes
  make a container for {project}, which sees that directory and what your settings share
  let it reach what Claude Code needs and nothing else: contenant help firewall
  {what} there, and keep its records in {state}"""


def introduce(request: RunRequest, ui: TerminalUi) -> None:
    """Tell it where nobody was told before and nothing was run. Raises what a run raises of its path."""
    from contenant.paths import state_dir

    state = state_dir()
    if any(os.path.lexists(state / name) for name in ("contenant.db", "introduced")):
        return
    from contenant.app.project import resolve
    from contenant.paths import ensure_private

    base = home()
    project = resolve(request.path, force=request.force)
    what = f"run {request.argv[0]}" if request.argv else "open Claude Code"
    parts = {"project": below_home(project.path, base), "what": what, "state": below_home(str(state), base)}
    ui.show(_TEXT.format(**{name: visible(text) for name, text in parts.items()}))
    (ensure_private(state) / "introduced").touch(mode=0o600)
