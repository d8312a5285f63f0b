"""The question that `contenant list` and every session begin with, put before the command line is even read.

An engine takes several times as long to list its containers as Python takes to start. What is imported here
is little and needed anyway; the rest is imported while the engine answers.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contenant.core.engine_names import EngineName
    from contenant.engines.base import Listing

_NOT_NOW = ("-h", "--help", "--engine")  # nothing is asked then, or another engine
_FRESH = 5.0  # seconds for which an answer counts: whoever then begins may have waited for another contenant
_asked: dict[EngineName, tuple[float, Listing]] = {}


@contextmanager
def asking(arguments: Sequence[str]) -> Iterator[None]:
    """Have the engine that a new container would use asked for its list meanwhile, for `take`.

    `arguments`: what follows the command's name. Whatever stands in the way is left to the command to say. A
    list that nobody took is given up.
    """
    try:
        _ask(arguments)
        yield
    finally:
        _give_up()


def take(name: EngineName) -> Listing | None:
    """The list that an engine was asked for just now, once; one that another was asked for is given up."""
    then, found = _asked.get(name, (0.0, None))
    if found is None or time.monotonic() - then > _FRESH:
        _give_up()
        return None
    del _asked[name]
    _give_up()
    return found


def _give_up() -> None:
    while _asked:
        _asked.popitem()[1][1].cancel()


def _ask(arguments: Sequence[str]) -> None:
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if any(word.partition("=")[0] in _NOT_NOW for word in own):
        return
    if None in (sys.stdin, sys.stdout, sys.stderr):  # a pipe would get the number of a stream
        return
    from contenant.engines.select import choose, make
    from contenant.errors import ContenantError
    from contenant.spawn import find_program

    try:
        name = choose(None, None, _setting(), sys.platform, find_program).name
        _asked[name] = time.monotonic(), make(name).containers()
    except ContenantError:
        pass


def _setting() -> str | None:
    """The engine that is set. Where no file says anything of one, no settings need to be read for it."""
    from contenant.paths import config_dir

    if named := os.environ.get("CONTENANT_ENGINE"):
        return named
    try:
        with open(config_dir() / "config.toml", "rb") as file:  # noqa: PTH123 - pathlib's costs more
            if b"engine" not in file.read():
                return None
    except FileNotFoundError:
        return None
    except OSError:
        pass  # for those to tell who read all of it
    from contenant import config

    return config.load(None, os.environ, {}).engine
