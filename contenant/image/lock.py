"""`image/claude.lock`: the pinned Claude Code and the integrity of its npm platform packages."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import NamedTuple

from contenant.errors import ImageBuildError

# Debian's name of an architecture -> npm's name of the platform.
PLATFORMS = {"amd64": "linux-x64", "arm64": "linux-arm64"}
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){2}(-[0-9A-Za-z.]+)?")


class Lock(NamedTuple):
    """One version, and per platform the SHA-512 of its package (64 bytes)."""

    version: str
    sha512: Mapping[str, bytes]  # by npm platform

    def package(self, architecture: str) -> str:
        """The npm package for a Debian architecture."""
        return f"@anthropic-ai/claude-code-{PLATFORMS[architecture]}"

    def file_name(self, architecture: str) -> str:
        """What the package is called in the cache and in the build context."""
        return f"claude-code-{PLATFORMS[architecture]}-{self.version}.tgz"


def read_lock(text: str, source: str = "claude.lock") -> Lock:
    """The lock, from lines of a key and a value. Raises ImageBuildError naming `source` and the line."""
    version, sums = "", {}
    for number, line in enumerate(text.splitlines(), 1):
        key, _, value = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        if key == "version" and _VERSION.fullmatch(value):
            version = value
        elif key in PLATFORMS.values() and (digest := _digest(value)):
            sums[key] = digest
        else:
            raise ImageBuildError(f"{source}, line {number}: cannot be read: {line!r}")
    if not version or set(sums) != set(PLATFORMS.values()):
        raise ImageBuildError(f"{source} names no version, or not the package of every platform")
    return Lock(version, sums)


def assemble(version: str, integrities: Mapping[str, str], source: str) -> Lock:
    """The lock of a version by npm's integrity of each platform's package. Raises ImageBuildError, naming
    `source`.
    """
    lines = [f"version {version}", *(f"{platform} {text}" for platform, text in integrities.items())]
    return read_lock("\n".join(lines), source)


def integrity(digest: bytes) -> str:
    """A SHA-512 as npm writes it: `sha512-<base64>`."""
    return f"sha512-{base64.b64encode(digest).decode('ascii')}"


def _digest(integrity: str) -> bytes | None:
    """The 64 bytes of `sha512-<base64>` (W3C, Subresource Integrity); None for anything else."""
    algorithm, _, encoded = integrity.partition("-")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if algorithm == "sha512" and len(digest) == 64 else None
