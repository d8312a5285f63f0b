"""`contenant history timeline`, which `contenant history` alone is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.history import HISTORY_COMMANDS
from contenant.cli.history_options import credential_option, emit_newest, filtered, kind_option, local
from contenant.cli.option import option
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table
from contenant.cli.settings import home, ui_of
from contenant.cli.text import below_home
from contenant.errors import UsageError

if TYPE_CHECKING:
    from contenant.app.history import HistoryQuery

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "at": "moment",
    "kind": "session, or an event such as container.created",
    "project": "path of the project, empty where it belongs to none",
    "container": "name of the container, empty where it belongs to none",
    "subject": "id of the session, or of what the event is about",
    "summary": "one line for people",
    "data": "an object with everything that is recorded; CSV holds it as JSON text",
}


@click.command(
    cls=Command,
    short_help=HISTORY_COMMANDS["timeline"].summary,
    examples=(
        ("contenant history . --kind session", "who ran what in this project"),
        ("contenant history .@review", "of one of this project's containers"),
        ("contenant history --since 7d --json", "a week, for programs"),
        ("contenant history --format jsonl --with-proof", "the audit log, to be proven elsewhere"),
        ("contenant history --open", "in a browser, with charts"),
    ),
    exits=(0, 1, 2, 130),
)
@filtered
@kind_option
@credential_option
@option(
    "--with-proof", is_flag=True, help="The whole audit log, oldest first, with the hashes that prove it."
)
@option(
    "--open", "browse", is_flag=True, help="Serve the database, read-only, to a browser here (Datasette)."
)
@option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="With --open; any that is free."
)
@rendered
@click.pass_context
def command(
    ctx: click.Context,
    query: HistoryQuery,
    cut: bool,
    kinds: tuple[str, ...],
    credential: str,
    with_proof: bool,
    browse: bool,
    port: int,
    output: Output,
) -> int:
    """Show sessions and what happened to containers, newest first.

    Tables show local time, all other formats UTC. A WHEN without an offset is local time. JSON, JSON
    lines and CSV are written as they are read, however long the history is. No engine is asked.

    --with-proof writes events and nothing else, each exactly as it was hashed. It takes no filter: a link
    that is left out could not be proven. docs/audit.md has the program that checks it.

    --open prints an address of this machine whose token lets in, and serves until Ctrl-C: prepared queries,
    charts, and SQL of your own.
    """
    from contenant.app.history import history

    query = query._replace(kinds=kinds, credential=credential)
    if browse:
        return _serve(query, port, output)
    if with_proof:
        return _prove(query, output)
    return emit_newest(history, query, cut, table(home()), output, lambda: ui_of(ctx))


def _serve(query: HistoryQuery, port: int, output: Output) -> int:
    from contenant.app.browse import serve

    if any(query):
        raise UsageError("--open takes no filter", hint="the pages it serves have filters of their own")

    def show(link: str) -> None:
        output.stream.write(link + "\n")
        output.stream.flush()

    serve(port, show)
    return 0


def _prove(query: HistoryQuery, output: Output) -> int:
    from contenant.cli.history_proof import emit_proof

    if any(query):
        raise UsageError(
            "--with-proof takes no filter", hint="a chain is proven whole; filter what was proven"
        )
    if output.format == "table":
        raise UsageError("a proof is for programs", hint="add --format jsonl")
    return emit_proof(output)


def table(base: str) -> Table:
    """How a HistoryRow is shown, with a home directory to shorten paths by."""
    return Table(
        columns=(
            Column("WHEN", lambda row: local(row.at)),
            Column("KIND", lambda row: row.kind),
            Column("PROJECT", lambda row: below_home(row.project, base) or "-", floor=14, rank=1),
            Column("CONTAINER", lambda row: row.container or "-", floor=20, rank=2),
            Column("SUMMARY", lambda row: row.summary, floor=24),
        ),
        fields=tuple(FIELDS),
        record=lambda row: row._asdict() | {"data": dict(row.data)},
        name=lambda row: row.subject,
    )
