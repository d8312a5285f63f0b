"""`contenant db check`."""

from __future__ import annotations

import click

from contenant.cli.command import Command
from contenant.cli.db import DB_COMMANDS
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import ui_of

EXIT_DAMAGED = 1

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "what": "structure, references, schema, or the audit log of a host",
    "good": "whether it is as it should be",
    "detail": "what was found",
}


@click.command(
    cls=Command,
    short_help=DB_COMMANDS["check"].summary,
    examples=(
        ("contenant db check", "structure, references, schema, audit log"),
        ("contenant db check --json", "for programs"),
    ),
    exits=(0, 1, 2, 4),
)
@rendered
@click.pass_context
def command(ctx: click.Context, output: Output) -> int:
    """Look through the whole database for damage, and change nothing.

    Reads every page and every index, follows every reference between rows, and walks the audit log of each
    host. Exit code 1: something is not as it should be.
    """
    from contenant.app.database import check

    found = list(check())
    emit(found, table(), output)
    if all(finding.good for finding in found):
        return 0
    ui_of(ctx).warn("something is not as it should be; `contenant db restore` puts a backup in place")
    return EXIT_DAMAGED


def table() -> Table:
    """How a finding is shown."""
    return Table(
        columns=(
            Column("WHAT", lambda row: row.what),
            Column("GOOD", lambda row: "yes" if row.good else "no", lambda row: "" if row.good else "red"),
            Column("FOUND", lambda row: row.detail, floor=30),
        ),
        fields=tuple(FIELDS),
        record=lambda row: row._asdict(),
        name=lambda row: row.what,
    )
