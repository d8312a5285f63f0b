"""`contenant send`: type into a session's terminal."""

from __future__ import annotations

import sys

import click

from contenant.cli.command import Command
from contenant.cli.option import option
from contenant.cli.options import SessionName, name_option, rendered
from contenant.cli.render import Output
from contenant.cli.report import emit_report
from contenant.cli.root import COMMANDS
from contenant.errors import UsageError

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "session": "id of the session that was typed into",
    "container": "name of its container",
    "project": "canonical path of the project",
    "characters": "length of the text, as it was given",
    "enter": "whether Enter was pressed behind it",
}


@click.command(
    cls=Command,
    short_help=COMMANDS["send"].summary,
    examples=(
        ('contenant send "run the tests"', "to this directory's agent, with Enter behind it"),
        ("contenant send ~/work/shop - <task.md", "the text from standard input"),
    ),
    exits=(0, 1, 2, 3, 4),
)
@click.argument("words", type=SessionName(), nargs=-1, metavar="[SESSION|PATH] TEXT")
@option("--enter/--no-enter", default=True, help="Press Enter behind the text, or not.", show_default=True)
@name_option
@rendered
def command(words: tuple[str, ...], enter: bool, name: str | None, output: Output) -> int:
    """Type into a session's terminal.

    TEXT is typed as it is, newlines too, which the agent takes as part of its prompt; - reads it from
    standard input. Write -- before a text that begins with a dash. Only a session with a terminal can be
    typed into, such as the agent's; else the exit code is 4.

    SESSION is the beginning of an id, 6 characters or more; PATH a project, whose newest live session with a
    terminal is taken; with --name, or as PATH@NAME, of that container of it.
    """
    if len(words) not in (1, 2):
        raise UsageError("give one text, and before it a session at most", hint="put quotes around the text")
    *where, text = words
    from contenant.app.send import send

    if text == "-":
        output.begin()
        text = sys.stdin.buffer.read().decode("utf-8", "replace").removesuffix("\n")
    reached = send(where[0] if where else ".", text, enter=enter, name=name)
    row = {
        "session": reached.session.id,
        "container": reached.container.name,
        "project": reached.project,
        "characters": len(text),
        "enter": enter,
    }
    emit_report([row], FIELDS, "session", output)
    return 0
