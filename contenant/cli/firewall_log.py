"""`contenant firewall log`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.exits import EXIT_UNREACHABLE
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.firewall_options import local, utc_now
from contenant.cli.option import option
from contenant.cli.options import ContainerName, project_option, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import ui_of
from contenant.cli.text import visible
from contenant.core.sizes import size
from contenant.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contenant.app.egress import LogQuery
    from contenant.cli.ui import TerminalUi
    from contenant.core.records import EgressRecord

TABLE_LIMIT = 50
# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "last_seen": "moment of the last attempt",
    "first_seen": "moment of the first",
    "verdict": "allow, deny, would-deny (audit) or steered (an address was dialled, its name decided)",
    "layer": "dns (a name was asked for), tls, http, tcp (a port of its own) or l3 (a packet)",
    "destination": "host name; empty where an address was used; … for what was too much to keep one by one",
    "address": "address it went to or was meant for, empty where that is not known",
    "port": "port; 53 where a name was asked for",
    "protocol": "tcp or udp",
    "attempts": "how often",
    "sent": "bytes from the container",
    "received": "bytes to it",
    "uid": "user id of the process in the container, -1 where it is not known",
    "session_id": "id of the session it came from, empty where that is not known",
    "container_id": "contenant's id of the container",
    "policy": "hash of the policy that decided",
}
COLOURS = {"deny": "red", "would-deny": "yellow", "steered": "dim"}


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["log"].summary,
    examples=(
        ("contenant firewall log --denied", "what was refused"),
        ("contenant firewall log --follow", "see it happen"),
        ("contenant firewall log --since 7d --json", "a week, for programs"),
    ),
    exits=(0, 2, 3, 4, 130),
)
@option("-f", "--follow", "following", is_flag=True, help="Go on as it happens, until Ctrl-C.")
@option("--denied", is_flag=True, help="Only what was refused, or would be in mode block.")
@option("--since", metavar="WHEN", default="", help="From then on: an age (7d) or a date (2026-01-31).")
@option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"At most so many rows; 0 is all. Tables stop at {TABLE_LIMIT} unless told otherwise.",
)
@project_option
@option(
    "--name", type=ContainerName(), metavar="NAME", help="With --follow: which of the project's containers."
)
@rendered
@click.pass_context
def command(
    ctx: click.Context,
    following: bool,
    denied: bool,
    since: str,
    limit: int | None,
    project: Path,
    name: str | None,
    output: Output,
) -> int:
    """Show what a project's containers reached and what they were refused, newest first.

    Equal decisions of one session are one row with a count. A container that runs is asked for what is new.
    Tables show local time, all other formats UTC.
    """
    from contenant.app import egress
    from contenant.app.project import target
    from contenant.cli.history_options import moment

    path, name = target(project, name)
    if name is not None and not following:
        raise UsageError("--name needs --follow", hint="without it, all containers of the project are shown")
    ui = ui_of(ctx)
    query = egress.LogQuery(path, denied, moment(since, utc_now()), limit=limit or 0, variant=name)
    if following:
        return _follow(query, output, ui)
    cut = limit is None and output.format == "table"
    rows, current = egress.log(query._replace(limit=TABLE_LIMIT + 1) if cut else query, ui)
    emit(rows[:TABLE_LIMIT] if cut else rows, table(), output)
    if cut and len(rows) > TABLE_LIMIT:
        ui.note(f"the newest {TABLE_LIMIT} are shown; --limit 0 shows all")
    elif not rows:
        ui.note("nothing was refused" if denied else "nothing on record")
    return 0 if current else EXIT_UNREACHABLE


def _follow(query: LogQuery, output: Output, ui: TerminalUi) -> int:
    from contenant.app import egress

    if output.format == "json":
        raise UsageError("--follow has no end, and a JSON array has one", hint="use --format jsonl")
    ui.hush()
    batches = egress.follow(query, ui)
    if output.format == "table":
        for batch in batches:
            for row in batch:
                output.stream.write(line(row) + "\n")
            output.stream.flush()
    else:
        emit(_flushed(batches, output), table(), output)
    return 0


def _flushed(batches: Iterator[list[EgressRecord]], output: Output) -> Iterator[EgressRecord]:
    for batch in batches:
        yield from batch
        output.stream.flush()


def line(row: EgressRecord) -> str:
    """A decision as one line of text for people who watch."""
    head = f"{local(row.last_seen)}  {row.verdict:<10}  {row.layer:<4}"
    return f"{head}  {visible(_where(row))}  {_times(row)}"


def _where(row: EgressRecord) -> str:
    host = row.destination or (f"[{row.address}]" if ":" in row.address else row.address) or "(no name)"
    return host if row.layer == "dns" or (row.layer, row.port) in _USUAL else f"{host}:{row.port}"


_USUAL = {("tls", 443), ("http", 80), ("dns", 53)}


def _times(row: EgressRecord) -> str:
    return f"{row.attempts}\N{MULTIPLICATION SIGN}"


def table() -> Table:
    """How a decision is shown."""
    return Table(
        columns=(
            Column("LAST", lambda row: local(row.last_seen)),
            Column("VERDICT", lambda row: row.verdict, colour=lambda row: COLOURS.get(row.verdict, "")),
            Column("LAYER", lambda row: row.layer, rank=2),
            Column("WHERE", _where, floor=20),
            Column("TIMES", lambda row: str(row.attempts)),
            Column("SENT", lambda row: size(row.sent) if row.sent else "-", rank=3),
            Column("RECEIVED", lambda row: size(row.received) if row.received else "-", rank=4),
            Column("SESSION", lambda row: row.session_id or "-", floor=8, rank=1),
        ),
        fields=tuple(FIELDS),
        record=lambda row: {field: getattr(row, field) for field in FIELDS},
        name=lambda row: row.destination or row.address,
    )
