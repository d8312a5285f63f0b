"""`contenant wait`: until sessions have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from contenant.cli.command import Command
from contenant.cli.option import option
from contenant.cli.options import SessionName, name_option, rendered
from contenant.cli.own_failure import passing_on
from contenant.cli.render import Output
from contenant.cli.report import emit_report
from contenant.cli.root import COMMANDS

if TYPE_CHECKING:
    from contenant.app.named import Named

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "session": "id of the session",
    "container": "name of its container",
    "project": "canonical path of the project",
    "exit_code": "its exit code",
}


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
@rendered
@click.pass_context
def command(
    ctx: click.Context, sessions: tuple[str, ...], name: str | None, notify: bool, output: Output
) -> int:
    """Wait until sessions have ended; pass their exit code on.

    The exit code of each is printed, a line each in the order given, as podman wait does; with --quiet the
    session's id instead. contenant's own is that of the session, with several the first that is not 0; 125
    and a message where a session left none, because its container was stopped or the machine restarted.

    SESSION is the beginning of an id, 6 characters or more; PATH a project, whose newest live session is
    taken, else its newest detached one, which has ended; with --name, or as PATH@NAME, of that container.
    """
    from contenant.app.waiting import wait

    rows: list[dict[str, Any]] = []

    def told(one: Named, code: int) -> None:
        row = {"session": one.session.id, "container": one.container.name, "project": one.project}
        rows.append(row | {"exit_code": code})
        if output.format not in ("json", "csv"):  # as they come; those two have a beginning and an end
            key = "session" if output.format == "names" else "exit_code"
            emit_report(rows[-1:], FIELDS, key, output, shown=True)
            output.stream.flush()

    try:
        return passing_on(ctx, lambda: wait(sessions, notify=notify, told=told, name=name))
    finally:
        if rows and output.format in ("json", "csv"):
            emit_report(rows, FIELDS, "session", output)
