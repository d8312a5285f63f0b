"""The question every `contenant list` asks, put before the command line is even read.

An engine takes several times as long to list its containers as Python takes to start. What is imported here
is little and needed anyway; the rest is imported while the engine answers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contenant.core.engine_names import EngineName
    from contenant.engines.base import Listing

_NOT_NOW = ("-h", "--help", "--engine")  # nothing is asked then, or another engine
_asked: dict[EngineName, Listing] = {}


@contextmanager
def asking(arguments: Sequence[str]) -> Iterator[None]:
    """Have the engine that a new container would use asked for its list meanwhile, for `take`.

    Whatever stands in the way is left to the command to say. A list that nobody took is given up.
    """
    try:
        _ask(arguments)
        yield
    finally:
        for listing in _asked.values():
            listing.cancel()
        _asked.clear()


def take(name: EngineName) -> Listing | None:
    """The list that an engine was asked for, once."""
    return _asked.pop(name, None)


def _ask(arguments: Sequence[str]) -> None:
    if any(word.partition("=")[0] in _NOT_NOW for word in arguments):
        return
    if None in (sys.stdin, sys.stdout, sys.stderr):  # a pipe would get the number of a stream
        return
    from contenant import config
    from contenant.engines.select import choose, make
    from contenant.errors import ContenantError
    from contenant.process import find_program

    try:
        name = choose(None, None, config.load(None, os.environ, {}).engine, sys.platform, find_program).name
        _asked[name] = make(name).containers()
    except ContenantError:
        pass
