"""`contenant image list`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import ui_of
from contenant.core.ages import age

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "reference": "name:tag",
    "claude_version": "Claude Code version in it",
    "layer": "base, user or project",
    "base_origin": "where Debian came from: local, pulled or bootstrapped",
    "base_digest": "digest of the Debian image",
    "digest": "digest of the image",
    "recipe": "hash of every input",
    "parent": "reference of the image it was built from",
    "build_args": "build arguments, as JSON text",
    "built": "moment of the build",
    "seconds": "how long the build took",
    "size": "bytes, 0 where the engine does not say",
    "containers": "number of containers made from it",
    "current": "whether new containers are made from it",
    "id": "contenant's id of the build",
    "log": "path of the build's log",
    "snapshot": "moment of the package index that a bootstrapped base was made from",
    "integrity": "npm integrity of Claude Code's package",
    "engine": "engine it was built or loaded on",
    "origin": "built, or loaded from a file",
}


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["list"].summary,
    examples=(("contenant image list", "newest first"), ("contenant image list --json", "for programs")),
    exits=(0, 1, 2),
)
@rendered
@click.pass_context
def command(ctx: click.Context, output: Output) -> int:
    """List the images contenant built, newest first.

    CONTAINERS counts those made from the image; BASE says whether Debian was local, pulled or
    bootstrapped; * marks the image that new containers are made from.
    """
    from contenant.app.images import list_images

    images, ui = list_images(ui_of(ctx)), ui_of(ctx)
    emit(images, table(datetime.now(UTC)), output)
    if not images:
        ui.note("no images yet; contenant image build makes one")
    return 0


def table(now: datetime) -> Table:
    """How an image is shown at a moment."""
    return Table(
        columns=(
            Column("IMAGE", lambda row: row["reference"] + ("*" if row["current"] else "")),
            Column("CLAUDE", lambda row: row["claude_version"]),
            Column("BASE", lambda row: row["base_origin"]),
            Column("SIZE", lambda row: _megabytes(row["size"])),
            Column("CONTAINERS", lambda row: str(row["containers"])),
            Column("AGE", lambda row: age(row["built"], now)),
        ),
        fields=tuple(FIELDS),
        record=lambda row: {field: row[field] for field in FIELDS},
        name=lambda row: row["reference"],
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size else "-"
