"""`contenant firewall why`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.exits import EXIT_UNREACHABLE
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import Recorded, project_option, rendered
from contenant.cli.render import Output, emit_tree
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["why"].summary,
    examples=(
        ("contenant firewall why example.com", "layer, entry, policy and the last decisions"),
        ("contenant firewall why git.example.com --port 22", "another port"),
    ),
    exits=(0, 2, 3),
)
@click.argument("host", metavar="HOST", type=Recorded("reached"))
@option("--port", type=click.IntRange(1, 65535), metavar="N", default=443, help="The port; 443 unless given.")
@project_option
@rendered
@click.pass_context
def command(ctx: click.Context, host: str, port: int, project: Path, output: Output) -> int:
    """Say why a host can or cannot be reached.

    That is: the entry that decides and the layer it is from, the policy, the last decisions, and the presets
    that would open it.
    """
    from contenant.app.firewall_why import explain

    found = explain(project, host, port, ui_of(ctx))
    emit_tree(found, output, "host")
    return 0 if found["current"] else EXIT_UNREACHABLE
