"""`contenant image load`."""

from __future__ import annotations

from pathlib import Path

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.options import FileName, engine_option, rendered
from contenant.cli.render import Output, emit_tree
from contenant.cli.settings import ui_of
from contenant.core.values import EngineName


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["load"].summary,
    examples=(
        ("contenant image load image.tar", "then contenant runs without building"),
        ("contenant image load image.tar --engine docker", "into this engine"),
    ),
    exits=(0, 1, 2, 3, 5),
)
@click.argument("file", type=FileName(), metavar="FILE")
@engine_option
@rendered
@click.pass_context
def command(ctx: click.Context, file: str, engine: EngineName | None, output: Output) -> int:
    """Load an image that `contenant image save` wrote, and put it on record.

    The file is looked at before the engine gets it: it must hold one image, with contenant's labels, under
    the name that these make. Where it is the image that new containers are made from here, nothing is built
    any more; where it is another, that is said.
    """
    from contenant.app.image_move import load

    emit_tree(load(Path(file), engine, ui_of(ctx)), output, "reference")
    return 0
