"""`contenant image save`."""

from __future__ import annotations

from pathlib import Path

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.options import FileName, engine_option, rendered
from contenant.cli.render import Output, emit_tree
from contenant.cli.settings import ui_of
from contenant.core.values import EngineName
from contenant.errors import UsageError


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["save"].summary,
    examples=(
        ("contenant image save image.tar", "the one that new containers are made from"),
        ("contenant image save 0a1b2c3d /mnt/stick/image.tar", "another one"),
    ),
    exits=(0, 1, 2, 3, 4),
)
@click.argument("names", nargs=-1, metavar="[REF] FILE", type=FileName())
@engine_option
@rendered
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], engine: EngineName | None, output: Output) -> int:
    """Write an image to FILE, which must not be there yet, for machines without a network.

    The file is docker's archive and an OCI layout at once: podman, docker and Apple's container load it,
    whichever of them wrote it, on a machine of the same architecture. REF means what it means for `contenant
    image show`.
    """
    if not 1 <= len(names) <= 2:
        raise UsageError("image save takes a file, and before it a reference or none", hint="see --help")
    from contenant.app.image_move import save

    emit_tree(save("" if len(names) == 1 else names[0], Path(names[-1]), engine, ui_of(ctx)), output, "file")
    return 0
