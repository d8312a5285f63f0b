"""Keyring backends over a JSON file, for the real `keyring` library to use."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class Working(KeyringBackend):
    """Keeps what it is given in the file that $STANDIN_KEYRING names."""

    priority = 5  # type: ignore[assignment]  # keyring's own declaration is a descriptor

    def _items(self) -> dict[str, str]:
        path = Path(os.environ["STANDIN_KEYRING"])
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _save(self, items: dict[str, str]) -> None:
        Path(os.environ["STANDIN_KEYRING"]).write_text(json.dumps(items))

    def get_password(self, service: str, username: str) -> str | None:
        return self._items().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._save(self._items() | {f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        items = self._items()
        if items.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("no such password")
        self._save(items)


class Locked(Working):
    """Refuses, and is careless with what it was given."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"cannot store {password}")


class Forgetful(Working):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        return None


class Hanging(Working):
    """Does not answer before `released`."""

    released = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.released.wait(600)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.released.wait(600)
