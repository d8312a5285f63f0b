"""`contenant firewall show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.firewall_options import local
from contenant.cli.option import option
from contenant.cli.options import project_option, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import home, ui_of
from contenant.cli.text import below_home

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.app.firewall_look import Shown
    from contenant.cli.ui import TerminalUi

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "kind": "mode, allow, deny, preset, host (a service of this machine) or inbound (a port that is let in)",
    "entry": "the entry, the preset, the mode or the port",
    "layer": "where it comes from: default, user, project, env, flag or command; empty for a published port",
    "source": "the file, variable or option it was written in; empty where there is none",
    "preset": "the preset it comes from, empty for none",
    "reason": "why, in the author's words",
    "until": "moment at which it ends by itself, empty for none",
    "author": "who gave the rule, empty where it is none given by command",
    "added": "moment at which it was given, empty where it is none given by command",
}
_COLOURS = {"off": "red", "audit": "yellow"}


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["show"].summary,
    examples=(
        ("contenant firewall show", "the rules given by command in this project"),
        ("contenant firewall show --effective", "everything in force, and where it comes from"),
    ),
)
@option("--effective", is_flag=True, help="Everything in force, settings and presets included.")
@project_option
@rendered
@click.pass_context
def command(ctx: click.Context, effective: bool, project: Path, output: Output) -> int:
    """Show the rules given by command for a project, or everything in force.

    Mode, hash of the policy and whether the container has it go to standard error. No engine is asked.
    """
    from contenant.app.firewall_look import show

    ui = ui_of(ctx)
    found = show(project, everything=effective)
    emit(found.entries, table(home()), output)
    _tell(found, effective, ui)
    return 0


def _tell(found: Shown, effective: bool, ui: TerminalUi) -> None:
    if not found.entries:
        ui.note("no rules given by command; --effective shows everything in force")
    state = "no container has it yet"
    if found.in_force:
        state = "the container has it" if found.in_force == found.policy else "in force at the next start"
    if found.in_force and found.in_force != found.policy:
        state += f" (now it has {found.in_force[:12]})"
    ui.note(f"mode {found.mode}, policy {found.policy[:12]}: {state}")
    for line in found.left_out:
        ui.note(f"without effect: {line}")
    known = {entry.preset for entry in found.entries}
    for name in found.found if effective else ():
        if name not in known:
            ui.note(
                f"preset {name} opens nothing yet: its hosts are asked of the image when the container runs"
            )


def table(base: str) -> Table:
    """How an Entry is shown, with a home directory to shorten paths by."""
    return Table(
        columns=(
            Column("KIND", lambda row: row.kind),
            Column("ENTRY", lambda row: row.entry, colour=lambda row: _COLOURS.get(row.entry, "")),
            Column("LAYER", lambda row: row.layer or row.source),
            Column("PRESET", lambda row: row.preset or "-", rank=2),
            Column("UNTIL", lambda row: local(row.until), rank=3),
            Column("AUTHOR", lambda row: row.author or "-", rank=4),
            Column(
                "FROM / REASON",
                lambda row: row.reason or below_home(row.source, base) or "-",
                floor=10,
                rank=1,
            ),
        ),
        fields=tuple(FIELDS),
        record=lambda row: row._asdict(),
        name=lambda row: row.entry,
    )
