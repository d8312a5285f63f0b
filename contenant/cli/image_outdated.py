"""`contenant image outdated`."""

from __future__ import annotations

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import rendered
from contenant.cli.render import Output, emit_tree
from contenant.cli.settings import ui_of

# What is not known is null for programs, and said to people.
_ASKED = ("latest", "stable", "asked")


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["outdated"].summary,
    examples=(
        ("contenant image outdated", "the version in use, the newest, and who is behind"),
        ("contenant image outdated --refresh", "ask the registry now"),
    ),
    exits=(0, 1, 2),
)
@option("--refresh", is_flag=True, help="Ask the registry, although it was asked less than a day ago.")
@rendered
@click.pass_context
def command(ctx: click.Context, refresh: bool, output: Output) -> int:
    """Show which version of Claude Code new containers get and why, the newest one, and who is behind.

    The registry is asked through npm, for 5 seconds at most, and its answer is good for a day. Where it is
    silent the newest version is not known, and that is no failure.
    """
    from contenant.app.upgrade import outdated

    found = outdated(ui_of(ctx), refresh=refresh)
    if output.format == "table":
        found |= {name: "not known" for name in _ASKED if found[name] is None}
    emit_tree(found, output, "chosen")
    return 0
