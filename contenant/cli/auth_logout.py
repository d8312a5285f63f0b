"""`contenant auth logout`."""

from __future__ import annotations

import click

from contenant.cli.auth import AUTH_COMMANDS
from contenant.cli.command import Command
from contenant.cli.settings import ui_of


@click.command(
    cls=Command,
    short_help=AUTH_COMMANDS["logout"].summary,
    examples=(("contenant auth logout", "remove it from the keyring or the file"),),
    exits=(0, 1, 2),
)
@click.pass_context
def command(ctx: click.Context) -> int:
    """Forget the credential that login kept.

    Other sources stay as they are. A live session keeps what it was given; each is named. To make the token
    itself worthless, revoke it where it was made.
    """
    from contenant.app.auth import logout

    ui = ui_of(ctx)
    kept, holders = logout()
    if kept is None:
        ui.note("nothing was kept")
        return 0
    ui.note(f"forgotten: {kept.kind} {kept.fingerprint}, from the {kept.place}")
    for holder in holders:
        ui.warn(f"session {holder.session} of {holder.container} still holds it; it started {holder.started}")
    ui.note("the token itself is good until it ends or is revoked")
    return 0
