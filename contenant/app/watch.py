"""Once a day, when a session ended: is the database still whole? What is found is said until it is mended."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import NamedTuple

from contenant import files, host
from contenant.app.results import Ui
from contenant.errors import ContenantError
from contenant.store.location import Location, locate
from contenant.store.trouble import corrupt

EVERY = 24 * 3600  # seconds
PATIENCE = 5.0  # seconds that a look may take
_LIMIT = 64 * 1024


class Look(NamedTuple):
    """The last one."""

    at: float  # Unix time
    inode: int  # of the file that was looked at: a restored one is another
    damage: str  # "" for none


def at_end(database_url: str, ui: Ui) -> None:
    """Look if it is time, and say what is damaged. Whatever comes in the way of that harms no session."""
    location = locate(database_url or None)
    if location.path is None:
        return
    try:
        inode = location.path.stat().st_ino
        last = _read(location.path)
        if not 0 <= time.time() - last.at < EVERY or last.inode != inode:
            last = _look(location.path, inode)
    except (OSError, ContenantError):
        return
    if last.damage:
        _tell(location, last.damage, ui)


def _look(path: Path, inode: int) -> Look:
    from contenant.store.watch import damage

    found = damage(path, host.installation_id(), PATIENCE)
    look = Look(time.time(), inode, found or "")
    files.replace(place(path), json.dumps(look._asdict()).encode())
    return look


def _read(path: Path) -> Look:
    """Never, where nothing can be made of what stands there."""
    try:
        kept = json.loads(files.read(place(path), _LIMIT) or b"{}")
        return Look(float(kept["at"]), int(kept["inode"]), str(kept["damage"]))
    except (OSError, ValueError, LookupError, TypeError):
        return Look(float("-inf"), 0, "")


def place(path: Path) -> Path:
    """Where the last look at the database `path` is kept: beside it."""
    return path.with_name(f"{path.name}-checked")


def _tell(location: Location, damage: str, ui: Ui) -> None:
    error = corrupt(location, damage)
    ui.warn(f"{error.message}; `contenant db check` says more. {error.hint}")
