"""`contenant image upgrade`."""

from __future__ import annotations

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.image_move import answer, moving
from contenant.cli.option import option
from contenant.cli.render import Output
from contenant.cli.settings import ui_of
from contenant.core.values import EngineName
from contenant.core.versions import LATEST, parse_version


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["upgrade"].summary,
    examples=(
        ("contenant image upgrade", "the newest version for new containers"),
        ("contenant image upgrade --to 2.1.330", "that one, be it older"),
        ("contenant image upgrade --recreate-idle", "and for every container in which no session lives"),
    ),
    exits=(0, 1, 2, 3, 5),
)
@option("--to", metavar="VERSION", default="", help="This version instead of the newest.")
@moving
@click.pass_context
def command(
    ctx: click.Context, to: str, engine: EngineName | None, recreate_idle: bool, output: Output
) -> int:
    """Choose another version of Claude Code for new containers: the newest, or the one that is named.

    Its packages are pinned by the integrity that the registry names, its image is built, and only then it is
    chosen: a failed build changes nothing. Containers there are keep theirs until they are recreated. Where a
    setting names an exact version, that decides and nothing is done.
    """
    from contenant.app.upgrade import Request, upgrade

    version = parse_version(to) if to else ""
    request = Request(engine, "" if version == LATEST else version, recreate_idle)
    return answer(upgrade(request, ui_of(ctx)), output, ui_of(ctx))
