"""`contenant port list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.option import option
from contenant.cli.options import ProjectPath, name_option, rendered
from contenant.cli.port import PORT_COMMANDS
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import ui_of
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.app.ports import Row

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "container": "name of the container",
    "project": "canonical path of the project",
    "host": "address and port of this machine",
    "port": "port and protocol in the container",
    "state": "listening, inside only, nothing, stopped, wanted or unknown",
    "publish": "as port add takes it",
}


@click.command(
    cls=Command,
    short_help=PORT_COMMANDS["list"].summary,
    examples=(("contenant port", "of this project"), ("contenant port --all --json", "of all, for programs")),
    exits=(0, 2, 3, 4),
)
@click.argument("paths", type=ProjectPath(), nargs=-1, metavar="[PATH]...")
@option("--all", "everything", is_flag=True, help="Those of every container.")
@name_option
@rendered
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], everything: bool, name: str | None, output: Output
) -> int:
    """List published ports, and whether anything answers behind them.

    BEHIND is what the container itself says: listening; inside only, where the program listens at 127.0.0.1
    of the container and nobody outside reaches it; nothing; stopped. A port that is wanted comes with the
    next --recreate.
    """
    if everything and (paths or name is not None):
        raise UsageError("--all excludes a path and --name", hint="give one of them")
    from pathlib import Path

    from contenant.app.ports import listing
    from contenant.app.project import targets

    ui = ui_of(ctx)
    rows = listing(targets(paths or (() if everything else (Path(),)), name), ui)
    emit(rows, table(), output)
    if not rows:
        ui.note("no published ports; `contenant port add HOST:CONTAINER` adds one")
    return 0


def table() -> Table:
    """How a Row is shown."""
    return Table(
        columns=(
            Column("HOST", lambda row: row.host),
            Column("CONTAINER PORT", lambda row: row.port),
            Column("BEHIND", lambda row: row.state, colour=_colour),
            Column("CONTAINER", lambda row: row.container, floor=24),
        ),
        fields=tuple(FIELDS),
        record=lambda row: row._asdict(),
        name=lambda row: row.publish,
    )


def _colour(row: Row) -> str:
    return {"inside only": "yellow", "stopped": "dim"}.get(row.state, "")
