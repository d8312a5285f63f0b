"""`contenant attach`: come back to a session that lives without a terminal."""

from __future__ import annotations

import functools
import sys

import click

from contenant.cli.colour import is_terminal
from contenant.cli.command import Command
from contenant.cli.logs import writer
from contenant.cli.option import option
from contenant.cli.options import SessionName, name_option
from contenant.cli.own_failure import passing_on
from contenant.cli.root import COMMANDS
from contenant.cli.settings import ui_of


@click.command(
    cls=Command,
    short_help=COMMANDS["attach"].summary,
    examples=(
        ("contenant attach", "the newest session of this directory"),
        ("contenant attach 01k8z3v7q2", "the one whose id begins so"),
        ("contenant attach --name review", "the newest session of this project's container review"),
    ),
    exits=(0, 2, 3, 4, 5, 125, 130),
)
@click.argument("session", type=SessionName(), default=".", metavar="[SESSION|PATH]")
@name_option
@option("--notify", is_flag=True, help="Ring, and notify the desktop, when the agent waits or is done.")
@click.pass_context
def command(ctx: click.Context, session: str, name: str | None, notify: bool) -> int:
    r"""Come back to a session that lives without a terminal.

    A session of the agent is shown on this terminal; Ctrl-\ leaves it again. A detached command has no
    terminal: what it says is shown as it comes, from its last lines on, and Ctrl-C leaves it running.

    SESSION is the beginning of an id, 6 characters or more; PATH a project, whose newest live session is
    taken; with --name, or as PATH@NAME, of that container of it. The exit code is the session's, 0 where it
    lives on.
    """
    from contenant.app.attach import attach

    ui = ui_of(ctx)
    ui.waiting("looking for the session")
    tty = is_terminal(sys.stdin) and is_terminal(sys.stdout)
    with writer(raw=False) as write:
        show = functools.partial(attach, session, tty=tty, notify=notify, write=write, ui=ui, name=name)
        return passing_on(ctx, show)
