"""`contenant config edit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.config import CONFIG_COMMANDS
from contenant.cli.settings import ui_of
from contenant.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.cli.ui import TerminalUi


@click.command(
    cls=Command,
    short_help=CONFIG_COMMANDS["edit"].summary,
    examples=(("contenant config edit", "in $VISUAL, $EDITOR, or what there is"),),
    exits=(0, 1, 2),
)
@click.pass_context
def command(ctx: click.Context) -> int:
    """Edit your configuration file, and check it.

    A file that is wrong stays as you left it; what is wrong with it is said, and the editor offered again.
    """
    from contenant.app.configuration import note_file, prepare_file

    path = prepare_file()
    while not _edited(path, ui_of(ctx)):
        pass
    note_file()
    return 0


def _edited(path: Path, ui: TerminalUi) -> bool:
    """Open the editor once; False where it is wanted again. Raises ConfigError where it is not."""
    from contenant.app.configuration import check_file

    click.edit(filename=str(path))
    try:
        check_file()
    except ConfigError as error:
        ui.warn(error.message)
        if not ui.confirm("Edit it again?"):
            raise
        return False
    ui.note(f"{path} is in order")
    return True
