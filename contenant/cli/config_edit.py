"""`contenant config edit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.config import CONFIG_COMMANDS
from contenant.cli.options import rendered
from contenant.cli.render import Output
from contenant.cli.report import emit_report
from contenant.cli.settings import ui_of
from contenant.errors import ConfigError, ContenantError

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.cli.ui import TerminalUi

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "path": "the file",
    "changed": "whether it is another than before",
    "sha256": "hash of what is in it now",
}


@click.command(
    cls=Command,
    short_help=CONFIG_COMMANDS["edit"].summary,
    examples=(
        ("contenant config edit", "in $VISUAL, $EDITOR, or what there is"),
        ("EDITOR=nano contenant config edit", "in this one"),
    ),
    exits=(0, 1, 2),
)
@rendered
@click.pass_context
def command(ctx: click.Context, output: Output) -> int:
    """Edit your configuration file, and check it.

    A file that is wrong stays as you left it; what is wrong with it is said, and the editor offered again.
    """
    from contenant.app.configuration import file_hash, note_file, prepare_file

    path = prepare_file()
    before = file_hash(str(path))
    ui_of(ctx).hush()
    while not _edited(path, ui_of(ctx)):
        pass
    note_file()
    now = file_hash(str(path))
    emit_report([{"path": str(path), "changed": now != before, "sha256": now}], FIELDS, "path", output)
    return 0


def _edited(path: Path, ui: TerminalUi) -> bool:
    """Open the editor once; False where it is wanted again. Raises ConfigError where it is not."""
    from contenant.app.configuration import check_file

    try:
        click.edit(filename=str(path))
    except click.ClickException as error:
        raise ContenantError(
            f"{path} was not edited: {error.message}", hint="set EDITOR to an editor that works here"
        ) from error
    try:
        check_file()
    except ConfigError as error:
        ui.warn(error.message)
        if not ui.confirm("Edit it again?"):
            raise
        return False
    ui.note(f"{path} is in order")
    return True
