"""No test can touch the real home: every one gets a state directory of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

# Whoever starts the tests in the background has Ctrl-C ignored, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fails a test that leaves a thread behind: a process with threads is not forked, in later tests too."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(5)
    assert [thread for thread in left if thread.is_alive()] == [], "threads left"


@pytest.fixture(autouse=True)
def contenant_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The CONTENANT_HOME of this test, and of everything it starts."""
    home = tmp_path / "contenant"
    monkeypatch.setenv("CONTENANT_HOME", str(home))
    for name in (
        "CONTENANT_ENGINE",
        "CONTENANT_DATABASE_URL",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "ANTHROPIC_API_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    return home
