"""How long each step of a build takes, from what the engine prints and a clock that is given.

podman and docker's old builder do one step after the other: a step ends where the next begins. BuildKit does
several at once, and says at the end of each how long it took: `#9 DONE 12.3s`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from contenant.image.progress import Step

_KIT_BEGAN = re.compile(r"#(\d+) \[[^\]]+ \d+/\d+\] ")
_KIT_DONE = re.compile(r"#(\d+) DONE (\d+(?:\.\d+)?)s")
_LEAST = 0.05  # seconds; what takes less is not worth a line


class StepTimes:
    """Seconds by step. Steps of one name are added up. May be used by several threads at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds: dict[str, float] = {}
        self._kit: dict[str, str] = {}
        self._open: tuple[str, float] | None = None
        self._lock = threading.Lock()

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """What happens within is one step."""
        began = self._clock()
        try:
            yield
        finally:
            self._add(name, self._clock() - began)

    def line(self, line: str, step: Step | None) -> None:
        """A line that the engine printed, and the step that it begins, None for none."""
        if done := _KIT_DONE.match(line):
            if name := self._kit.pop(done[1], ""):
                self._add(name, float(done[2]))
        elif step is not None and (began := _KIT_BEGAN.match(line)):
            self._kit[began[1]] = step.text
        elif step is not None:
            self.end()
            self._open = (step.text, self._clock())

    def end(self) -> None:
        """The engine is done: the last step ends."""
        if self._open is not None:
            name, began = self._open
            self._open = None
            self._add(name, self._clock() - began)

    def seconds(self) -> list[tuple[str, float]]:
        """Name and seconds of each step that took a twentieth of a second or more, in order of their ends."""
        return [(name, round(took, 3)) for name, took in self._seconds.items() if took >= _LEAST]

    def _add(self, name: str, seconds: float) -> None:
        with self._lock:
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds
