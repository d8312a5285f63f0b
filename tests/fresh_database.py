"""A new database as a copy of one that was made before: to make each is half of what most tests would cost.

How one is really made, by a process of its own, is what tests/store tries.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contenant.store import store
from contenant.store.location import Location, ensure_parent

_make = store._migrate


@pytest.fixture(scope="session")
def made_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file without a row."""
    path = tmp_path_factory.mktemp("fresh") / "contenant.db"
    _make(Location(path, ""), lambda: datetime.now(UTC), store.WAIT)
    return path


@pytest.fixture(autouse=True)
def fresh_database(monkeypatch: pytest.MonkeyPatch, made_before: Path) -> None:
    """Where this test's database would be made, a copy appears; one that is there is migrated as ever."""

    def migrate(location: Location, now: Callable[[], datetime], wait: float) -> None:
        path = location.path
        if path is None or path.exists():
            _make(location, now, wait)
            return
        ensure_parent(path)
        new = path.with_name(f"{path.name}.{threading.get_ident()}")  # several threads may begin at once
        shutil.copyfile(made_before, new)
        new.chmod(0o600)
        with contextlib.suppress(FileExistsError):  # then another's, which is the same
            path.hardlink_to(new)
        new.unlink()

    monkeypatch.setattr(store, "_migrate", migrate)
