"""The build context: a real directory below the cache that holds what the Dockerfile copies, and no more."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from contenant.errors import StateError
from contenant.image.apt import Sources
from contenant.image.layers import ON_TOP, PLACE
from contenant.image.recipe import Recipe
from contenant.paths import cache_dir, ensure_private

LIMIT = 16384  # bytes: Apple's builder takes no larger Dockerfile (apple/container #735)
_NOTE = b"Made by contenant for one build.\n"  # no builder leaves a directory out that is not empty


class Extras(NamedTuple):
    """What the host adds to a build without changing what comes out."""

    sources: Sources
    package: Path | None  # Claude Code's checked package, None when the build is to fetch it


def write(recipe: Recipe, extras: Extras) -> Path:
    """Write the context anew and return its real path. Raises StateError when the cache cannot be written."""
    folder = ensure_private(cache_dir() / "context").resolve() / recipe.hash[:12]
    try:
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in contents(recipe, extras.sources).items():
            _write(folder / path, content, path in recipe.files and recipe.files[path].executable)
        if extras.package is not None:
            _link(extras.package, folder / "claude" / recipe.lock.file_name(recipe.architecture))
    except OSError as error:
        raise StateError(
            f"cannot write the build context {folder}: {error.strerror}",
            hint="make room, or set CONTENANT_HOME to a directory that can be written",
        ) from error
    return folder


def contents(recipe: Recipe, sources: Sources) -> dict[str, bytes]:
    """Every file of the context but Claude Code's package, by path."""
    plain = {path: file.content for path, file in recipe.files.items()}
    if recipe.layer != "base":
        return {**plain, **_apt(sources, f"{PLACE}/apt")}
    for path in ON_TOP:
        plain.pop(path, None)
    certificates = {f"ca/{one.fingerprint[:16]}.crt": one.pem() for one in recipe.certificates}
    return {
        **plain,
        **certificates,
        "ca/README": _NOTE,
        "claude/README": _NOTE,
        **_apt(sources, "apt"),
    }


def _apt(sources: Sources, place: str) -> dict[str, bytes]:
    """The host's package sources, for stages that are thrown away."""
    return {
        f"{place}/mirrors.sources": sources.deb822().encode(),
        f"{place}/apt.conf": "".join(f"{line}\n" for line in sources.options()).encode(),
        f"{place}/ca.pem": Path(sources.bundle).read_bytes() if sources.bundle else b"",
    }


def _write(path: Path, content: bytes, executable: bool) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755 if executable else 0o644)  # COPY keeps it, whatever the umask or the wheel made of it


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    target.chmod(0o644)


def remove(folder: Path) -> None:
    """Forget a context that was built from: it can be made again."""
    shutil.rmtree(folder, ignore_errors=True)
