"""`contenant config trust`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.config import CONFIG_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import ProjectPath
from contenant.cli.settings import ui_of
from contenant.cli.text import visible
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.app.configuration import Request
    from contenant.cli.ui import TerminalUi

EXIT_DECLINED = 1


@click.command(
    cls=Command,
    short_help=CONFIG_COMMANDS["trust"].summary,
    examples=(
        ("contenant config trust", "show what this project's file asks for, then ask"),
        ("contenant config trust --revoke", "let it only tighten again"),
    ),
    exits=(0, 1, 2, 4, 5),
)
@click.argument("path", type=ProjectPath(), default=".")
@option("--revoke", is_flag=True, help="Take the trust back.")
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def command(ctx: click.Context, path: Path, revoke: bool, yes: bool) -> int:
    """Let a project's file and its layer of the image have their way, as they are now.

    The word is bound to the SHA-256 of the bytes of the file, of a Containerfile or script and of what they
    copy, and of a dev container's file: when one changes, the project is asked about again.
    What can never be mounted stays refused. Exit code 1: declined.
    """
    from contenant.app import configuration

    ui = ui_of(ctx)
    if revoke:
        had = configuration.revoke(path)
        ui.note("it may only tighten again" if had else "it was not trusted")
        return 0
    request = configuration.read_request(path)
    if request.trusted or not request.asks:
        ui.note(f"{request.path} {'is trusted already' if request.trusted else 'asks for nothing more'}")
        return 0
    if not yes and not _agreed(request, ui):
        ui.note("it stays without effect")
        return EXIT_DECLINED
    configuration.trust(request)
    ui.note(f"trusted: {request.path}, SHA-256 {request.sha256}")
    return 0


def _agreed(request: Request, ui: TerminalUi) -> bool:
    """Show the whole file and what in it waits, and ask. Raises UsageError where there is nobody to ask."""
    lines = [visible(line) for line in request.text.split("\n")]
    asks = [f"  {visible(ask)}" for ask in request.asks]
    ui.show("\n".join([f"{visible(request.path)}:", "", *lines, "It asks for:", *asks]))
    answer = ui.confirm(f"Let it have its way in {len(asks)} point{'s' * (len(asks) > 1)}?")
    if answer is None:
        raise UsageError(
            "trust is asked for, and there is no terminal to ask on", hint="read the file, then add --yes"
        )
    return answer
