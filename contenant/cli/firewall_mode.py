"""`contenant firewall mode`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.firewall_options import emit_changes, reason_option
from contenant.cli.option import option
from contenant.cli.options import project_option, rendered
from contenant.cli.render import Output
from contenant.cli.settings import ui_of
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.cli.ui import TerminalUi

EXIT_DECLINED = 1
MODES = ("block", "audit", "off", "default")


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["mode"].summary,
    examples=(
        ("contenant firewall mode audit", "let names through, and put on record what block would refuse"),
        ("contenant firewall mode default", "what the settings say; block unless they say otherwise"),
    ),
    exits=(0, 1, 2, 3, 5, 6),
)
@click.argument("mode", type=click.Choice(MODES), metavar="MODE")
@option("-y", "--yes", is_flag=True, help="Do not ask before switching off.")
@reason_option
@project_option
@rendered
@click.pass_context
def command(ctx: click.Context, mode: str, yes: bool, reason: str, project: Path, output: Output) -> int:
    """Set how the project's firewall decides, at once: block, audit, off, or default.

    block: only what the policy names goes out. audit: every name can be reached over HTTPS and HTTP, what
    block would refuse is on record; private addresses and the metadata service stay closed. off: no
    firewall; shown in red in `contenant list`. default: what the settings say.
    """
    ui = ui_of(ctx)
    if mode == "off" and not yes and not _agreed(ui):
        ui.note("the firewall stays as it is")
        return EXIT_DECLINED
    from contenant.app.firewall import give, take_back_mode
    from contenant.core.policy_rules import Wish

    if mode == "default":
        return emit_changes(take_back_mode(project, ui), output, ui)
    return emit_changes(give(project, Wish("mode", (mode,), reason.strip()), ui), output, ui)


def _agreed(ui: TerminalUi) -> bool:
    """Raises UsageError where there is nobody to ask."""
    answer = ui.confirm("Switch the firewall off? The agent can then send what it reads anywhere.")
    if answer is None:
        raise UsageError(
            "switching the firewall off has to be confirmed, and there is no terminal to ask on",
            hint="add --yes if you mean it",
        )
    return answer
