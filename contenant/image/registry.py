"""What the package registry says of the agent's versions: asked through the host's npm, as npm is set up."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from contenant.core.versions import parse_version
from contenant.errors import ContenantError, ImageBuildError, UsageError
from contenant.image.lock import PLATFORMS, Lock, assemble
from contenant.process import ProcessTimeoutError, capture, find_program

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
        # --prefix: the calling directory may be a project whose .npmrc is nobody's choice
        argv = ["npm", "view", package, field, "--json", "--prefix", folder, "--fetch-retries", "0"]
        try:
            # npm's own environment: its registry, proxy and credentials may be set there
            result = capture(argv, timeout=seconds, env=os.environ)
        except (OSError, ProcessTimeoutError) as error:
            raise RegistryError(f"npm view {package}: {error}", hint=_HINT) from None
    if result.code != 0:
        raise RegistryError(f"npm view {package}: {_reason(result.stderr)}", hint=_HINT)
    try:
        return json.loads(result.stdout)
    except ValueError:
        raise ImageBuildError(f"npm view {package}: no answer that can be read", hint=_HINT) from None


_HINT = "does `npm ping` work here? contenant asks the registry that npm is set to"


def _reason(stderr: str) -> str:
    """What npm says in words: it begins with codes."""
    for line in stderr.splitlines():
        text = line.strip().removeprefix("npm ERR!").removeprefix("npm error").strip()
        if text and text.partition(" ")[0] not in ("code", "errno", "syscall"):
            return text.removeprefix("404").strip()
    return "it does not say why"
