"""`contenant history diff`."""

from __future__ import annotations

import click

from contenant.cli.command import Command
from contenant.cli.history import HISTORY_COMMANDS
from contenant.cli.history_options import local
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import ui_of

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "what": "image, policy, setting NAME, opened, closed, contacted, denied …, or event KIND",
    "before": "in the first session, empty for nothing",
    "after": "in the second session, or one line about the event",
    "at": "moment of an event, empty for everything else",
}


@click.command(
    cls=Command,
    short_help=HISTORY_COMMANDS["diff"].summary,
    examples=(
        ("contenant history diff last-1 last", "the newest session against the one before"),
        ("contenant history diff 01k3a7 01k4b9 --json", "by the beginning of their ids"),
    ),
    exits=(0, 1, 2, 4),
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@rendered
@click.pass_context
def command(ctx: click.Context, first: str, second: str, output: Output) -> int:
    """Say what changed between two sessions.

    Image, settings, policy line by line, credential, hosts that only one of them reached or was refused; then
    every event between their starts. A and B are ids, as `contenant history sessions` shows them, or their
    beginning; `last` is the newest session, `last-1` the one before.
    """
    from contenant.app.history_diff import diff

    rows = diff(first, second)
    emit(rows, _TABLE, output)
    if not rows:
        ui_of(ctx).note("nothing changed between them")
    return 0


_TABLE = Table(
    columns=(
        Column("WHAT", lambda row: row.what),
        Column("BEFORE", lambda row: row.before or "-", floor=16),
        Column("AFTER", lambda row: row.after or "-", floor=16),
        Column("WHEN", lambda row: local(row.at), rank=1),
    ),
    fields=tuple(FIELDS),
    record=lambda row: row._asdict(),
    name=lambda row: row.what,
)
