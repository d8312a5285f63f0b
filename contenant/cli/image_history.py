"""`contenant image history`."""

from __future__ import annotations

import click

from contenant.cli.command import Command
from contenant.cli.history_options import local
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.image_list import duration
from contenant.cli.option import option
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import ui_of
from contenant.core.sizes import size

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "at": "moment",
    "what": "built, failed, building (an end is not on record), loaded, removed",
    "reference": "name:tag; an image that had lost its name is called by its id",
    "claude_version": "Claude Code version in it",
    "engine": "engine, empty where that is not on record",
    "seconds": "how long a build or a load took, null for anything else",
    "size": "bytes of what was built or loaded, else 0",
    "recipe": "hash of every input",
    "log": "path of the build's log; the newest 20 are kept",
    "why": "why it was removed",
    "id": "contenant's id of a build that succeeded",
}
_COLOURS = {"failed": "red", "building": "yellow"}


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["history"].summary,
    examples=(
        ("contenant image history", "newest first"),
        ("contenant image history --limit 5 --json", "the last five, for programs"),
    ),
    exits=(0, 1, 2),
)
@option("--limit", type=click.IntRange(min=0), metavar="N", default=0, help="At most so many rows; 0 is all.")
@rendered
@click.pass_context
def command(ctx: click.Context, limit: int, output: Output) -> int:
    """Show every build, load, failure and removal of an image, newest first.

    Tables show local time, all other formats UTC. No engine is asked.
    """
    from contenant.app.image_show import history

    found = history()
    emit(found[:limit] if limit else found, TABLE, output)
    if not found:
        ui_of(ctx).note("nothing was built yet; contenant image build builds")
    return 0


TABLE = Table(
    columns=(
        Column("WHEN", lambda row: local(row.at)),
        Column("WHAT", lambda row: row.what, colour=lambda row: _COLOURS.get(row.what, "")),
        Column("IMAGE", lambda row: row.reference),
        Column("ENGINE", lambda row: row.engine or "-", rank=3),
        Column("TOOK", lambda row: duration(row.seconds), rank=1),
        Column("SIZE", lambda row: size(row.size) if row.size else "-", rank=2),
        Column("WHY", lambda row: row.why or (row.log if row.what == "failed" else "") or "-", floor=10),
    ),
    fields=tuple(FIELDS),
    record=lambda row: row._asdict(),
    name=lambda row: row.reference,
)
