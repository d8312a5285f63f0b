"""`contenant config path`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.config import CONFIG_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import ProjectPath

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    cls=Command,
    short_help=CONFIG_COMMANDS["path"].summary,
    examples=(
        ("contenant config path", "your own file"),
        ("contenant config path --project .", "the one of this project"),
    ),
)
@option("--project", type=ProjectPath(), metavar="PATH", help="The file of this project instead.")
def command(project: Path | None) -> int:
    """Print where the configuration file is, whether or not it exists."""
    from contenant import config
    from contenant.app.configuration import file_of

    path = config.user_path() if project is None else file_of(project)
    sys.stdout.buffer.write(os.fsencode(path) + b"\n")
    return 0
