"""`contenant db backup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.db import DB_COMMANDS
from contenant.cli.options import BackupFile, rendered
from contenant.cli.render import Output
from contenant.cli.report import emit_report

if TYPE_CHECKING:
    from pathlib import Path

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {"path": "where the copy is", "size": "bytes"}


@click.command(
    cls=Command,
    short_help=DB_COMMANDS["backup"].summary,
    examples=(
        ("contenant db backup", "beside the other backups, of which ten are kept"),
        ("contenant db backup /mnt/safe/contenant.db", "elsewhere"),
    ),
    exits=(0, 1, 2, 4),
)
@click.argument("file", type=BackupFile(), required=False)
@rendered
def command(file: Path | None, output: Output) -> int:
    """Copy the database, while others use it, and print where the copy is.

    The copy is one moment of the whole, and only its owner can read it. FILE must not be there yet.
    """
    from contenant.app.database import back_up

    made = back_up(file)
    emit_report([{"path": str(made), "size": made.stat().st_size}], FIELDS, "path", output, shown=True)
    return 0
