"""`contenant completion`: the script that teaches a shell to complete contenant's command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from contenant.cli.command import Command
from contenant.cli.root import COMMANDS

SHELLS = ("bash", "zsh", "fish")
SCRIPTS = Path(__file__).parent / "completions"


@click.command(
    cls=Command,
    short_help=COMMANDS["completion"].summary,
    examples=(
        ("source <(contenant completion bash)", "bash: in ~/.bashrc"),
        ("source <(contenant completion zsh)", "zsh: in ~/.zshrc, behind compinit"),
        ("contenant completion fish | source", "fish: in ~/.config/fish/config.fish"),
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print the completion script for a shell.

    It completes commands, options and their values, projects, containers, live sessions, images, hosts of the
    firewall, what is in the drop folder, and settings; and behind `-- claude`, Claude Code's own options,
    which are kept for each version when its image is built. Nothing is asked of an engine.
    """
    sys.stdout.write((SCRIPTS / f"contenant.{shell}").read_text(encoding="utf-8"))
    return 0
