"""`contenant history sessions`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from contenant.cli.command import Command
from contenant.cli.history import HISTORY_COMMANDS
from contenant.cli.history_options import credential_option, emit_newest, filtered, local, policy_option
from contenant.cli.option import option
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table
from contenant.cli.settings import home, ui_of
from contenant.cli.text import below_home
from contenant.core.versions import tagged_version

if TYPE_CHECKING:
    from contenant.app.history import HistoryQuery
    from contenant.store.rows import HistoryRow

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "id": "id of the session",
    "started": "when it started",
    "ended": "when it ended, empty while it lives",
    "exit_code": "exit code of the command; null where it is not known",
    "how": "how it ended: exited, signalled, lost, stopped, failed …",
    "kind": "agent or command",
    "argv": "the command, a list; CSV holds it as JSON text",
    "project": "path of the project",
    "container": "name of the container",
    "container_id": "contenant's id of the container",
    "image": "reference of the image",
    "claude": "Claude Code version in it, empty where its name does not say",
    "policy": "hash of the policy in force at its start",
    "credential": "fingerprint of the credential it was given, empty for none",
    "tty": "whether it had a terminal",
    "detachable": "whether it outlives its terminal",
}


@click.command(
    cls=Command,
    short_help=HISTORY_COMMANDS["sessions"].summary,
    examples=(
        ("contenant history sessions --image 2.1.330", "by Claude Code version"),
        ("contenant history sessions --contacted example.com", "which reached a host"),
        ("contenant history sessions --allowed example.com", "which ran while it was allowed"),
        ("contenant history sessions . --exit-code 1 --since 7d", "what failed here this week"),
    ),
    exits=(0, 1, 2, 4),
)
@filtered
@option(
    "--image",
    metavar="IMAGE",
    default="",
    help="Only on this image: reference, tag, or version of Claude Code.",
)
@policy_option
@credential_option
@option("--contacted", metavar="HOST", default="", help="Only those that reached this host name or address.")
@option(
    "--denied", metavar="HOST", default="", help="Only those that were refused it, or would be in mode block."
)
@option(
    "--allowed",
    metavar="HOST[:PORT]",
    default="",
    help="Only those that ran while a policy allowed this host.",
)
@option("--exit-code", type=click.IntRange(0, 255), metavar="N", help="Only those that ended with this code.")
@rendered
@click.pass_context
def command(
    ctx: click.Context,
    query: HistoryQuery,
    cut: bool,
    image: str,
    policy: str,
    credential: str,
    contacted: str,
    denied: str,
    allowed: str,
    exit_code: int | None,
    output: Output,
) -> int:
    """Show sessions, by what they ran on, under and against, newest first.

    Filters add up. A session ran under a policy when it started under it or was given it while it ran. What
    a firewall recorded without knowing the session counts for each that lived in its container then.
    """
    from contenant.app.history import SessionQuery, sessions

    more = SessionQuery(image, policy, contacted.lower(), denied.lower(), allowed, exit_code)
    query = query._replace(credential=credential)
    return emit_newest(
        lambda wanted: sessions(wanted, more), query, cut, table(home()), output, lambda: ui_of(ctx)
    )


def table(base: str) -> Table:
    """How a session's HistoryRow is shown, with a home directory to shorten paths by."""
    return Table(
        columns=(
            Column("STARTED", lambda row: local(row.at)),
            Column("ID", lambda row: row.subject, rank=4),
            Column("PROJECT", lambda row: below_home(row.project, base) or "-", floor=14, rank=2),
            Column("IMAGE", lambda row: row.data["image"].rpartition(":")[2], rank=3),
            Column("POLICY", lambda row: row.data["policy"][:12] or "-", rank=1),
            Column("EXIT", _exit, colour=lambda row: "red" if row.data["exit_code"] else ""),
            Column("COMMAND", lambda row: shlex.join(row.data["argv"]), floor=20),
        ),
        fields=tuple(FIELDS),
        record=_record,
        name=lambda row: row.subject,
    )


def _exit(row: HistoryRow) -> str:
    if not row.data["ended"]:
        return "live"
    return row.data["how"] if row.data["exit_code"] is None else str(row.data["exit_code"])


def _record(row: HistoryRow) -> dict[str, Any]:
    claude = tagged_version(row.data["image"])
    known = {**row.data, "claude": claude, "project": row.project, "container": row.container}
    return {name: known[name] for name in FIELDS}
