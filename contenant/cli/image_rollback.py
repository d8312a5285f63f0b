"""`contenant image rollback`."""

from __future__ import annotations

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.image_move import answer, moving
from contenant.cli.render import Output
from contenant.cli.settings import ui_of
from contenant.core.values import EngineName


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["rollback"].summary,
    examples=(
        ("contenant image rollback", "the version before; again: the one before that"),
        ("contenant image rollback --recreate-idle", "and for every container in which no session lives"),
    ),
    exits=(0, 1, 2, 3, 4, 5),
)
@moving
@click.pass_context
def command(ctx: click.Context, engine: EngineName | None, recreate_idle: bool, output: Output) -> int:
    """Go back to the version of Claude Code that was in use before, by the record of choices.

    Its image is used where it is still there, and built otherwise. Containers made in the meantime keep the
    newer version until they are recreated; they are named.
    """
    from contenant.app.upgrade import Request, rollback

    return answer(rollback(Request(engine, "", recreate_idle), ui_of(ctx)), output, ui_of(ctx))
