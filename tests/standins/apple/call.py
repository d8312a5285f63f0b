"""One call of the command line, as the handlers see it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from .errors import ExitCode
from .podman import Podman
from .settings import Settings
from .state import Store


class Call(NamedTuple):
    """What a handler gets: settings, parsed values by key, the store, podman, the caller's environment."""

    settings: Settings
    args: dict[str, Any]
    store: Store
    podman: Podman
    environ: Mapping[str, str]

    def at_least(self, *numbers: int) -> bool:
        """Whether the release is that or newer."""
        return self.settings.at_least(*numbers)


def say(text: str) -> None:
    """A line on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """A line on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def hang(settings: Settings) -> NoReturn:
    """Never come back; where CONTAINER_STANDIN_HANG bounds it, leave with 75 and say that it was
    deliberate.
    """
    sys.stdout.flush()
    deadline = None if settings.hang is None else time.monotonic() + settings.hang
    while deadline is None or time.monotonic() < deadline:
        time.sleep(0.05 if deadline else 3600)
    complain("stand-in: the deliberate hang was ended by CONTAINER_STANDIN_HANG")
    raise ExitCode(75)
