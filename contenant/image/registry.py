"""What the package registry says of the agent's versions: asked through the host's npm, as npm is set up."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from contenant.core.versions import parse_version
from contenant.errors import ContenantError, ImageBuildError, UsageError
from contenant.image.lock import PLATFORMS, Lock, assemble
from contenant.image.npm import NpmError, npm
from contenant.process import find_program

PACKAGE = "@anthropic-ai/claude-code"
BRIEFLY, PATIENTLY = 5.0, 60.0  # seconds for one answer
_TAGS = ("latest", "stable")


class RegistryError(ContenantError):
    """The registry did not answer, or npm is not there to ask it."""

    slug = "registry"


def tags(seconds: float) -> dict[str, str]:
    """Version by distribution tag, of `latest` and `stable` those there are. Raises RegistryError."""
    found = _view(PACKAGE, "dist-tags", seconds)
    if not isinstance(found, dict):
        raise RegistryError(f"npm names no versions of {PACKAGE}", hint="see `npm view` there")
    known = {tag: found[tag] for tag in _TAGS if isinstance(found.get(tag), str)}
    return {tag: version for tag, version in known.items() if _usable(version)}


def ask_lock(version: str) -> Lock:
    """The lock of a version by what the registry says now. Raises RegistryError, ImageBuildError."""
    sums = {
        platform: _view(f"{PACKAGE}-{platform}@{version}", "dist.integrity", PATIENTLY)
        for platform in sorted(PLATFORMS.values())
    }
    return assemble(version, sums, f"what npm says of {PACKAGE}@{version}")


def _usable(version: str) -> bool:
    try:
        return parse_version(version) == version
    except UsageError:
        return False


def _view(package: str, field: str, seconds: float) -> Any:
    """One field of a package's description. Raises RegistryError."""
    if find_program("npm") is None:
        raise RegistryError(
            f"there is no npm here to ask the registry about {package}",
            hint="install npm (Node.js), or `contenant image load` an image from a machine that has it",
        )
    with tempfile.TemporaryDirectory(prefix="contenant-npm-") as folder:
        words = ("view", package, field, "--json", "--fetch-retries", "0")
        try:
            said = npm(*words, folder=Path(folder), seconds=seconds)
        except NpmError as error:
            raise RegistryError(f"npm view {package}: {error}", hint=_HINT) from None
    try:
        return json.loads(said)
    except ValueError:
        raise ImageBuildError(f"npm view {package}: no answer that can be read", hint=_HINT) from None


_HINT = "does `npm ping` work here? contenant asks the registry that npm is set to"
