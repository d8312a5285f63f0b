"""`contenant image show`."""

from __future__ import annotations

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.options import Recorded, rendered
from contenant.cli.render import Output, emit_tree
from contenant.cli.settings import ui_of

EXIT_UNREACHABLE = 3


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["show"].summary,
    examples=(
        ("contenant image show", "the one that new containers are made from"),
        ("contenant image show 0a1b2c3d --json", "by the beginning of its recipe's hash, for programs"),
    ),
    exits=(0, 1, 2, 3, 4),
)
@click.argument("reference", default="", metavar="[REF]", type=Recorded("images"))
@rendered
@click.pass_context
def command(ctx: click.Context, reference: str, output: Output) -> int:
    """Show everything about one image: what it is, how it was built, on what, and of what.

    REF is a reference, a tag, or the beginning of a tag or of an id, digest or recipe; without it, the image
    that new containers are made from. What is not on record here, because it was built elsewhere, is read
    off the image's labels. An engine that does not answer makes the exit code 3.
    """
    from contenant.app.image_show import show

    tree = show(reference)
    silent = tree.pop("unreachable")
    emit_tree(tree, output, "image.reference")
    for name, why in sorted(silent.items()):
        ui_of(ctx).warn(f"{name} did not answer, so it is not told whether it has it: {why}")
    return EXIT_UNREACHABLE if silent else 0
