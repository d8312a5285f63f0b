"""`contenant logs`: what a detached session said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from contenant.cli.colour import is_terminal
from contenant.cli.command import Command
from contenant.cli.option import option
from contenant.cli.options import SessionName, name_option
from contenant.cli.root import COMMANDS


@click.command(
    cls=Command,
    short_help=COMMANDS["logs"].summary,
    examples=(
        ("contenant logs", "all that is kept of this directory's newest detached session"),
        ("contenant logs -f --tail 20", "its last lines, and what comes until it ends"),
    ),
    exits=(0, 1, 2, 4, 130),
)
@click.argument("session", type=SessionName(), default=".", metavar="[SESSION|PATH]")
@option("-f", "--follow", is_flag=True, help="Go on with what it says until it ends.")
@option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
@option("--raw", is_flag=True, help="The bytes as they came, also on a terminal.")
@name_option
def command(session: str, follow: bool, tail: int | None, raw: bool, name: str | None) -> int:
    """Show what a detached session said.

    Kept are the newest 8 to 16 MiB of each, also after its end, of the newest 20 of a container. On a
    terminal, control sequences are left out; into a pipe or a file go the bytes as they came. Of an agent's
    session these are what drew its screen: contenant attach shows the screen itself.

    SESSION is the beginning of an id, 6 characters or more; PATH a project, whose newest detached session
    is taken, before those that ended one that lives; with --name, or as PATH@NAME, of that container of it.
    """
    from contenant.app.attach import LogsRequest, logs

    with writer(raw=raw) as write:
        logs(LogsRequest(session, follow, tail, name), write)
    return 0


@contextmanager
def writer(*, raw: bool) -> Iterator[Callable[[bytes], None]]:
    """What puts pieces of output on standard output: made harmless on a terminal, unless `raw`."""
    if raw or not is_terminal(sys.stdout):
        yield _write
        return
    from contenant.core.harmless import Harmless

    text = Harmless()
    yield lambda piece: _write(text.feed(piece).encode())
    _write(text.feed(b"", final=True).encode())


def _write(piece: bytes) -> None:
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
