"""`contenant image`: build and list images."""

from __future__ import annotations

from contenant.cli.command import Lazy, LazyGroup
from contenant.cli.root import COMMANDS

IMAGE_COMMANDS = {
    "build": Lazy("image_build", "Build the image that new containers are made from."),
    "list": Lazy("image_list", "List the images contenant built."),
}

command = LazyGroup(
    "image",
    lazy=IMAGE_COMMANDS,
    examples=(
        ("contenant image build", "build what is missing; nothing when the inputs are unchanged"),
        ("contenant image list", "what was built, and how many containers use it"),
    ),
    short_help=COMMANDS["image"].summary,
    help="Build and list the images containers are made from.",
)
