"""What `claude.version` means here and now, and the lock of that version. Asks no registry."""

from __future__ import annotations

from typing import Any

from contenant import files
from contenant.core.versions import LATEST
from contenant.errors import ImageBuildError, StateError
from contenant.image import choice
from contenant.image.lock import Lock, integrity, read_lock
from contenant.paths import asset

_MAX_BYTES = 4096
_NOTE = "# Pinned when this machine first saw the version; integrities as npm gave them.\n"


class UnpinnedError(ImageBuildError):
    """A version is asked for whose packages nobody asked the registry about yet."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"Claude Code {version} is not pinned yet",
            hint="`contenant image build` asks the registry about it",
        )
        self.version = version


def shipped() -> Lock:
    """The lock that this contenant comes with."""
    return read_lock((asset("image") / "claude.lock").read_text(encoding="utf-8"))


def meant(setting: str, own: str) -> str:
    """The version that `claude.version` means; `own` is the shipped one. Raises StateError."""
    if setting not in ("", LATEST):
        return setting
    known = choice.read()
    return (known.latest if setting else "") or known.chosen or own


def lock_text(settings: Any, own: str) -> str:
    """The text of the lock that settings (`claude_version`) ask for; `own` is that of the shipped one.

    Raises UnpinnedError, StateError, ImageBuildError for a lock that cannot be read.
    """
    mine = read_lock(own).version
    version = meant(settings.claude_version, mine)
    if version == mine:
        return own
    text = _read(version)
    if text is None:
        raise UnpinnedError(version)
    return text


def kept(version: str) -> Lock | None:
    """The lock of a version, shipped or pinned here; None where it was never seen."""
    own = shipped()
    if version == own.version:
        return own
    text = _read(version)
    return None if text is None else read_lock(text)


def keep(lock: Lock) -> None:
    """Pin a version. Raises StateError."""
    choice.keep(choice.lock_file(lock.version), written(lock))


def written(lock: Lock) -> str:
    """A lock as `read_lock` reads it."""
    sums = [f"{platform} {integrity(digest)}\n" for platform, digest in sorted(lock.sha512.items())]
    return "".join([_NOTE, f"version {lock.version}\n", *sums])


def _read(version: str) -> str | None:
    place = choice.lock_file(version)
    try:
        data = files.read(place, _MAX_BYTES)
    except OSError as error:
        raise StateError(f"cannot read {place}: {error.strerror}", hint="make it readable") from error
    if data is None:
        return None
    text = data.decode("ascii", "replace")
    if read_lock(text, str(place)).version != version:
        raise ImageBuildError(
            f"{place} is the lock of another version", hint="remove it; it is asked for anew"
        )
    return text
