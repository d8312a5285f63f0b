"""`contenant verify`: does the record hold, and is what runs what was recorded?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.option import option
from contenant.cli.options import ProjectPath, name_option, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.root import COMMANDS
from contenant.cli.settings import ui_of
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.cli.ui import TerminalUi
    from contenant.store.verify import Anchor

EXIT_BROKEN = 1

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "holds": "whether every event follows from the one before it, and every anchor is among them",
    "events": "how many events hold, from the first on",
    "head": "hash of the last of them; 64 zeros where there is none",
    "first_bad": "number of the first event that does not hold; 0 where there is none",
    "fault": "what is wrong, empty where nothing is",
    "host": "id of this installation in the records; the chain is its own",
    "other_hosts": "how many other installations have records in the same database; theirs are not looked at",
}


@click.command(
    cls=Command,
    short_help=COMMANDS["verify"].summary,
    examples=(
        ("contenant verify", "walk the audit log from its first event"),
        ("contenant verify --head", "the hash to keep elsewhere"),
        (f"contenant verify --anchor {'5f' * 4}…:812", "is what was kept still in it?"),
        ("contenant verify --drift", "is this project's container what was recorded?"),
        ("contenant verify --drift ~/work/shop --fix", "put back what can be put back"),
    ),
    exits=(0, 1, 2, 3, 4, 6),
)
@click.argument("path", type=ProjectPath(), required=False)
@option("--head", is_flag=True, help="Print only HASH:NUMBER of the last event, once all before it hold.")
@option(
    "--anchor",
    "anchors",
    metavar="HASH[:NUMBER]",
    multiple=True,
    help="The event with this hash must be in the log, and bear that number. Can be repeated.",
)
@option("--drift", is_flag=True, help="Compare a project's running container with its record.")
@option("--fix", is_flag=True, help="With --drift: put back what can be put back in place.")
@name_option
@rendered
@click.pass_context
def command(
    ctx: click.Context,
    path: Path | None,
    head: bool,
    anchors: tuple[str, ...],
    drift: bool,
    fix: bool,
    name: str | None,
    output: Output,
) -> int:
    """Prove that the record holds, or that a container is what was recorded.

    Each event of the audit log bears a hash over the event before it: the first one that was altered, taken
    out or put in is named, and the exit code is 1. Events cut off at the end are only missed by a head that
    was kept elsewhere: docs/audit.md.

    --drift asks the engine and the running container of PATH (this directory unless given) for firewall
    rules, capabilities, mounts, variables, image and limits. A difference is put on record, and the exit code
    is 6.
    """
    if drift:
        if head or anchors:
            raise UsageError("--drift looks at a container, not at the log", hint="call verify twice")
        from contenant.cli.verify_drift import show_drift

        return show_drift(path, name, fix, output, ui_of(ctx))
    if path is not None or fix or name is not None:
        raise UsageError(
            f"{'--fix' if fix else 'a project path or --name'} needs --drift",
            hint="the audit log is one for all projects",
        )
    return _chain([parse_anchor(text) for text in anchors], head, output, ui_of(ctx))


def _chain(anchors: list[Anchor], head: bool, output: Output, ui: TerminalUi) -> int:
    from contenant.app.audit import verify

    found = verify(anchors)
    if found.holds or not head:
        emit(
            [found], _TABLE, output._replace(format="names") if head and output.format == "table" else output
        )
    if not found.events and found.other_hosts:
        ui.warn(
            f"no event here is of this installation ({found.host}), only of {found.other_hosts} other: "
            "nothing was proven; verify where they were recorded, or look at an export (docs/audit.md)"
        )
    if found.holds:
        return 0
    ui.warn(found.fault)
    return EXIT_BROKEN


def parse_anchor(text: str) -> Anchor:
    """HASH or HASH:NUMBER, as `verify --head` prints it. Raises UsageError."""
    from contenant.store.verify import Anchor

    found = re.fullmatch("([0-9a-f]{64})(?::([0-9]{1,18}))?", text.strip().lower())
    if found is None:
        raise UsageError(
            f"not an anchor: {text}", hint="HASH or HASH:NUMBER, as `contenant verify --head` prints it"
        )
    return Anchor(found[1], int(found[2]) if found[2] else -1)


_TABLE = Table(
    columns=(
        Column(
            "HOLDS", lambda row: "yes" if row.holds else "no", colour=lambda row: "" if row.holds else "red"
        ),
        Column("EVENTS", lambda row: str(row.events)),
        Column("HEAD", lambda row: row.head, floor=14),
        Column("FIRST BAD", lambda row: str(row.first_bad or "-")),
        Column("FAULT", lambda row: row.fault or "-", floor=20),
    ),
    fields=tuple(FIELDS),
    record=lambda row: row._asdict(),
    name=lambda row: f"{row.head}:{row.events}",
)
