"""`contenant image prune`: show what would go and why, ask, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli import outcomes
from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import ui_of
from contenant.core.sizes import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contenant.app.results import Verdict
    from contenant.cli.ui import TerminalUi

EXIT_DECLINED = 1


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["prune"].summary,
    examples=(
        ("contenant image prune --dry-run", "what would go, and what stays for which reason"),
        ("contenant image prune --yes", "without asking"),
    ),
    exits=(0, 1, 2, 3, 5),
)
@option("-n", "--dry-run", is_flag=True, help="Show the plan, change nothing.")
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@rendered
@click.pass_context
def command(ctx: click.Context, dry_run: bool, yes: bool, output: Output) -> int:
    """Remove images of contenant's that nothing needs, after showing what and why.

    What stays: an image that a container was made from, that new containers of this machine or of a project
    are made from, that one of these is built on, and the last good one before the current, to go back to.
    Only what is on record here as built or loaded is looked at: never an image of somebody else's, be it
    built on one of contenant's. An earlier build that lost its name to a later one goes, too.

    Sizes are the engines'; layers that several images share count for each. Where there is no terminal to ask
    on, --yes or --dry-run is needed. Exit code 1: declined, or a removal failed.
    """
    from contenant.app import image_prune

    ui = ui_of(ctx)
    plan = image_prune.plan(ui)
    going = [verdict for verdict in plan if verdict.action == "remove"]
    if dry_run or not going:
        outcomes.tell(plan, going, output, dry_run=dry_run, shown=table("action", "reason"))
        _say_totals(plan, ui)
        return 0
    if not yes and not outcomes.agreed(
        plan, f"Remove {_count(len(going))}?", ui, output, table("action", "reason")
    ):
        ui.note("nothing was removed")
        return EXIT_DECLINED
    results = image_prune.apply(plan, ui)
    emit(outcomes.done(results), table("result", "detail"), output)
    freed = sum(one.verdict.size for one in results if one.result == "removed")
    count = sum(one.result == "removed" for one in results)
    ui.note(f"{_count(count)} removed, at most {size(freed)} freed")
    return outcomes.some_failed(results)


def _say_totals(plan: Sequence[Verdict], ui: TerminalUi) -> None:
    from contenant.app.image_prune import totals

    found = totals(plan)
    if not found.going:
        ui.note("nothing to remove" + (f"; {size(found.kept)} are kept" if found.kept else ""))
        return
    going = sum(verdict.action == "remove" for verdict in plan)
    ui.note(f"{_count(going)} of {size(found.going)} would be removed, {size(found.kept)} are kept")


def _count(images: int) -> str:
    return f"{images} image{'' if images == 1 else 's'}"


def table(key: str, why: str) -> Table:
    """A table of records of images; last come `key` ("action" or "result") and `why`."""
    base = outcomes.table(key, why)
    return base._replace(
        columns=(
            Column("IMAGE", lambda row: row["name"], floor=24),
            Column("ENGINE", lambda row: row["engine"], rank=2),
            Column("SIZE", lambda row: size(row["size"]) if row["size"] else "-", rank=1),
            *base.columns[-2:],
        )
    )
