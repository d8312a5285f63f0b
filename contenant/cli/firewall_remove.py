"""`contenant firewall remove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.firewall_options import emit_changes
from contenant.cli.options import Recorded, project_option, rendered
from contenant.cli.render import Output
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["remove"].summary,
    examples=(
        ("contenant firewall remove example.com", "allowed or denied: no rule any more"),
        ("contenant firewall remove git.example.com:22 login", "an entry with a port, and a preset"),
    ),
    exits=(0, 1, 2, 3, 4, 5, 6),
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", type=Recorded("rules"))
@project_option
@rendered
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], project: Path, output: Output) -> int:
    """Take rules back that were given by command, at once; what they opened is cut.

    NAME is an entry or a preset as `contenant firewall show` prints it. What settings or project files say
    stays: `contenant firewall deny` closes it.
    """
    from contenant.app.firewall import take_back

    ui = ui_of(ctx)
    return emit_changes(take_back(project, names, ui), output, ui)
