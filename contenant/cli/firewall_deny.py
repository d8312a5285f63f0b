"""`contenant firewall deny`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.firewall_options import emit_given, rule_options
from contenant.cli.options import Recorded
from contenant.cli.render import Output
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["deny"].summary,
    examples=(
        ("contenant firewall deny sentry.io", "close it although another layer opens it"),
        ('contenant firewall deny "*.example.com"', "every name below it"),
    ),
    exits=(0, 1, 2, 3, 5, 6),
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", type=Recorded("reached"))
@rule_options
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    duration: timedelta | None,
    reason: str,
    project: Path,
    output: Output,
) -> int:
    """Close hosts to the project's container, at once; open connections are cut.

    What is denied stays closed whatever layer allows it. A rule by command that allowed the same name ends.
    """
    from contenant.core.policy_rules import Wish

    return emit_given(project, Wish("deny", names, reason), duration, output, ui_of(ctx))
