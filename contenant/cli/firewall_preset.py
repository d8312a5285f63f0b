"""`contenant firewall preset`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from contenant.cli.command import Command
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.firewall_options import emit_given, rule_options
from contenant.cli.render import Output
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path


class PresetName(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A preset; whether there is one of that name is the policy's to say."""

    name = "name"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        from contenant.core.policy_presets import all_presets

        return [CompletionItem(name) for name in sorted(all_presets({})) if name.startswith(incomplete)]


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["preset"].summary,
    examples=(
        ("contenant firewall preset github", "clone, fetch and push over HTTPS and SSH"),
        (
            "contenant firewall preset registries --for 1h",
            "what pip, npm and apt of the image are set to use",
        ),
    ),
    exits=(0, 1, 2, 3, 5, 6),
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", type=PresetName())
@rule_options
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    duration: timedelta | None,
    reason: str,
    project: Path,
    output: Output,
) -> int:
    """Let the project's container reach named groups of hosts, at once.

    Presets: login, connectors, updates, github, gitlab, bitbucket; and registries, pypi, npm, debian, crates,
    go, whose hosts are those that the tools in the image are set to use. `contenant firewall remove` takes
    one back.
    """
    from contenant.core.policy_rules import Wish

    return emit_given(project, Wish("preset", names, reason), duration, output, ui_of(ctx))
