"""The current image's tag, kept while none of its inputs changes.

Every list and every run asks for it, and hashing a few dozen files and the machine's certificates costs more
than starting the interpreter. So the tag is kept in the cache directory, beside what the file system says of
each input: as long as that is the same, so is the tag.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from contenant import files
from contenant.errors import StateError
from contenant.image.choice import watched
from contenant.paths import asset, cache_dir, ensure_private

if TYPE_CHECKING:
    from contenant.core.settings import Settings

_MAX_BYTES = 256 * 1024
_CERTIFICATES = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")  # certificates.VARIABLES


def current_tag(settings: "Settings") -> str:
    """`image.recipe.current(settings).tag`, from the cache where nothing changed. Raises ConfigError.

    A version that is not pinned yet has no image: what stands for it is no image's name.
    """
    version = settings.claude_version
    place = cache_dir() / (f"image-tag-{version}" if version else "image-tag")
    before = _stamp(settings, os.environ)
    tag, _, stamp = _read(place).partition("\n")
    if stamp == before:
        return tag
    from contenant.core.versions import unpinned
    from contenant.image.recipe import current
    from contenant.image.versions import UnpinnedError

    try:
        tag = current(settings).tag
    except UnpinnedError as error:
        return unpinned(error.version)
    if _stamp(settings, os.environ) == before:  # and not changed while it was read
        _keep(place, f"{tag}\n{before}")
    return tag


def _stamp(settings: "Settings", environ: Mapping[str, str]) -> str:
    """What tells one state of the inputs from any other. The package's own code is one of them."""
    named = [watched(settings.claude_version), *settings.ca_certificates]
    named += [environ[name] for name in _CERTIFICATES if environ.get(name)]
    places = [*_files(asset("image")), *_files(Path(__file__).parent), *named]
    return "\n".join([os.uname().machine, *map(_seen, places)])


def _files(folder: Path | str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.is_dir():
                yield entry.path
            elif entry.name != "__pycache__":
                yield from _files(entry.path)


def _seen(place: str) -> str:
    try:
        status = os.stat(place)  # noqa: PTH116 - a text is at hand
    except OSError as error:
        return f"{place} {error.errno}"
    return f"{place} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _read(place: Path) -> str:
    try:
        return (files.read(place, _MAX_BYTES) or b"").decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _keep(place: Path, text: str) -> None:
    try:
        ensure_private(place.parent)
        files.replace(place, text.encode("utf-8", "surrogateescape"))
    except (OSError, StateError):  # it is found out anew each time then
        return
