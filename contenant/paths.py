"""Where things live: state, configuration, cache, and the assets that ship with the package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from contenant.errors import StateError


def state_dir() -> Path:
    """Database, logs, locks, backups, per-container directories: `$XDG_STATE_HOME/contenant`."""
    return _place("state", "XDG_STATE_HOME", ".local/state")


def home_dir(name: str) -> Path:
    """The host's directory of the agent's home that belongs to the container of that name."""
    return state_dir() / "homes" / name


def config_dir() -> Path:
    """The user's configuration: `$XDG_CONFIG_HOME/contenant`."""
    return _place("config", "XDG_CONFIG_HOME", ".config")


def cache_dir() -> Path:
    """What can be made again: `$XDG_CACHE_HOME/contenant`, on macOS `~/Library/Caches/contenant`.

    Build contexts live here: Apple's builder copies nothing from a context below a symlink such as
    /tmp or /var (apple/container #2285).
    """
    return _place("cache", "XDG_CACHE_HOME", "Library/Caches" if sys.platform == "darwin" else ".cache")


def _place(kind: str, variable: str, fallback: str) -> Path:
    if home := os.environ.get("CONTENANT_HOME"):
        return Path(home).absolute() / kind
    if (base := os.environ.get(variable)) and base.startswith("/"):
        return Path(base) / "contenant"
    return Path.home() / fallback / "contenant"


def ensure_private(path: Path) -> Path:
    """Make a directory, parents included, that only its owner can enter; return it. Raises StateError."""
    try:
        _make(path)
        if path.stat().st_mode & 0o077 and path.stat().st_uid == os.getuid():
            path.chmod(0o700)
    except OSError as error:
        raise StateError(
            f"cannot use the directory {path}: {error.strerror}",
            hint="make it writable, or set CONTENANT_HOME to a directory that is",
        ) from error
    return path


def _make(path: Path) -> None:
    """What is missing of it, for the owner alone: `parents` of Path.mkdir leaves those open to others."""
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        _make(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def asset(name: str) -> Path:
    """The directory `image` or `migrations`, inside the installed package or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    shipped = package / "_assets" / name
    return shipped if shipped.is_dir() else package.parent / name
