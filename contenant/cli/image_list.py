"""`contenant image list`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.options import rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import ui_of
from contenant.cli.text import elapsed
from contenant.core.ages import age
from contenant.core.sizes import size

EXIT_UNREACHABLE = 3

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
    "engines": "engines that have it now; CSV holds it as JSON text",
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
    exits=(0, 1, 2, 3),
)
@rendered
@click.pass_context
def command(ctx: click.Context, output: Output) -> int:
    """List the images contenant built or loaded, newest first.

    CONTAINERS counts those made from the image; BASE says whether Debian was local, pulled or
    bootstrapped; ON names the engines that have it; * marks the image that new containers are made from. An
    engine that does not answer is named on standard error, and the exit code is 3.
    """
    from contenant.app.images import list_images

    ui = ui_of(ctx)
    images, silent = list_images(ui)
    emit(images, table(datetime.now(UTC)), output)
    for name, why in sorted(silent.items()):
        ui.warn(f"{name} did not answer, so it is not told whether it has them: {why}")
    if not images and not silent:
        ui.note("no image was built or loaded here; contenant image build makes one where there is none")
    return EXIT_UNREACHABLE if silent else 0


def table(now: datetime) -> Table:
    """How an image is shown at a moment."""
    return Table(
        columns=(
            Column("IMAGE", lambda row: row["reference"] + ("*" if row["current"] else "")),
            Column("LAYER", lambda row: row["layer"], rank=3),
            Column("CLAUDE", lambda row: row["claude_version"]),
            Column("BASE", lambda row: row["base_origin"], rank=4),
            Column("SIZE", lambda row: size(row["size"]) if row["size"] else "-"),
            Column("TOOK", lambda row: duration(row["seconds"]), rank=2),
            Column("CONTAINERS", lambda row: str(row["containers"])),
            Column("ON", lambda row: ", ".join(row["engines"]) or "-", rank=1),
            Column("AGE", lambda row: age(row["built"], now)),
        ),
        fields=tuple(FIELDS),
        record=lambda row: {field: row[field] for field in FIELDS},
        name=lambda row: row["reference"],
    )


def duration(seconds: float | None) -> str:
    """Seconds for people: `8s`, `3m07s`; `-` for none."""
    return elapsed(seconds) if seconds else "-"
