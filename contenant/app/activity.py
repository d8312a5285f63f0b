"""What the agent of a live session does, in the words of its own hooks (image/activity).

The agent could write anything there: no link is followed, a word is taken only if it is one of three, and a
moment that lies ahead is now.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Literal, NamedTuple

from contenant import host
from contenant.core.ages import to_text
from contenant.paths import home_dir

if TYPE_CHECKING:
    from contenant.store.reads import Reads

Word = Literal["idle", "working", "waiting", ""]
FOLDER = "contenant-activity"
URGENCY: tuple[Word, ...] = ("waiting", "working", "idle")  # of several sessions the first counts
_LONGEST = 16  # bytes
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Activity(NamedTuple):
    """A word, "" where nothing is known, and since when (ISO-8601 UTC)."""

    word: Word
    since: str


UNKNOWN = Activity("", "")


def read(name: str, session_id: str) -> Activity:
    """The activity of a session in the container `name`. The session is known to live."""
    try:
        agent = os.open(home_dir(name) / "agent", _DIRECTORY)
        try:
            folder = os.open(FOLDER, _DIRECTORY, dir_fd=agent)
        finally:
            os.close(agent)
        try:
            file = os.open(session_id, _FILE, dir_fd=folder)
        finally:
            os.close(folder)
        try:
            return _parse(file)
        finally:
            os.close(file)
    except OSError:
        return UNKNOWN


def _parse(file: int) -> Activity:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        return UNKNOWN
    word = os.read(file, _LONGEST).strip().decode("ascii", "replace")
    if word not in URGENCY:
        return UNKNOWN
    now = host.now()
    return Activity(word, to_text(min(now, now.fromtimestamp(max(status.st_mtime, 0.0), now.tzinfo))))


def by_container(view: Reads) -> dict[str, Activity]:
    """Name -> the most urgent of its live sessions, of every container that has one."""
    names = {container.id: container.name for container in view.containers()}
    told: dict[str, list[Activity]] = {}
    for session in view.live_sessions():
        if name := names.get(session.container_id):
            told.setdefault(name, []).append(read(name, session.id))
    return {name: most_urgent(each) for name, each in told.items()}


def most_urgent(found: list[Activity]) -> Activity:
    """What stands for several sessions of a container: one that waits, else one that works."""
    known = [each for each in found if each.word]
    return min(known, key=lambda each: (URGENCY.index(each.word), each.since), default=UNKNOWN)
