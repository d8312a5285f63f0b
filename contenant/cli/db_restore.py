"""`contenant db restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.db import DB_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import BackupFile, rendered
from contenant.cli.render import Output
from contenant.cli.report import emit_report
from contenant.cli.settings import ui_of
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

EXIT_DECLINED = 1

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "source": "the backup that is the database now",
    "aside": "where the file is kept that stood there, empty where there was none",
    "last": "number of this host's last event in that file, null where it could not be read",
}


@click.command(
    cls=Command,
    short_help=DB_COMMANDS["restore"].summary,
    examples=(
        ("contenant db restore", "the newest backup"),
        ("contenant db restore /mnt/safe/contenant.db --yes", "this one, without asking"),
    ),
    exits=(0, 1, 2, 4),
)
@click.argument("backup", type=BackupFile(), required=False)
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@rendered
@click.pass_context
def command(ctx: click.Context, backup: Path | None, yes: bool, output: Output) -> int:
    """Put a backup in the database's place; what stood there is kept beside it.

    The backup is looked through first. What was recorded since it was made is missing afterwards, but for
    the containers: the next `contenant list` finds them by their labels. The restore itself is recorded, with
    the last event of the file it replaced, where that could be read.
    """
    from contenant.app.database import choose, restore

    ui, source = ui_of(ctx), choose(backup)
    if not yes:
        answer = ui.confirm(f"Put {source} in the database's place?")
        if answer is None:
            raise UsageError("restore asks first, and there is no terminal to ask on", hint="add --yes")
        if not answer:
            ui.note("nothing was changed")
            return EXIT_DECLINED
    done = restore(source)
    last = done.last[0] if done.last else None
    row = {"source": str(done.source), "aside": str(done.aside or ""), "last": last}
    emit_report([row], FIELDS, "source", output)
    ui.note(f"{done.source} is the database now")
    if done.aside is not None:
        ui.note(f"what stood there is {done.aside}")
    return 0
