"""Migrations are run in a process of their own, and fail as if they were not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from contenant.errors import StateError
from contenant.store.apart import apart


class OddError(Exception):
    """Needs two arguments, of which it keeps one."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first)
        self.second = second


def fail(error: BaseException) -> None:
    raise error


@pytest.fixture(autouse=True)
def alone() -> None:
    """What kills its process would kill the tests, where the work were not done in a process of its own."""
    assert threading.enumerate() == [threading.main_thread()], "an earlier test left a thread"


def test_the_work_is_done_elsewhere(tmp_path: Path) -> None:
    apart(lambda: (tmp_path / "pid").write_text(str(os.getpid())))
    assert (tmp_path / "pid").read_text() != str(os.getpid())


def test_a_process_with_threads_is_not_forked(tmp_path: Path) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        apart(lambda: (tmp_path / "pid").write_text(str(os.getpid())))
    finally:
        done.set()
        thread.join()
    assert (tmp_path / "pid").read_text() == str(os.getpid())


def test_a_failure_is_raised_here() -> None:
    with pytest.raises(StateError, match="no room") as caught:
        apart(lambda: fail(StateError("no room", hint="make some")))
    assert caught.value.hint == "make some"
    with pytest.raises(OSError, match="denied") as other:
        apart(lambda: fail(PermissionError(13, "denied", "/x")))
    assert other.value.filename == "/x"


def test_a_failure_that_cannot_be_sent_is_told() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*OddError: one"):
        apart(lambda: fail(OddError("one", "two")))


def test_a_killed_migration_is_no_success() -> None:
    with pytest.raises(StateError, match="ended with -9"):
        apart(lambda: os.kill(os.getpid(), signal.SIGKILL))


def test_a_new_database_leaves_no_alembic_behind(tmp_path: Path) -> None:
    script = (
        "import sys; from datetime import UTC, datetime; from contenant.store.store import open_store\n"
        f"open_store('sqlite:///{tmp_path}/new.db', now=lambda: datetime.now(UTC), host_id='h').close()\n"
        "print([name for name in sys.modules if name in ('alembic', 'sqlalchemy')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert (tmp_path / "new.db").stat().st_size
