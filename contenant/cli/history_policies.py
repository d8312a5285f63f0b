"""`contenant history policies`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from contenant.cli.command import Command
from contenant.cli.history import HISTORY_COMMANDS
from contenant.cli.history_options import emit_newest, filtered, local
from contenant.cli.option import option
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from contenant.app.history import HistoryQuery
    from contenant.store.audit import PolicyUse

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "hash": "SHA-256 of its canonical text",
    "mode": "block, audit or off",
    "created": "when it was first stored",
    "author": "who made it",
    "reason": "why",
    "parent": "hash of the policy it was made from, empty for none",
    "expires": "when its first entry ends, empty for never",
    "sessions": "how many sessions started under it; with a path, those of that project",
    "first_used": "when the first of them did, empty for none",
    "last_used": "when the last of them did",
    "rules": "what it allows and denies, an object; CSV holds it as JSON text",
}


@click.command(
    cls=Command,
    short_help=HISTORY_COMMANDS["policies"].summary,
    examples=(
        ("contenant history policies .", "what was ever in force in this project"),
        ("contenant history policies --allowed example.com", "which let this host be reached"),
    ),
    exits=(0, 1, 2),
)
@filtered
@option("--allowed", metavar="HOST[:PORT]", default="", help="Only those that let this host be reached.")
@rendered
@click.pass_context
def command(ctx: click.Context, query: HistoryQuery, cut: bool, allowed: str, output: Output) -> int:
    """Show the policies that were in force, newest first.

    --since and --until are about when a policy was first stored. `contenant firewall diff` compares two.
    """
    from contenant.app.history import policies

    return emit_newest(
        lambda wanted: policies(wanted, allowed), query, cut, _TABLE, output, lambda: ui_of(ctx)
    )


def _record(row: PolicyUse) -> dict[str, Any]:
    import json

    return {name: getattr(row, name) for name in FIELDS} | {"rules": json.loads(row.rules)}


def _allows(row: PolicyUse) -> str:
    import json

    return ", ".join(entry["name"] for entry in json.loads(row.rules)["allow"])


_TABLE = Table(
    columns=(
        Column("CREATED", lambda row: local(row.created)),
        Column("POLICY", lambda row: row.hash[:12]),
        Column("MODE", lambda row: row.mode),
        Column("SESSIONS", lambda row: str(row.sessions)),
        Column("LAST USED", lambda row: local(row.last_used), rank=2),
        Column("BY", lambda row: row.author or "-", rank=3),
        Column("WHY", lambda row: row.reason or "-", floor=10, rank=1),
        Column("ALLOWS", _allows, floor=20),
    ),
    fields=tuple(FIELDS),
    record=_record,
    name=lambda row: row.hash,
)
