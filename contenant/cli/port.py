"""`contenant port`: published ports. Without a word it lists them."""

from __future__ import annotations

from contenant.cli.command import Lazy
from contenant.cli.implied import ImpliedGroup
from contenant.cli.root import COMMANDS

PORT_COMMANDS = {
    "list": Lazy("port_list", "List published ports, and whether anything answers behind them."),
    "add": Lazy("port_add", "Publish further ports from the next --recreate on."),
    "remove": Lazy("port_remove", "Publish ports no longer, from the next --recreate on."),
}


command = ImpliedGroup(
    "port",
    usages=("[LIST OPTIONS] [PATH]...", "COMMAND [ARGS]..."),
    lazy=PORT_COMMANDS,
    examples=(
        ("contenant port", "the ports of this project"),
        ("contenant port --all", "of every project"),
        ("contenant port add 8080:80 --recreate", "publish one, and make the container anew at once"),
    ),
    short_help=COMMANDS["port"].summary,
    help="""List and change the ports of a container that are published on this machine.

    Without a command it is `contenant port list`, whose options may follow at once. A port is shown at
    127.0.0.1 unless another address is written: docs/ports.md.
    """,
)
