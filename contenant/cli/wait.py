"""`contenant wait`: until sessions have ended."""

from __future__ import annotations

from collections.abc import Callable

import click

from contenant.cli.command import Command
from contenant.cli.option import option
from contenant.cli.options import SessionName, name_option
from contenant.cli.own_failure import passing_on
from contenant.cli.root import COMMANDS
from contenant.cli.settings import settings_of


@click.command(
    cls=Command,
    short_help=COMMANDS["wait"].summary,
    examples=(
        ("contenant wait", "the newest session of this directory"),
        ("contenant wait 01k8z3v7q2 ~/work/shop", "two, one by its id and one by its project"),
    ),
    exits=(0, 2, 3, 4, 125, 130),
)
@click.argument("sessions", type=SessionName(), nargs=-1, metavar="[SESSION|PATH]...")
@name_option
@option("--notify", is_flag=True, help="Ring, and notify the desktop, when the agent waits or is done.")
@click.pass_context
def command(ctx: click.Context, sessions: tuple[str, ...], name: str | None, notify: bool) -> int:
    """Wait until sessions have ended; pass their exit code on.

    The exit code of each is printed, a line each in the order given, as podman wait does; not with --quiet.
    contenant's own is that of the session, with several the first that is not 0; 125 and a message where a
    session left none, because its container was stopped or the machine restarted.

    SESSION is the beginning of an id, 6 characters or more; PATH a project, whose newest live session is
    taken, else its newest detached one, which has ended; with --name, or as PATH@NAME, of that container.
    """
    from contenant.app.waiting import wait

    quiet = settings_of(ctx).quiet
    told: Callable[[int], None] = lambda code: None if quiet else click.echo(code)  # noqa: E731
    return passing_on(ctx, lambda: wait(sessions, notify=notify, told=told, name=name))
