"""What the read functions return of histories, usage and policies: rows that no list needs."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class HistoryRow(NamedTuple):
    """A session, as one row, or an event of the life of anything else."""

    at: str
    kind: str  # "session" or an event kind such as "container.created"
    project: str  # path, "" where it belongs to none
    container: str  # name
    subject: str  # id of the session or of what the event is about
    summary: str  # one line for people
    data: Mapping[str, Any]  # everything


class UsageRow(NamedTuple):
    """What a group of answers of one model used."""

    key: str  # of the group: a minute (16 characters), a path, a model, a session's id or an image
    model: str
    long: bool  # whether their prompts were long ones
    answers: int
    tokens: tuple[
        int, int, int, int, int
    ]  # input, output, cache read, cache written for 5 minutes and an hour


class PolicyRow(NamedTuple):
    """An effective policy."""

    hash: str
    parent: str
    rules: str  # canonical text
    mode: str
    reason: str
    author: str
    expires: str
    created: str
