"""A program of ours in a container, spoken with over an exec of its own for as long as a session is shown."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from contenant import process
from contenant.app import arrival
from contenant.app.project import container_dir
from contenant.core.values import ExecSpec

if TYPE_CHECKING:
    from contenant.engines.base import Engine

READY = 45.0  # seconds for the program's first word; the container itself may take 30
_FAREWELL = 5.0  # seconds for the container's end to go by itself


@contextmanager
def talking(
    engine: Engine, name: str, relay_id: str, wrapper: str, program: ModuleType, *words: str
) -> Iterator[process.Pending]:
    """Run a module's source in the container `name` by its own Python; what is given is the exec's client.

    `program` must need nothing but the standard library. The session wrapper knows the exec as `relay_id`.
    """
    source = Path(str(program.__file__)).read_text(encoding="utf-8")
    argv = (wrapper, "run", relay_id, "--", "/usr/bin/python3", "-I", "-c", source, *words)
    client = process.start(engine.exec_argv(name, ExecSpec(argv=argv, interactive=True)), stdin=b"")
    try:
        yield client
    finally:
        client.hang_up(_FAREWELL)
        with suppress(OSError):
            arrival.forget(container_dir(name), relay_id)


def read_before(descriptor: int, size: int, deadline: float) -> bytes:
    """So many bytes, before `deadline` on the monotonic clock. Raises ValueError at the end, TimeoutError."""
    data = b""
    while len(data) < size:
        if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        part = os.read(descriptor, size - len(data))
        if not part:
            raise ValueError("the end")
        data += part
    return data
