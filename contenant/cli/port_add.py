"""`contenant port add`."""

from __future__ import annotations

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
    short_help=PORT_COMMANDS["add"].summary,
    examples=(
        ("contenant port add 8080:80", "port 80 of the container, at 127.0.0.1:8080"),
        ("contenant port add 0.0.0.0:8080:80 --recreate", "for other machines, too; at once"),
    ),
    exits=(0, 1, 2, 3, 4, 5),
)
@change_options
@click.pass_context
def command(
    ctx: click.Context,
    ports: tuple[str, ...],
    recreate: bool,
    project: Path,
    name: str | None,
    output: Output,
) -> int:
    """Publish further ports of the project's container, from its next making on.

    No engine changes the ports of a container that is there: it is made anew, with all else as it was, at
    once with --recreate or by the next `contenant --recreate`. What is in it beside the project, the agent's
    home and the drop folder is lost then.

    An address may stand before, [IP:]HOST:CONTAINER[/udp]; without one it is 127.0.0.1, and only this machine
    reaches it. A port that is in use here is refused (exit 5), with who holds it.
    """
    from contenant.app.ports import change
    from contenant.app.project import target

    change(target(project, name), ports, (), recreate=recreate, ui=ui_of(ctx))
    return emit_changed(ports, "added", output, recreated=recreate)
