"""`contenant config path`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.config import CONFIG_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import ProjectPath, rendered
from contenant.cli.render import Output
from contenant.cli.report import emit_report

if TYPE_CHECKING:
    from pathlib import Path

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "path": "where the file is, or would be",
    "exists": "whether it is there",
    "layer": "user or project",
}


@click.command(
    cls=Command,
    short_help=CONFIG_COMMANDS["path"].summary,
    examples=(
        ("contenant config path", "your own file"),
        ("contenant config path --project .", "the one of this project"),
    ),
)
@option("--project", type=ProjectPath(), metavar="PATH", help="The file of this project instead.")
@rendered
def command(project: Path | None, output: Output) -> int:
    """Print where the configuration file is, whether or not it exists."""
    from contenant import config
    from contenant.app.configuration import file_of

    path = config.user_path() if project is None else file_of(project)
    layer = "user" if project is None else "project"
    row = {"path": str(path), "exists": path.exists(), "layer": layer}
    emit_report([row], FIELDS, "path", output, shown=True)
    return 0
