"""`contenant firewall suggest`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.exits import EXIT_UNREACHABLE
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.options import project_option, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from pathlib import Path

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "action": "allow, preset or remove",
    "name": "the host, with its port where it is not 443; the entry or preset to remove",
    "attempts": "how often it was refused, 0 for what is to be removed",
    "sessions": "in how many sessions, 0 for what is to be removed",
    "last_seen": "moment of the last attempt, empty for what is to be removed",
    "presets": "presets that would open it, smallest first",
    "why": "one line for people",
    "command": "what to type",
}


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["suggest"].summary,
    examples=(
        ("contenant firewall suggest", "from the record of the last 30 days"),
        ("contenant firewall suggest --project ~/work/shop --json", "of another project, for programs"),
    ),
    exits=(0, 2, 3),
)
@project_option
@rendered
@click.pass_context
def command(ctx: click.Context, project: Path, output: Output) -> int:
    """Suggest what to allow and what to take back, from the record of the last 30 days. Changes nothing.

    Hosts that were refused, those of most sessions first, with the preset that would cover them; then what
    is allowed and was not used.
    """
    from contenant.app.firewall_suggest import suggest

    ui = ui_of(ctx)
    found, current = suggest(project, ui)
    emit(found, _TABLE, output)
    if not found:
        ui.note("nothing to suggest: nothing was refused that is still closed, and what is open is used")
    return 0 if current else EXIT_UNREACHABLE


_TABLE = Table(
    columns=(
        Column("NAME", lambda row: row.name, floor=20),
        Column("WHY", lambda row: row.why),
        Column("COMMAND", lambda row: row.command),
    ),
    fields=tuple(FIELDS),
    record=lambda row: row._asdict() | {"presets": list(row.presets)},
    name=lambda row: row.name,
)
