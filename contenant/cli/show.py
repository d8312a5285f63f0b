"""`contenant show`: everything about one project's container."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.exits import EXIT_UNREACHABLE
from contenant.cli.options import ProjectPath, name_option, rendered
from contenant.cli.root import COMMANDS
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.cli.render import Output

EXIT_DRIFT = 6


@click.command(
    cls=Command,
    short_help=COMMANDS["show"].summary,
    examples=(
        ("contenant show", "the container of this directory"),
        ("contenant show --name review", "a further container of this project"),
        ("contenant show ~/work/shop --json", "for programs"),
    ),
    exits=(0, 1, 2, 3, 4, 6),
)
@click.argument("path", type=ProjectPath(), default=".")
@name_option
@rendered
@click.pass_context
def command(ctx: click.Context, path: Path, name: str | None, output: Output) -> int:
    """Show everything about one project's container.

    Sections: project, engine (and why this one), container, image, claude (its version, the one that a new
    container would get and why, how to move), live sessions, what a session last left behind for this
    machine to run without asking, firewall, drift: what --recreate would change, and inside: what a look
    into the running container found to differ from its record. Then the exit code is 6.

    Of a project with several containers it is the first, unless --name or PATH@NAME says which.
    """
    from contenant.app.project import target
    from contenant.app.show import show
    from contenant.cli.render import emit_tree

    ui = ui_of(ctx)
    tree = show(target(path, name), ui)
    emit_tree(tree, output, "project.name")
    engine = tree["engine"]
    if tree["inside"]["findings"]:
        ui.warn("it is not what is on record: contenant verify --drift")
        return EXIT_DRIFT
    if engine["answers"]:
        return 0
    ui.warn(f"{engine['name']} did not answer: {engine['trouble']}")
    return EXIT_UNREACHABLE
