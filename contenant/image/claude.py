"""Claude Code's package for the build context: fetched by the host's npm, from the registry npm is set to."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from contenant.image.lock import PLATFORMS, Lock
from contenant.image.npm import NpmError, npm
from contenant.paths import cache_dir, ensure_private

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
        words = ("pack", package, "--pack-destination", folder, "--silent")
        try:
            npm(*words, folder=Path(folder), seconds=_LIMIT)
            found = next(Path(folder).glob("*.tgz"), None)
        except NpmError as error:
            on_step(f"npm could not fetch {package} ({error}); the build will try")
            return False
        if found is None:
            on_step(f"npm fetched no {package}, and says nothing of it; the build will try")
            return False
        if digest(found) != wanted:
            on_step(f"what npm fetched as {package} is not what claude.lock says; the build will try")
            return False
        os.utime(found)  # npm keeps the package's own time
        found.replace(place)
    return True


def digest(path: Path) -> bytes:
    """The SHA-512 of a file, 64 bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha512").digest()
