"""`contenant image`: build images, look at them, move them, remove them, choose the agent's version."""

from __future__ import annotations

from contenant.cli.command import Lazy, LazyGroup
from contenant.cli.root import COMMANDS

IMAGE_COMMANDS = {
    "build": Lazy("image_build", "Build the image that new containers are made from."),
    "list": Lazy("image_list", "List the images contenant built or loaded."),
    "show": Lazy("image_show", "Show everything about one image."),
    "history": Lazy("image_history", "Show every build, failure and removal."),
    "log": Lazy("image_log", "Print the log of a build."),
    "prune": Lazy("image_prune", "Remove images that nothing needs."),
    "sbom": Lazy("image_sbom", "List what is installed in an image, as SPDX or CycloneDX."),
    "save": Lazy("image_save", "Write an image to a file that every engine can load."),
    "load": Lazy("image_load", "Load an image from such a file."),
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
        ("contenant image show", "what the current one was made of"),
        ("contenant image prune --dry-run", "what could go"),
        ("contenant image upgrade", "the newest Claude Code for new containers"),
    ),
    short_help=COMMANDS["image"].summary,
    help="Build, look at, move and remove the images containers are made from; choose the agent's version.",
)
