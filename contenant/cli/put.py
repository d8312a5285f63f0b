"""`contenant put`: files into a project's drop folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.drop_options import drop_options, emit_passed
from contenant.cli.option import option
from contenant.cli.options import FileName
from contenant.cli.root import COMMANDS
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.cli.render import Output


@click.command(
    cls=Command,
    short_help=COMMANDS["put"].summary,
    examples=(
        ("contenant put screenshot.png", "prints /drop/screenshot.png, for the agent"),
        ("contenant put ~/specs --to spec", "a directory, under another name"),
        ("contenant put task.md --name review", "to the agent in this project's container review"),
    ),
    exits=(0, 1, 2, 4, 5),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=FileName())
@option("--to", metavar="NAME", default="", help="The name in the drop folder.")
@drop_options
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    to: str,
    force: bool,
    most: int,
    project: Path,
    name: str | None,
    output: Output,
) -> int:
    """Copy files and directories into the project's drop folder.

    It prints where they are in the container, to be pasted to the agent: below /drop, under names without
    blanks. Links inside a directory stay behind, and are told (exit 1). The folder outlives the container;
    `clean --purge` removes it.
    """
    from contenant.app.drop import Request, put
    from contenant.app.project import target

    path, variant = target(project, name)
    return emit_passed(put(Request(path, to, force, most, variant), files), output, ui_of(ctx))
