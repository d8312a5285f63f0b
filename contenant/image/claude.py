"""Claude Code's package for the build context: fetched by the host's npm, from the registry npm is set to."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from contenant.image.lock import PLATFORMS, Lock
from contenant.paths import cache_dir, ensure_private
from contenant.process import ProcessTimeoutError, capture

_LIMIT = 1200.0  # seconds
_KEPT = 3  # packages: the version in use, the one before, and one that a project pins


def obtain(lock: Lock, architecture: str, on_step: Callable[[str], None]) -> Path | None:
    """The checked package in the cache; None where npm is missing or fails: then the build fetches it."""
    folder = ensure_private(cache_dir() / "claude")
    place = folder / lock.file_name(architecture)
    wanted = lock.sha512[PLATFORMS[architecture]]
    if place.is_file() and digest(place) == wanted:
        os.utime(place)  # used last
        return place
    if not shutil.which("npm"):
        on_step("no npm here: the build will fetch Claude Code")
        return None
    on_step(f"fetching Claude Code {lock.version} with npm")
    if not _pack(f"{lock.package(architecture)}@{lock.version}", place, wanted, on_step):
        return None
    for old in sorted(folder.glob("*.tgz"), key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT:]:
        old.unlink(missing_ok=True)
    return place


def _pack(package: str, place: Path, wanted: bytes, on_step: Callable[[str], None]) -> bool:
    """Have npm fetch a package to `place`; False, with the reason told, when it did not come whole."""
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="npm-") as folder:
        # --prefix: the calling directory may be a project whose .npmrc is nobody's choice
        argv = ["npm", "pack", package, "--pack-destination", folder, "--prefix", folder, "--silent"]
        try:
            # npm's own environment: its registry, proxy and credentials may be set there
            result = capture(argv, timeout=_LIMIT, env=os.environ)
        except (OSError, ProcessTimeoutError) as error:
            on_step(f"npm: {error}; the build will fetch Claude Code")
            return False
        found = list(Path(folder).glob("*.tgz"))
        if result.code != 0 or not found:
            on_step(f"npm could not fetch {package} ({_reason(result.stderr)}); the build will try")
            return False
        if digest(found[0]) != wanted:
            on_step(f"what npm fetched as {package} is not what claude.lock says; the build will try")
            return False
        os.utime(found[0])  # npm keeps the package's own time
        found[0].replace(place)
    return True


def _reason(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    return lines[0].strip() if lines else "it does not say why"


def digest(path: Path) -> bytes:
    """The SHA-512 of a file, 64 bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha512").digest()
