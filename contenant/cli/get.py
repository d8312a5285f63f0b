"""`contenant get`: files out of a project's drop folder, or what there is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from contenant.cli.command import Command
from contenant.cli.drop_options import DroppedName, drop_options, emit_passed
from contenant.cli.option import option
from contenant.cli.root import COMMANDS
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.cli.render import Output, Table
    from contenant.home.drop import Entry

# Key of JSON and CSV -> what it says. Only ever added to.
ENTRY_FIELDS = {
    "name": "its name in the drop folder",
    "kind": "file, directory, link or other",
    "size": "bytes of a file",
    "modified": "moment of its last change",
}


@click.command(
    cls=Command,
    short_help=COMMANDS["get"].summary,
    examples=(
        ("contenant get", "what is in the drop folder"),
        ("contenant get report.pdf", "into the current directory"),
        ("contenant get out --to ~/results/", "a directory, elsewhere"),
    ),
    exits=(0, 1, 2, 4, 5),
)
@click.argument("names", nargs=-1, metavar="[NAME]...", type=DroppedName())
@option("--to", metavar="DEST", default="", help="A directory, or the path of the copy.")
@drop_options
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    to: str,
    force: bool,
    most: int,
    project: Path,
    name: str | None,
    output: Output,
) -> int:
    """Copy files and directories out of the project's drop folder, or list what is there.

    In the container it is /drop. What the agent put there is not trusted: links, devices and names with
    control characters stay behind, and are told (exit 1); no special mode goes along; nothing is replaced
    without --force. DEST is not reached through a link in the project.
    """
    from contenant.app.drop import Request, get, listing
    from contenant.app.project import target

    ui = ui_of(ctx)
    path, variant = target(project, name)
    if names:
        return emit_passed(get(Request(path, to, force, most, variant), names), output, ui)
    from contenant.cli.render import emit

    found = listing(path, variant)
    emit(found, table(datetime.now(UTC)), output)
    if not found:
        ui.note("the drop folder is empty")
    return 0


def table(now: datetime) -> Table:
    """How an Entry is shown at a moment."""
    from contenant.cli.render import Column, Table  # no completion needs it
    from contenant.core.ages import age

    return Table(
        columns=(
            Column("NAME", lambda row: row.name, floor=24),
            Column("KIND", lambda row: row.kind),
            Column("SIZE", lambda row: f"{row.size:,}" if row.kind == "file" else "-"),
            Column("CHANGED", lambda row: age(_moment(row), now), rank=1),
        ),
        fields=tuple(ENTRY_FIELDS),
        record=_record,
        name=lambda row: row.name,
    )


def _record(row: Entry) -> dict[str, Any]:
    return {**row._asdict(), "modified": _moment(row)}


def _moment(row: Entry) -> str:
    """The agent can set any."""
    from contenant.core.ages import to_text

    seconds = min(max(row.modified, 0.0), 253402300799.0)
    return to_text(datetime.fromtimestamp(int(seconds), UTC))
