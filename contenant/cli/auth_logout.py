"""`contenant auth logout`."""

from __future__ import annotations

import click

from contenant.cli.auth import AUTH_COMMANDS
from contenant.cli.command import Command
from contenant.cli.options import rendered
from contenant.cli.render import Output
from contenant.cli.report import emit_report
from contenant.cli.settings import ui_of

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "fingerprint": "12 hex digits that stand for the secret wherever it must be named",
    "kind": "oauth or api-key",
    "place": "keyring or file: where it was",
    "sessions": "live sessions that still hold it: session, container, project, started",
}


@click.command(
    cls=Command,
    short_help=AUTH_COMMANDS["logout"].summary,
    examples=(
        ("contenant auth logout", "remove it from the keyring or the file"),
        ("contenant auth logout --json", "which sessions still hold it, for programs"),
    ),
    exits=(0, 1, 2),
)
@rendered
@click.pass_context
def command(ctx: click.Context, output: Output) -> int:
    """Forget the credential that login kept.

    Other sources stay as they are. A live session keeps what it was given; each is named. To make the token
    itself worthless, revoke it where it was made.
    """
    from contenant.app.auth import logout

    ui = ui_of(ctx)
    kept, holders = logout()
    rows = [{**kept._asdict(), "sessions": [each._asdict() for each in holders]}] if kept else []
    emit_report(({key: row[key] for key in FIELDS} for row in rows), FIELDS, "fingerprint", output)
    if kept is None:
        ui.note("nothing was kept")
        return 0
    ui.note(f"forgotten: {kept.kind} {kept.fingerprint}, from the {kept.place}")
    for holder in holders:
        ui.warn(f"session {holder.session} of {holder.container} still holds it; it started {holder.started}")
    ui.note("the token itself is good until it ends or is revoked")
    return 0
