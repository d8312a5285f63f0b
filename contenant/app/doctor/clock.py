"""Time limits: every question doctor asks has one, and all of them together too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from contenant.process import ProcessTimeoutError, capture

T_co = TypeVar("T_co", covariant=True)


LEAST = 0.5  # seconds that make it worth asking


class Deadline(NamedTuple):
    """A moment, in seconds of time.monotonic()."""

    at: float

    def left(self, limit: float = float("inf")) -> float:
        """Seconds until then, `limit` at most, 0 at least."""
        return max(0.0, min(limit, self.at - time.monotonic()))


class Answer(NamedTuple):
    """What a program said, or that it is not there or gave no answer in time."""

    code: int  # -1: not there, or no answer
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0  # that it took, or was waited for
    hung: bool = False


def ask(
    argv: Sequence[str], deadline: Deadline, limit: float, env: Mapping[str, str] | None = None
) -> Answer:
    """Run a program to its end within `limit` seconds and the deadline; it is killed when it takes longer."""
    began = time.monotonic()
    if deadline.left() < LEAST:
        return Answer(-1, stderr="there was no time left to ask")
    try:
        done = capture(argv, timeout=deadline.left(limit), env=env)
    except ProcessTimeoutError as error:
        return Answer(-1, seconds=error.seconds, hung=True)
    except OSError as error:
        return Answer(-1, stderr=error.strerror or str(error))
    return Answer(done.code, done.stdout, done.stderr, time.monotonic() - began)


class Task(Generic[T_co]):
    """Work in a thread of its own that is waited for no longer than wanted.

    The thread is a daemon: one that hangs, say on a disk that is gone, must not keep the program from ending.
    """

    def __init__(self, work: Callable[[], T_co]) -> None:
        self._work = work
        self._answers: list[T_co] = []
        self._errors: list[Exception] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answers.append(self._work())
        except Exception as error:  # noqa: BLE001 - handed to whoever asks for the answer
            self._errors.append(error)

    def wait(self, seconds: float) -> bool:
        """Wait; whether it is done."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> T_co | None:
        """The answer, None while there is none. Raises what the work raised."""
        if self._errors:
            raise self._errors[0]
        return self._answers[0] if self._answers else None
