"""What Apple's daemon would remember: containers, images, networks, volumes and the service, in one JSON
file.

A transaction holds the file lock for its whole length, as Apple's API server runs its work behind one
lock.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .settings import Settings, Version

State = dict[str, Any]
OLD_KERNEL = "6.12.28"


def kernel_of(version: Version) -> str:
    """The default kernel that a fresh installation of the release brings."""
    if version >= Version(0, 12):
        return "6.18.15"
    return "6.18.5" if version >= Version(0, 9) else OLD_KERNEL


def older(version: Version) -> Version:
    """A release older than this one, for a daemon that was not restarted after the upgrade."""
    return Version(1, 0, 0) if version > Version(1, 0, 0) else Version(0, 12, 0)


def fresh(settings: Settings) -> State:
    """The state of an installation that has just been made, in the modes that shape it."""
    modes = settings.modes
    kernel: str | None = kernel_of(settings.version)
    if modes.on("old-kernel"):
        kernel = OLD_KERNEL
    if modes.on("no-kernel"):
        kernel = None
    skewed = modes.on("skew") or modes.on("skew-undecodable")
    return {
        "service": {
            "running": not modes.on("service-down") and not modes.on("service-broken"),
            "version": str(older(settings.version) if skewed else settings.version),
            "decodable": not modes.on("skew-undecodable"),
        },
        "kernel": kernel,
        "containers": {},
        "images": [],
        "networks": {},
        "volumes": {},
        "builder": None,
        "vanished": [],
        "dns": [],
        "properties": {},
        "counter": 0,
    }


class Store:
    """The state file of one stand-in home."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.path = settings.home / "state.json"

    @contextmanager
    def transaction(self) -> Iterator[State]:
        """The state, locked; written back when the block ends well or not, as a daemon keeps what it did."""
        home = self.settings.home
        home.mkdir(parents=True, exist_ok=True)
        with (home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self._load()
            try:
                yield state
            finally:
                self._save(state)

    def read(self) -> State:
        """A snapshot."""
        with self.transaction() as state:
            return state

    def _load(self) -> State:
        if self.path.exists():
            loaded: State = json.loads(self.path.read_text())
            return loaded
        return fresh(self.settings)

    def _save(self, state: State) -> None:
        temporary = Path(f"{self.path}.new")
        temporary.write_text(json.dumps(state))
        temporary.replace(self.path)
