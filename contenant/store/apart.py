"""Work in a process of its own: what it loads is gone with it, and no session carries it for hours."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from contenant.errors import StateError


def apart(work: Callable[[], object]) -> None:
    """Do `work` in a child process and wait for its end. Raises what it raised, and StateError where it was
    killed.

    Only what it wrote to disk is left of it. A process with threads is not forked: it does the work itself.
    """
    if threading.active_count() > 1:
        work()
        return
    inbox, outbox = os.pipe()
    child = os.fork()
    if not child:
        _in_child(work, outbox)
    os.close(outbox)
    with os.fdopen(inbox, "rb") as pipe:
        failure = pipe.read()
    _, status = os.waitpid(child, 0)
    if failure:
        import pickle

        raise pickle.loads(failure)  # noqa: S301 - our own child wrote it
    if status:
        raise StateError(
            f"the process that was to migrate the database ended with {os.waitstatus_to_exitcode(status)}",
            hint="run the command again",
        )


def _in_child(work: Callable[[], object], outbox: int) -> None:
    """Do the work and end this process; nothing of the parent's is flushed or cleaned up here."""
    code = 1
    try:
        work()
        code = 0
    except BaseException as error:  # noqa: BLE001 - the parent raises it again
        with os.fdopen(outbox, "wb") as pipe:
            pipe.write(_carried(error))
    finally:
        os._exit(code)


def _carried(error: BaseException) -> bytes:
    """An error for the way to the parent; one that cannot make it, as text with its traceback."""
    import pickle

    try:
        found = pickle.dumps(error)
        pickle.loads(found)  # noqa: S301 - our own; one that needs more arguments fails only here
    except Exception:  # noqa: BLE001 - an error may refuse in any way
        import traceback

        return pickle.dumps(RuntimeError("".join(traceback.format_exception(error))))
    return found
