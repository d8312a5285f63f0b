"""`contenant image`: build and list images."""

from __future__ import annotations

from contenant.cli.command import Lazy, LazyGroup
from contenant.cli.root import COMMANDS

IMAGE_COMMANDS = {
    "build": Lazy("image_build", "Build the image that new containers are made from."),
    "list": Lazy("image_list", "List the images contenant built."),
    "outdated": Lazy("image_outdated", "Show the version in use, the newest, and who is behind."),
    "upgrade": Lazy("image_upgrade", "Choose another version of Claude Code for new containers."),
    "rollback": Lazy("image_rollback", "Go back to the version that was in use before."),
}

command = LazyGroup(
    "image",
    lazy=IMAGE_COMMANDS,
    examples=(
        ("contenant image build", "build what is missing; nothing when the inputs are unchanged"),
        ("contenant image list", "what was built, and how many containers use it"),
        ("contenant image upgrade", "the newest Claude Code for new containers"),
    ),
    short_help=COMMANDS["image"].summary,
    help="Build and list the images containers are made from, and choose the version of Claude Code in them.",
)
