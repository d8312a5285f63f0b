"""`contenant image log`."""

from __future__ import annotations

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.option import option
from contenant.cli.settings import ui_of
from contenant.cli.text import visible


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["log"].summary,
    examples=(
        ("contenant image log", "the newest"),
        ("contenant image log --failed", "the newest of a build that failed"),
    ),
    exits=(0, 1, 2, 4),
)
@click.argument("reference", default="", metavar="[REF]")
@option("--failed", is_flag=True, help="Of the newest build that failed.")
@click.pass_context
def command(ctx: click.Context, reference: str, failed: bool) -> int:
    """Print the log of a build: every line that the engine printed, and how it ended.

    REF is the beginning of a reference, a tag, a build's id or a recipe. The newest 20 logs are kept; of one
    that is larger than 4 MiB the end is printed. Control characters are escaped. No engine is asked.
    """
    from contenant.app.image_show import log

    found = log(reference, failed=failed)
    ui = ui_of(ctx)
    ui.note(f"{found.path}{f', without its first {found.left_out} bytes' if found.left_out else ''}")
    for line in found.text.splitlines():
        click.echo(visible(line.expandtabs()))
    return 0
