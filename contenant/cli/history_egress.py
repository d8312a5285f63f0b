"""`contenant history egress`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from contenant.cli import firewall_log
from contenant.cli.command import Command
from contenant.cli.history import HISTORY_COMMANDS
from contenant.cli.history_options import emit_newest, filtered, local, policy_option
from contenant.cli.option import option
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table
from contenant.cli.settings import home, ui_of
from contenant.cli.text import below_home

if TYPE_CHECKING:
    from contenant.app.history import HistoryQuery
    from contenant.store.audit import EgressRow

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {**firewall_log.FIELDS, "project": "path of the project", "container": "name of the container"}
_VERDICTS = ("allow", "deny", "would-deny", "steered")


@click.command(
    cls=Command,
    short_help=HISTORY_COMMANDS["egress"].summary,
    examples=(
        ("contenant history egress --host example.com", "who spoke to it, and what was decided"),
        ("contenant history egress --verdict deny --since 7d", "what was refused this week"),
        ("contenant history egress . --json", "this project's traffic, for programs"),
    ),
    exits=(0, 1, 2),
)
@filtered
@option("--host", metavar="HOST", default="", help="Only to this host name or address.")
@option(
    "--verdict",
    "verdicts",
    type=click.Choice(_VERDICTS),
    multiple=True,
    metavar="VERDICT",
    help="Only these: allow, deny, would-deny or steered.",
)
@policy_option
@option("--session", metavar="ID", default="", help="Only of this session.")
@rendered
@click.pass_context
def command(
    ctx: click.Context,
    query: HistoryQuery,
    cut: bool,
    host: str,
    verdicts: tuple[str, ...],
    policy: str,
    session: str,
    output: Output,
) -> int:
    """Show what left the containers of all projects and what was refused, newest first.

    As far as it was taken over: a container that runs is asked by `contenant firewall log`, and at the end
    of each session.
    """
    from contenant.app.history import egress
    from contenant.store.audit import EgressFilter

    more = EgressFilter(destination=host.lower(), verdicts=verdicts, policy=policy, session=session)
    return emit_newest(
        lambda wanted: egress(wanted, more), query, cut, _table(home()), output, lambda: ui_of(ctx)
    )


def _table(base: str) -> Table:
    return Table(
        columns=(
            Column("LAST SEEN", lambda row: local(row.record.last_seen)),
            Column("VERDICT", lambda row: row.record.verdict, colour=_colour),
            Column("LAYER", lambda row: row.record.layer, rank=3),
            Column("HOST", lambda row: row.record.destination or row.record.address or "-", floor=20),
            Column("PORT", lambda row: str(row.record.port)),
            Column("TIMES", lambda row: str(row.record.attempts), rank=2),
            Column("PROJECT", lambda row: below_home(row.project, base), floor=14, rank=1),
            Column("SESSION", lambda row: row.record.session_id or "-", rank=4),
        ),
        fields=tuple(FIELDS),
        record=_record,
        name=lambda row: row.record.destination or row.record.address,
    )


def _colour(row: EgressRow) -> str:
    return firewall_log.COLOURS.get(row.record.verdict, "")


def _record(row: EgressRow) -> dict[str, Any]:
    known = {**row.record._asdict(), "project": row.project, "container": row.container}
    return {name: known[name] for name in FIELDS}
