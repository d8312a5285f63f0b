"""`contenant list`: one line per container."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from contenant.cli.command import Command
from contenant.cli.exits import EXIT_UNREACHABLE
from contenant.cli.option import option
from contenant.cli.options import engine_option, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.root import COMMANDS
from contenant.cli.settings import home, ui_of
from contenant.cli.text import below_home
from contenant.core.ages import age
from contenant.core.values import EngineName

if TYPE_CHECKING:
    from contenant.app.inventory import Row

STATES = ("created", "running", "stopped", "paused", "unknown")

# Ascending by what the column shows: the youngest age and the most recent use come first.
_SORTS: dict[str, tuple[Callable[[Row], Any], bool]] = {
    "name": (lambda row: row.name, False),
    "used": (lambda row: row.last_used, True),
    "age": (lambda row: row.created, True),
    "state": (lambda row: STATES.index(row.state) if row.state in STATES else len(STATES), False),
    "project": (lambda row: (row.project, row.variant), False),
}

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "name": "the container's name",
    "project": "canonical path of the project",
    "state": "created, running, stopped, paused or unknown",
    "last_used": "moment of the last activity",
    "sessions_live": "number of live sessions",
    "sessions_total": "number of all sessions it ever had",
    "image": "reference of its image",
    "claude": "Claude Code version in the image",
    "outdated": "whether --recreate would use another image",
    "engine": "container, podman or docker",
    "firewall": "block, audit or off",
    "created": "moment of its creation",
    "project_exists": "whether the project directory is still there",
    "activity": "what the agent does: waiting (for the user), working, idle; empty where not known",
    "activity_since": "since when",
    "variant": "which of the project's containers, empty for its first",
}


@click.command(
    cls=Command,
    short_help=COMMANDS["list"].summary,
    examples=(
        ("contenant list", "all, the one used last first"),
        ("contenant list --state running", "only what runs"),
        ("contenant list --sort age --reverse", "the oldest first"),
        ("contenant list --json", "for programs"),
        ("contenant list -q", "names only"),
    ),
    exits=(0, 1, 2, 3),
)
@option(
    "--sort",
    type=click.Choice(list(_SORTS)),
    default="used",
    show_default=True,
    metavar="KEY",
    help="name, used, age, state or project.",
)
@option("--reverse", is_flag=True, help="The other way round.")
@option(
    "--state",
    type=click.Choice(STATES),
    metavar="STATE",
    help="Only these: created, running, stopped, paused or unknown.",
)
@option("--project", metavar="TEXT", default="", help="Only projects whose path contains this.")
@engine_option
@rendered
@click.pass_context
def command(
    ctx: click.Context,
    sort: str,
    reverse: bool,
    state: str | None,
    project: str,
    engine: EngineName | None,
    output: Output,
) -> int:
    """List the containers of all projects.

    A further container of a project is shown as PROJECT@NAME, beside its first. LAST USED is the last
    session's start or end; SESSIONS are live/all; ACTIVITY is what the agent of a live session says of
    itself: waiting (for you), working or idle, and for how long; IMAGE is the Claude Code version in the
    image, with * where --recreate would use a newer image. An engine that does not answer is named on
    standard error, its containers are shown as unknown, and the exit code is 3.
    """
    from contenant.app.inventory import inventory

    ui = ui_of(ctx)
    found = inventory(ui, engine)
    rows = [row for row in found.rows if state in (None, row.state) and project in row.project]
    emit(arrange(rows, sort, reverse), table(datetime.now(UTC), home()), output)
    for name, why in sorted(found.unreachable.items()):
        ui.warn(f"{name} did not answer, its containers are shown as unknown: {why}")
    if found.elsewhere:
        ui.warn(
            f"{', '.join(sorted(found.elsewhere))}: not in the store that answered; if the engine was made"
            " anew, `contenant clean --reinstalled` in the project (or with --all) records that"
        )
    if not rows and not found.unreachable:
        ui.note(
            "no containers match"
            if found.rows
            else "no containers yet; contenant in a project folder makes one"
        )
    return EXIT_UNREACHABLE if found.unreachable else 0


def arrange(rows: Iterable[Row], sort: str, reverse: bool) -> list[Row]:
    """The rows in order; equal ones by name, in either direction. By use, the containers of one project
    stand together."""
    key, downwards = _SORTS[sort]
    found = sorted(sorted(rows, key=lambda row: row.name), key=key, reverse=downwards != reverse)
    if sort != "used":
        return found
    first = {row.project: at for at, row in reversed(list(enumerate(found)))}
    return sorted(found, key=lambda row: first[row.project])


def table(now: datetime, base: str) -> Table:
    """How a Row is shown at a moment, with a home directory to shorten paths by."""
    return Table(
        columns=(
            Column("NAME", lambda row: row.name, floor=24),
            Column("PROJECT", lambda row: _project(row, base), floor=14),
            Column(
                "STATE", lambda row: row.state, colour=lambda row: "" if row.state == "running" else "dim"
            ),
            Column("LAST USED", lambda row: age(row.last_used, now)),
            Column("SESSIONS", lambda row: f"{row.sessions_live}/{row.sessions_total}", rank=3),
            Column("ACTIVITY", lambda row: _activity(row, now), rank=1, colour=_activity_colour),
            Column("IMAGE", _image, rank=2),
            Column("ENGINE", lambda row: row.engine, rank=4),
            Column("FIREWALL", lambda row: row.firewall or "-", colour=_firewall_colour),
            Column("AGE", lambda row: age(row.created, now), rank=5),
        ),
        fields=tuple(FIELDS),
        record=lambda row: row._asdict(),
        name=lambda row: row.name,
    )


def _project(row: Row, base: str) -> str:
    which = f"@{row.variant}" if row.variant else ""
    return below_home(row.project, base) + which + ("" if row.project_exists else " (gone)")


def _image(row: Row) -> str:
    return row.claude + ("*" if row.outdated else "") if row.claude else "-"


def _activity(row: Row, now: datetime) -> str:
    """The word, and how long it holds once that is a minute."""
    since = age(row.activity_since, now)
    return row.activity + (f" {since}" if since not in ("-", "now") else "") if row.activity else "-"


def _activity_colour(row: Row) -> str:
    return "yellow" if row.activity == "waiting" else ""


def _firewall_colour(row: Row) -> str:
    return {"off": "red", "audit": "yellow"}.get(row.firewall, "")
