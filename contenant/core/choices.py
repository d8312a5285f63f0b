"""The record of versions that were chosen, and the way back through it. Pure."""

from collections.abc import Iterable
from typing import NamedTuple


class Chosen(NamedTuple):
    """One choice on record: from which version, to which, and why."""

    before: str
    version: str
    why: str  # upgrade, rollback, or latest: what the setting "latest" was found to mean


def choice_before(record: Iterable[Chosen], current: str) -> str:
    """The version to go back to from `current`, "" where there is none; `record` is oldest first.

    A step back takes the step it undoes off the record, so that two steps back go further back, and a later
    upgrade goes on from where one came to. What never took effect is passed over.
    """
    steps: list[Chosen] = []
    for step in record:
        if step.why != "rollback":
            steps.append(step)
        else:
            while steps and steps.pop().before != step.version:
                pass
    while steps and steps[-1].version != current:
        steps.pop()
    return steps[-1].before if steps else ""
