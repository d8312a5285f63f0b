"""`contenant db`: the database backed up, put back, looked through."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from contenant import host
from contenant.app.ledger import database_url
from contenant.core import changes
from contenant.store import repair
from contenant.store.location import Location, locate
from contenant.store.repair import Finding, Restored


def location() -> Location:
    """The database in force. Raises ConfigError."""
    return locate(database_url(os.environ) or None)


def back_up(target: Path | None) -> Path:
    """Copy the database to `target`, or beside the other backups; the copy. Raises StateError."""
    place = location()
    if target is not None or place.path is None or not place.path.exists():
        return repair.copy_to(place, target or Path())
    from contenant.store.migrate import back_up as beside  # loads alembic

    return beside(place, host.now())


def check() -> Iterator[Finding]:
    """Look through all of it, finding by finding. Raises StateError, NotFoundError."""
    return repair.check(location())


def choose(source: Path | None) -> Path:
    """The backup to restore: the one that was named, or the newest. Raises NotFoundError, StateError."""
    place = location()
    return repair.newest(place) if source is None or place.path is None else source


def restore(source: Path) -> Restored:
    """Put a backup in place and record that. Raises StateError, NotFoundError."""
    from contenant.store.store import open_store

    place, own = location(), host.installation_id()
    done = repair.restore(place, source, own, host.now())
    aside = done.aside.name if done.aside else ""
    with open_store(f"sqlite:///{place.path}", now=host.now, host_id=own) as store:
        store.apply([changes.database_restored(source.name, aside, done.last)])
    return done
