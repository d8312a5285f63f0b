"""`contenant auth status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from contenant.cli.auth import AUTH_COMMANDS
from contenant.cli.command import Command
from contenant.cli.options import ProjectPath, name_option, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import home, ui_of
from contenant.cli.text import below_home
from contenant.core.ages import from_text

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.app.auth import Row

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "source": "flag (configured), login (inside the project's container), environment, keyring, file, "
    "store (nothing kept), keychain, claude-file; session: held by live sessions alone",
    "where": "the variable, file or keychain item",
    "kind": "oauth, api-key or auth-token; empty where nothing was found",
    "fingerprint": "12 hex digits that stand for the secret wherever it must be named",
    "expires": "moment at which it ends, empty where that is not known",
    "next": "whether the next session here is given this one, or refused for its trouble",
    "trouble": "why it cannot be used, or soon cannot; empty where there is none",
    "sessions": "live sessions that were given it: objects of session, container, project and started",
}


@click.command(
    cls=Command,
    short_help=AUTH_COMMANDS["status"].summary,
    examples=(
        ("contenant auth status", "for a session in this directory"),
        ("contenant auth status --json", "for programs"),
    ),
    exits=(0, 1, 2),
)
@click.argument("path", type=ProjectPath(), default=".")
@name_option
@rendered
@click.pass_context
def command(ctx: click.Context, path: Path, name: str | None, output: Output) -> int:
    """Show where a session's credential comes from, and who holds one.

    Sources stand in the order in which they are asked; the first with a credential is used, and marked *.
    No secret is shown, only its fingerprint. Exit code 1: a session would be refused or be signed out.
    """
    from contenant.app.auth import status
    from contenant.app.project import target

    where = target(path, name)
    rows = status(where.path, where.variant or "")
    emit(rows, table(datetime.now(UTC)), output)
    chosen = next((row for row in rows if row.next), None)
    if chosen is None:
        ui_of(ctx).note("signed out; `contenant auth login` keeps a token, or /login inside the container")
        return 1
    return int(not chosen.kind or chosen.trouble.startswith("expired"))


def table(now: datetime) -> Table:
    """How a source is shown at a moment."""
    base = home()
    return Table(
        columns=(
            Column("SOURCE", lambda row: row.source + ("*" if row.next else "")),
            Column("KIND", lambda row: row.kind or "-"),
            Column("FINGERPRINT", lambda row: row.fingerprint or "-"),
            Column("EXPIRES", lambda row: _end(row.expires, now)),
            Column("WHERE", lambda row: below_home(row.where, base) or "-", floor=16, rank=1),
            Column("USED BY", _holders, floor=20),
            Column("TROUBLE", lambda row: row.trouble or "-", lambda row: "red" if row.trouble else "", 20),
        ),
        fields=tuple(FIELDS),
        record=lambda row: row._asdict() | {"sessions": [one._asdict() for one in row.sessions]},
        name=lambda row: row.source,
    )


def _end(expires: str, now: datetime) -> str:
    """The local date, or for the last day how long it still is."""
    if not expires:
        return "-"
    left = from_text(expires) - now
    if left.total_seconds() <= 0:
        return "over"
    if left.days < 1:
        hours, minutes = divmod(int(left.total_seconds()) // 60, 60)
        return f"in {hours}h{minutes:02d}m"
    return f"{from_text(expires).astimezone():%Y-%m-%d}"


def _holders(row: Row) -> str:
    names: dict[str, Any] = {}
    for holder in row.sessions:
        names[holder.container] = names.get(holder.container, 0) + 1
    return ", ".join(name if count == 1 else f"{name} ({count})" for name, count in names.items()) or "-"
