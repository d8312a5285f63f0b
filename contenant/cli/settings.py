"""What holds for a whole invocation: the options every command takes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

import click

from contenant.cli.colour import ColourMode, is_terminal, wants_colour
from contenant.cli.option import Option

if TYPE_CHECKING:
    from contenant.cli.ui import TerminalUi


class Settings:
    """Filled while the command line is parsed; an option after the command wins over one before it."""

    def __init__(self) -> None:
        self.color: ColourMode = "auto"
        self.quiet = False
        self.ui: TerminalUi | None = None  # once something is to be said
        self.as_json = False  # the output is JSON, so a failure is too


def settings_of(context: click.Context) -> Settings:
    """The settings of this invocation."""
    return context.ensure_object(Settings)


def ui_of(context: click.Context) -> TerminalUi:
    """The voice of this invocation, on standard error."""
    chosen = settings_of(context)
    if chosen.ui is None:
        chosen.ui = _make_ui(chosen)
    return chosen.ui


def _make_ui(chosen: Settings) -> TerminalUi:
    from contenant.cli.ui import TerminalUi

    terminal = is_terminal(sys.stderr)
    return TerminalUi(
        stream=sys.stderr,
        source=sys.stdin,
        quiet=chosen.quiet,
        colour=wants_colour(chosen.color, terminal, os.environ),
        live=terminal and os.environ.get("TERM", "") not in ("", "dumb"),
    )


def home() -> str:
    """The home directory as text, `~` where nobody knows it."""
    return os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where there is none


def _set_color(context: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        settings_of(context).color = cast(ColourMode, value)


def _set_quiet(context: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        settings_of(context).quiet = True


def global_options(*, environment: bool) -> list[click.Parameter]:
    """`--color` and `-q`; the variables CONTENANT_COLOR and CONTENANT_QUIET are read once, at the root."""
    color = Option(
        ["--color"],
        type=click.Choice(["auto", "always", "never"]),
        metavar="WHEN",
        envvar="CONTENANT_COLOR" if environment else None,
        expose_value=False,
        callback=_set_color,
        help=f"Colour: auto, always or never.{' [env: CONTENANT_COLOR]' if environment else ''}",
    )
    quiet = Option(
        ["-q", "--quiet"],
        is_flag=True,
        envvar="CONTENANT_QUIET" if environment else None,
        expose_value=False,
        callback=_set_quiet,
        help=f"No notes; only names, no table.{' [env: CONTENANT_QUIET]' if environment else ''}",
    )
    return [color, quiet]
