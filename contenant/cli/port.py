"""`contenant port`: published ports. Without a word it lists them."""

from __future__ import annotations

import click

from contenant.cli.command import Lazy, LazyGroup
from contenant.cli.root import COMMANDS

DEFAULT = "list"
PORT_COMMANDS = {
    DEFAULT: Lazy("port_list", "List published ports, and whether anything answers behind them."),
    "add": Lazy("port_add", "Publish further ports from the next --recreate on."),
    "remove": Lazy("port_remove", "Publish ports no longer, from the next --recreate on."),
}


class Port(LazyGroup):
    """Adds the implied `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        implied = first not in (*self.lazy, "-h", "--help") and (args or not ctx.resilient_parsing)
        return super().parse_args(ctx, [DEFAULT, *args] if implied else args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[LIST OPTIONS] [PATH]...")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix="       ")


command = Port(
    "port",
    lazy=PORT_COMMANDS,
    examples=(
        ("contenant port", "the ports of this project"),
        ("contenant port --all", "of every project"),
        ("contenant port add 8080:80 --recreate", "publish one, and make the container anew at once"),
    ),
    short_help=COMMANDS["port"].summary,
    help="""List and change the ports of a container that this machine shows.

    Without a command it is `contenant port list`, whose options may follow at once. A port is shown at
    127.0.0.1 unless another address is written: docs/ports.md.
    """,
)
