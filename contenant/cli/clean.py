"""`contenant clean`: show what would go and why, ask, remove."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from contenant.cli import outcomes
from contenant.cli.command import Command
from contenant.cli.option import option
from contenant.cli.options import Owner, name_option, rendered
from contenant.cli.render import Output, emit
from contenant.cli.root import COMMANDS
from contenant.cli.settings import ui_of
from contenant.core.ages import parse_duration
from contenant.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from contenant.app.project import Target
    from contenant.app.results import Verdict

_WORD = {"remove": "removed", "forget": "forgotten"}
_QUESTION = {
    "remove": "Remove {}?",
    "forget": "Is the store that held {} gone for good? Then they are recorded as gone",
}
EXIT_DECLINED = 1
EXIT_REFUSED = 1  # what was named stays, and the plan says why


class Age(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A duration such as 30d."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(value)
        except OverflowError as error:
            raise UsageError(f"too long ago: {value!r}", hint="nothing is that old") from error


@click.command(
    cls=Command,
    short_help=COMMANDS["clean"].summary,
    examples=(
        ("contenant clean", "remove the container of this directory"),
        ("contenant clean --name review", "only this one of the project's containers"),
        ("contenant clean --stale 30d --dry-run", "show what was not used for 30 days"),
        ("contenant clean --stale 30d --yes", "remove it without asking"),
        ("contenant clean --images", "images that no container needs"),
    ),
    exits=(0, 1, 2, 3, 4, 5),
)
@click.argument("paths", type=Owner(), nargs=-1, metavar="[PATH]...")
@option("--all", "everything", is_flag=True, help="Every container.")
@option(
    "--stale", type=Age(), metavar="AGE", help="Containers not used for this long: 90m, 12h, 30d, 6w, 1y."
)
@option("--images", is_flag=True, help="Also images that no container needs; alone, only those.")
@option("--purge", is_flag=True, help="Also the agent's home: transcripts, history, settings, an own login.")
@option("-n", "--dry-run", is_flag=True, help="Show the plan, change nothing.")
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@option("-f", "--force", is_flag=True, help="Also containers that are paused or have live sessions.")
@option(
    "--reinstalled",
    is_flag=True,
    help="The engine was installed anew, or its store lost: record as gone what was in the old one.",
)
@name_option
@rendered
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    everything: bool,
    stale: timedelta | None,
    images: bool,
    purge: bool,
    dry_run: bool,
    yes: bool,
    force: bool,
    reinstalled: bool,
    name: str | None,
    output: Output,
) -> int:
    """Remove containers and images of contenant's making, after showing what and why.

    The project's files are never touched; only a worktree that --worktree made goes with its last container,
    when nothing in it is uncommitted or unpushed. Nothing without contenant's labels is removed, nor a
    container with live sessions unless --force. Age counts from the last activity. Without PATH, --all or
    --stale, it is the current directory; PATH is a project directory or a container's name. Of a project with
    several containers all go, unless --name or PATH@NAME says which (PATH@ is the first). The agent's home
    outlives its container unless --purge takes it too; with --all, also homes without a container.

    A container is unknown although its engine answers where the engine looks into another store: another
    daemon's, or a new one after it was installed anew. --reinstalled says that the old store is gone: then
    only the record is changed, and a container that turns up again is taken up again.

    Where there is no terminal to ask on, --yes or --dry-run is needed. Exit code 1: declined, refused for
    the container that was named, or at least one removal failed.
    """
    if sum((bool(paths) or name is not None, everything, stale is not None)) > 1:
        raise UsageError("a path (or --name), --all and --stale exclude each other", hint="give one of them")
    if reinstalled and (images or purge or force or stale is not None):
        raise UsageError("--reinstalled goes with a path or --all only", hint="leave the others out")
    from contenant.app import clean
    from contenant.app import reinstalled as anew
    from contenant.app.results import CleanRequest

    wanted = _targets(paths, name, everything or stale is not None or images)
    request = CleanRequest(wanted, everything, stale, images, force, purge)
    ui = ui_of(ctx)
    case = anew if reinstalled else clean
    plan = case.plan(request, ui)
    going = [verdict for verdict in plan if verdict.action != "keep"]
    if dry_run or not going:
        outcomes.tell(plan, going, output, dry_run=dry_run)
        ui.note(f"{_count(going)} would be {_WORD[going[0].action]}" if going else "nothing to remove")
        return EXIT_REFUSED if request.paths and not dry_run else 0
    question = _QUESTION[going[0].action].format(_count(going))
    if not yes and not outcomes.agreed(plan, question, ui, output):
        ui.note(f"nothing was {_WORD[going[0].action]}")
        return EXIT_DECLINED
    results = case.apply(plan, request, ui)
    emit(outcomes.done(results), outcomes.table("result", "detail"), output)
    return outcomes.some_failed(results)


def _targets(words: tuple[Path, ...], name: str | None, otherwise: bool) -> tuple[Target, ...]:
    """What was named; without a word this directory, unless it is said `otherwise` what is to go."""
    from pathlib import Path

    from contenant.app.project import targets

    here = () if otherwise and name is None else (Path(),)
    return tuple(targets(words or here, name))


def _count(verdicts: Sequence[Verdict]) -> str:
    kinds = [verdict.kind for verdict in verdicts]
    parts = [f"{kinds.count(kind)} {kind}{'s' * (kinds.count(kind) > 1)}" for kind in dict.fromkeys(kinds)]
    return " and ".join(parts)
