"""`contenant firewall allow`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.firewall_options import emit_given, rule_options
from contenant.cli.option import option
from contenant.cli.options import Recorded
from contenant.cli.render import Output
from contenant.cli.settings import ui_of
from contenant.errors import UsageError

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["allow"].summary,
    examples=(
        ('contenant firewall allow example.com --reason "our API"', "HTTPS and HTTP"),
        (
            'contenant firewall allow "*.example.com" --for 2h --reason "look at the docs"',
            "all names below it",
        ),
        ("contenant firewall allow git.example.com --port 22 --reason push", "another port of one name"),
        ("contenant firewall allow host:5432 --reason database", "a service of this machine"),
    ),
    exits=(0, 1, 2, 3, 5, 6),
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", type=Recorded("refused"))
@option("--port", type=click.IntRange(1, 65535), metavar="N", help="This port instead of 443 and 80.")
@rule_options
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    port: int | None,
    duration: timedelta | None,
    reason: str,
    project: Path,
    output: Output,
) -> int:
    """Let the project's container reach hosts, at once; open connections stay.

    NAME is a host name, or *.NAME for every name below it. An entry opens whatever strangers can store or
    read there. A reason is asked for, since somebody will wonder. host:PORT is a service of this machine; in
    the container it is at host.contenant.internal. One bad name refuses all of them: the old policy stays.
    """
    if not reason.strip():
        raise UsageError(
            "a reason is needed to open a host", hint='add --reason "why the agent needs it"; it is kept'
        )
    from contenant.core.policy_rules import Wish, with_port

    texts = tuple(with_port(name, port) if port else name for name in names)
    return emit_given(project, Wish("allow", texts, reason), duration, output, ui_of(ctx))
