"""Two things that are fetched from different places, side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """The results of both; `second` runs in a thread of its own. Raises what either raised, `first`'s before.

    Where `first` fails or is interrupted, `second` is not waited for: what it fetches is of no use then.
    """
    results: list[B] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(second())
        except BaseException as error:  # noqa: BLE001 - raised anew in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    done = first()
    thread.join()
    if errors:
        raise errors[0]
    return done, results[0]
