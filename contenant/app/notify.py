"""Say that the agent waits or is done: the terminal's bell, and the desktop's own way where there is one."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from contenant.app import activity
from contenant.process import capture, find_program

PAUSE = 1.0  # seconds between two looks at one small file
_SCRIPT = ("on run words", "display notification (item 1 of words) with title (item 2 of words)", "end run")
_TEXTS = {"waiting": "the agent waits for you", "idle": "the agent is done"}


@contextmanager
def watching(name: str, session_id: str, tell: Callable[[str, str], None] | None = None) -> Iterator[None]:
    """Tell, while the block runs, when the session's agent turns to waiting or idle; `tell` gets the
    container's name and the text.
    """
    over = threading.Event()
    given = (name, session_id, tell or _tell, over)
    thread = threading.Thread(target=_watch, args=given, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(PAUSE)


def _watch(name: str, session_id: str, tell: Callable[[str, str], None], over: threading.Event) -> None:
    was = activity.read(name, session_id).word
    while not over.wait(PAUSE):
        word = activity.read(name, session_id).word
        if word and word != was:
            if was and word in _TEXTS:  # the first word is no news
                tell(name, _TEXTS[word])
            was = word


def _tell(name: str, text: str) -> None:
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, b"\a")
    with suppress(OSError):  # a timeout too: nobody needs a notification late
        if command := desktop(name, text):
            capture(command, timeout=5)


def desktop(name: str, text: str) -> list[str]:
    """The command that shows a notification on this machine's desktop, empty where there is none."""
    if find_program("notify-send"):
        return ["notify-send", "--app-name=contenant", "--", name, text]
    if find_program("osascript"):
        return ["osascript", *(word for line in _SCRIPT for word in ("-e", line)), text, name]
    return []
