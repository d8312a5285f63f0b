"""`contenant image log`."""

from __future__ import annotations

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import Recorded, rendered
from contenant.cli.render import Output
from contenant.cli.report import emit_report
from contenant.cli.settings import ui_of
from contenant.cli.text import visible

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "log": "path of the log",
    "line": "number of the line, from 1; of a log that is cut, of the part that is left",
    "text": "the line as the engine printed it",
}


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["log"].summary,
    examples=(
        ("contenant image log", "the newest"),
        ("contenant image log --failed", "the newest of a build that failed"),
    ),
    exits=(0, 1, 2, 4),
)
@click.argument("reference", default="", metavar="[REF]", type=Recorded("images"))
@option("--failed", is_flag=True, help="Of the newest build that failed.")
@rendered
@click.pass_context
def command(ctx: click.Context, reference: str, failed: bool, output: Output) -> int:
    """Print the log of a build: every line that the engine printed, and how it ended.

    REF is the beginning of a reference, a tag, a build's id or a recipe. The newest 20 logs are kept; of one
    that is larger than 4 MiB the end is printed. Control characters are escaped. No engine is asked.
    """
    from contenant.app.image_show import log

    found = log(reference, failed=failed)
    ui = ui_of(ctx)
    ui.note(f"{found.path}{f', without its first {found.left_out} bytes' if found.left_out else ''}")
    if output.format in ("table", "names"):
        output.begin()
        for line in found.text.splitlines():
            output.stream.write(visible(line.expandtabs()) + "\n")
        return 0
    rows = enumerate(found.text.splitlines(), 1)
    emit_report(({"log": found.path, "line": at, "text": text} for at, text in rows), FIELDS, "text", output)
    return 0
