"""`contenant image build`."""

from __future__ import annotations

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import engine_option, rendered
from contenant.cli.render import Output, emit_tree
from contenant.cli.settings import ui_of
from contenant.core.values import EngineName


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["build"].summary,
    examples=(
        ("contenant image build", "build what is missing"),
        ("contenant image build --no-cache", "build anew, from fresh packages"),
    ),
    exits=(0, 1, 2, 3, 5),
)
@engine_option
@option("--no-cache", is_flag=True, help="Build although nothing changed, without the engine's cache.")
@rendered
@click.pass_context
def command(ctx: click.Context, engine: EngineName | None, no_cache: bool, output: Output) -> int:
    """Build the image that new containers are made from: contenant's base and your layer on it.

    Its tag is the Claude Code version and a hash of every input; an image with that tag is not built again.
    A failed build leaves the last good image in use, and says which step failed and where the log is.
    A project's layer is built when its container is made.
    """
    from contenant.app.images import build

    emit_tree(build(engine, no_cache=no_cache, ui=ui_of(ctx)), output, "reference")
    return 0
