"""`contenant paste`: the clipboard into a project's drop folder."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.drop_options import emit_passed
from contenant.cli.option import option
from contenant.cli.options import name_option, project_option, rendered
from contenant.cli.render import Output
from contenant.cli.root import COMMANDS
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    cls=Command,
    short_help=COMMANDS["paste"].summary,
    examples=(
        ("contenant paste", "prints /drop/paste-20260131-101500.png, for the agent"),
        ("contenant paste --to mockup.png --force", "under a name of your own, in place of the last"),
    ),
    exits=(0, 1, 2, 4, 5),
)
@option("--to", metavar="NAME", default="", help="The name in the drop folder.")
@option("-f", "--force", is_flag=True, help="Replace what is there.")
@project_option
@name_option
@rendered
@click.pass_context
def command(ctx: click.Context, to: str, force: bool, project: Path, name: str | None, output: Output) -> int:
    """Put the image or text of the clipboard into the project's drop folder.

    It prints the path in the container, to be pasted to the agent. The clipboard is read by wl-paste
    (Wayland), xclip (X11) or what macOS has; the container itself never reaches it.
    """
    from contenant.app import clipboard
    from contenant.app.drop import Request, put_data
    from contenant.app.project import target
    from contenant.home.drop import safe_name

    clip = clipboard.read(os.environ)
    called = safe_name(to or f"paste-{datetime.now().astimezone():%Y%m%d-%H%M%S}.{clip.suffix}")
    path, variant = target(project, name)
    passed = put_data(Request(path, "", force, clipboard.MOST, variant), called, clip.data)
    return emit_passed([passed], output, ui_of(ctx))
