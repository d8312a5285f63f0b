"""`contenant config`: settings, where each comes from, and trust in a project's file."""

from __future__ import annotations

from contenant.cli.command import Lazy, LazyGroup
from contenant.cli.root import COMMANDS

CONFIG_COMMANDS = {
    "show": Lazy("config_show", "Show every setting with where it comes from."),
    "path": Lazy("config_path", "Print where the configuration file is."),
    "trust": Lazy("config_trust", "Let a project's file have its way, as it is now."),
    "edit": Lazy("config_edit", "Edit your configuration file, and check it."),
}

command = LazyGroup(
    "config",
    lazy=CONFIG_COMMANDS,
    examples=(
        ("contenant config show", "what is in force in this directory, and why"),
        ("contenant config edit", "your own file, in $EDITOR"),
        ("contenant config trust", "read what this project asks for, then allow it"),
    ),
    short_help=COMMANDS["config"].summary,
    help="Show and edit settings, and trust a project's file.",
)
