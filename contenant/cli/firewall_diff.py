"""`contenant firewall diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.options import project_option, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from pathlib import Path

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "change": "opened, closed, or changed: an end that moved",
    "entry": "what, such as allow api.example.com or mode audit",
}


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["diff"].summary,
    examples=(
        ("contenant firewall diff 3fa1 9c02", "by the beginning of their hashes"),
        ("contenant firewall diff 3fa1", "what changed since then"),
    ),
    exits=(0, 2, 4),
)
@click.argument("old", metavar="A")
@click.argument("new", metavar="[B]", default="wanted")
@project_option
@rendered
@click.pass_context
def command(ctx: click.Context, old: str, new: str, project: Path, output: Output) -> int:
    """Compare two policies: what the second opens and closes.

    Each is the beginning of a hash, `current` for what the project's container has, or `wanted` for what
    settings and rules ask for now, which B is unless given. `contenant history` shows which policy was in
    force when.
    """
    from contenant.app.firewall_look import compare

    found, first, second = compare(project, old, new)
    rows = [(word, line) for word in ("opened", "closed", "changed") for line in getattr(found, word)]
    emit(rows, _TABLE, output)
    ui_of(ctx).note(f"{first[:12]} → {second[:12]}" + ("" if rows else ": no difference"))
    return 0


_TABLE = Table(
    columns=(
        Column("CHANGE", lambda row: row[0], colour=lambda row: "yellow" if row[0] == "opened" else ""),
        Column("ENTRY", lambda row: row[1]),
    ),
    fields=tuple(FIELDS),
    record=lambda row: {"change": row[0], "entry": row[1]},
    name=lambda row: row[1],
)
