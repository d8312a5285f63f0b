"""`contenant image sbom`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import click

from contenant.cli.command import Command
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import Recorded

if TYPE_CHECKING:
    from contenant.app.image_sbom import Form

FORMS = ("spdx", "cyclonedx")


@click.command(
    cls=Command,
    short_help=IMAGE_COMMANDS["sbom"].summary,
    examples=(
        ("contenant image sbom", "of the image that new containers are made from"),
        ("contenant image sbom 0a1b2c3d --format cyclonedx", "of another one"),
    ),
    exits=(0, 1, 2, 3, 4),
)
@click.argument("reference", default="", metavar="[REF]", type=Recorded("images"))
@option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="spdx",
    show_default=True,
    metavar="FORMAT",
    help="spdx (2.3) or cyclonedx (1.5).",
)
def command(reference: str, form: str) -> int:
    """Print what is installed in an image, as JSON: Debian's packages, Claude Code and jj.

    The image's own package manager is asked, in a container without a network that is gone afterwards. REF
    means what it means for `contenant image show`. Licences are not looked into.
    """
    from contenant.app.image_sbom import bill

    click.echo(json.dumps(bill(reference, cast("Form", form)), indent=2))
    return 0
