"""`contenant auth login`."""

from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING

import click

from contenant.cli.auth import AUTH_COMMANDS
from contenant.cli.colour import is_terminal
from contenant.cli.command import Command
from contenant.cli.options import rendered
from contenant.cli.render import Output
from contenant.cli.report import emit_report
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from contenant.cli.ui import TerminalUi

MOST = 65536  # bytes; a token has about a hundred
_REST = 0.3  # seconds in which the further lines of a paste arrive

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "fingerprint": "12 hex digits that stand for the secret wherever it must be named",
    "kind": "oauth or api-key",
    "place": "keyring or file",
    "where": "where it is kept, for people",
    "expires": "moment at which it ends if it was made just now, empty where that is not known",
    "no_keyring": "why it is not in the system's keyring, empty where it is",
    "first": "variable of this environment that comes before it, empty for none",
}


@click.command(
    cls=Command,
    short_help=AUTH_COMMANDS["login"].summary,
    examples=(
        ("contenant auth login", "then paste what `claude setup-token` printed; nothing is shown"),
        ("contenant auth login < token.txt", "from a file, or a password manager's pipe"),
    ),
    exits=(0, 1, 2),
)
@rendered
@click.pass_context
def command(ctx: click.Context, output: Output) -> int:
    """Keep a token of one year, or an API key, for all sessions.

    `claude setup-token` on this machine prints a token that is good for a year. It is read without being
    shown, or from a pipe: contenant auth login < FILE.

    It goes into the system's keyring where contenant[keyring] is installed and there is one, else into a
    file of mode 0600 in the state directory. There is no option for the token: arguments are seen by every
    process on this machine.
    """
    from contenant.app.auth import login

    ui = ui_of(ctx)
    text = _ask(ui) if is_terminal(sys.stdin) else _read_pipe()
    done = login(text)
    row = {**done.kept._asdict(), "where": done.where, "no_keyring": done.no_keyring, "first": done.first}
    emit_report([{key: row[key] for key in FIELDS}], FIELDS, "fingerprint", output)
    ui.note(f"kept in {done.where}: {done.kept.kind} {done.kept.fingerprint}")
    if done.no_keyring:
        ui.note(f"not in the system's keyring: {done.no_keyring}")
    if done.kept.expires:
        ui.note(f"it ends at {done.kept.expires} if it was made just now")
    if done.first:
        ui.warn(f"{done.first} is set in this environment and comes first")
    return 0


def _read_pipe() -> str:
    return sys.stdin.buffer.read(MOST).decode("utf-8", "replace")


def _ask(ui: TerminalUi) -> str:
    """Read a pasted token from the terminal without showing it, however many lines it was wrapped into."""
    import termios

    ui.hush()
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    silent = termios.tcgetattr(fd)
    silent[3] &= ~termios.ECHO
    try:
        termios.tcsetattr(fd, termios.TCSADRAIN, silent)  # before it is asked for: some paste fast
        ui.note("paste the token of `claude setup-token`, or an API key, then press Return; nothing is shown")
        return _read_lines(fd)
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _read_lines(fd: int) -> str:
    """The first line, and what follows it at once."""
    text = os.read(fd, MOST)
    while text and len(text) < MOST and select.select([fd], [], [], _REST)[0]:
        more = os.read(fd, MOST)
        if not more:
            break
        text += more
    return text.decode("utf-8", "replace")
