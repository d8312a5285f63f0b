"""A thread that does something every second, until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

EVERY = 1.0  # seconds


class Ticker:
    """Calls `tell` every second, the first time after one."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._over = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            self._tell()

    def stop(self) -> None:
        """Returns when `tell` is called no more."""
        self._over.set()
        self._thread.join()
