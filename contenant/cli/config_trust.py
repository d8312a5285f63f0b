"""`contenant config trust`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from contenant.cli.command import Command
from contenant.cli.config import CONFIG_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import ProjectPath, rendered
from contenant.cli.render import Output
from contenant.cli.report import emit_report
from contenant.cli.settings import ui_of
from contenant.cli.text import visible
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.app.configuration import Request
    from contenant.cli.ui import TerminalUi

EXIT_DECLINED = 1

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "path": "the project's file",
    "sha256": "hash that the trust is bound to, empty with --revoke",
    "asks": "what waited for trust, such as `memory 8g`",
    "result": "trusted, trusted already, asks for nothing, declined, revoked or not trusted before",
}


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
@rendered
@click.pass_context
def command(ctx: click.Context, path: Path, revoke: bool, yes: bool, output: Output) -> int:
    """Let a project's file and its layer of the image have their way, as they are now.

    Trust is bound to the SHA-256 of the bytes of the file, of a Containerfile or script and of what they
    copy, and of a dev container's file: when one changes, the project is asked about again.
    What can never be mounted stays refused. Exit code 1: declined.
    """
    from contenant.app import configuration

    ui = ui_of(ctx)
    if revoke:
        had = configuration.revoke(path)
        row: dict[str, Any] = {"path": str(configuration.file_of(path)), "sha256": "", "asks": []}
        row["result"] = "revoked" if had else "not trusted before"
        emit_report([row], FIELDS, "path", output)
        ui.note("it may only tighten again" if had else "it was not trusted")
        return 0
    request = configuration.read_request(path)
    result = _decide(request, yes, ui)
    row = {"path": request.path, "sha256": request.sha256, "asks": list(request.asks)}
    emit_report([row | {"result": result}], FIELDS, "path", output)
    ui.note(_SAID[result].format(**row))
    return EXIT_DECLINED if result == "declined" else 0


_SAID = {
    "trusted already": "{path} is trusted already",
    "asks for nothing": "{path} asks for nothing more",
    "declined": "it stays without effect",
    "trusted": "trusted: {path}, SHA-256 {sha256}",
}


def _decide(request: Request, yes: bool, ui: TerminalUi) -> str:
    """What becomes of it, as the key `result` says."""
    from contenant.app import configuration

    if request.trusted or not request.asks:
        return "trusted already" if request.trusted else "asks for nothing"
    if not yes and not _agreed(request, ui):
        return "declined"
    configuration.trust(request)
    return "trusted"


def _agreed(request: Request, ui: TerminalUi) -> bool:
    """Show the whole file and what in it waits, and ask. Raises UsageError where there is nobody to ask."""
    lines = [visible(line) for line in request.text.split("\n")]
    asks = [f"  {visible(ask)}" for ask in request.asks]
    ui.show("\n".join([*lines, "It asks for:", *asks]))
    answer = ui.confirm(f"Let it have its way in {len(asks)} point{'s' * (len(asks) > 1)}?")
    if answer is None:
        raise UsageError(
            "trust is asked for, and there is no terminal to ask on", hint="read the file, then add --yes"
        )
    return answer
