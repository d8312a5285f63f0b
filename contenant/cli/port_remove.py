"""`contenant port remove`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.port import PORT_COMMANDS
from contenant.cli.port_options import change_options, emit_changed
from contenant.cli.render import Output
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    cls=Command,
    short_help=PORT_COMMANDS["remove"].summary,
    examples=(
        ("contenant port remove 8080:80", "as contenant port lists it; from the next --recreate on"),
        ("contenant port remove 8080:80 --recreate", "at once"),
    ),
    exits=(0, 1, 2, 3, 4, 5),
)
@partial(change_options, known="ports")
@click.pass_context
def command(
    ctx: click.Context,
    ports: tuple[str, ...],
    recreate: bool,
    project: Path,
    name: str | None,
    output: Output,
) -> int:
    """Publish ports of the project's container no longer, from its next making on.

    No engine changes the ports of a container that is there: it is made anew, with all else as it was, at
    once with --recreate or by the next `contenant --recreate`. What is in it beside the project, the agent's
    home and the drop folder is lost then.

    A port that a configuration file publishes is taken off there.
    """
    from contenant.app.ports import change
    from contenant.app.project import target

    change(target(project, name), (), ports, recreate=recreate, ui=ui_of(ctx))
    return emit_changed(ports, "removed", output, recreated=recreate)
