"""`contenant db backup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.db import DB_COMMANDS
from contenant.cli.options import ProjectPath

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    cls=Command,
    short_help=DB_COMMANDS["backup"].summary,
    examples=(
        ("contenant db backup", "beside the other backups, of which ten are kept"),
        ("contenant db backup /mnt/safe/contenant.db", "elsewhere"),
    ),
    exits=(0, 1, 2, 4),
)
@click.argument("file", type=ProjectPath(), required=False)
def command(file: Path | None) -> int:
    """Copy the database, while others use it, and print where the copy is.

    The copy is one moment of the whole, and only its owner can read it. FILE must not be there yet.
    """
    from contenant.app.database import back_up
    from contenant.cli.text import visible

    click.echo(visible(str(back_up(file))))
    return 0
