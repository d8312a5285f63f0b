"""`contenant stop`: end sessions and stop containers, keeping them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli import outcomes
from contenant.cli.command import Command
from contenant.cli.option import option
from contenant.cli.options import Owner, name_option, rendered
from contenant.cli.render import Output, emit
from contenant.cli.root import COMMANDS
from contenant.cli.settings import ui_of
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    cls=Command,
    short_help=COMMANDS["stop"].summary,
    examples=(
        ("contenant stop", "the container of this directory"),
        ("contenant stop --name review", "only this one of the project's containers"),
        ("contenant stop --all --force", "every container, live sessions included"),
    ),
    exits=(0, 1, 2, 3, 4, 5),
)
@click.argument("paths", type=Owner(), nargs=-1, metavar="[PATH]...")
@option("--all", "everything", is_flag=True, help="Every container.")
@option("-f", "--force", is_flag=True, help="End live sessions, too.")
@name_option
@rendered
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    everything: bool,
    force: bool,
    name: str | None,
    output: Output,
) -> int:
    """Stop containers; they keep their content, and the next run starts them again.

    A container with live sessions is left alone unless --force ends them. PATH is a project directory or a
    container's name; without any, it is the current directory. Of a project with several containers all are
    stopped, unless --name or PATH@NAME says which (PATH@ is the first). Exit code 1: at least one was not
    stopped.
    """
    if everything and (paths or name is not None):
        raise UsageError("--all excludes a path and --name", hint="give one of them")
    from pathlib import Path

    from contenant.app.project import targets
    from contenant.app.stop import stop

    ui = ui_of(ctx)
    wanted = targets(paths or (() if everything else (Path(),)), name)
    results = stop(wanted, all=everything, force=force, ui=ui)
    emit(outcomes.done(results), outcomes.table("result", "detail"), output)
    if name is None and len(results) > 1 and not everything and len(wanted) == 1:
        ui.note("the project has several containers; --name stops one of them")
    if not results:
        ui.note("no containers to stop")
    return outcomes.some_failed(results)
