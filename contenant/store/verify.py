"""Walking the audit chain: does each event follow from the one before it?"""

from collections.abc import Iterable
from typing import NamedTuple

from contenant.core import chain
from contenant.core.records import EventRecord


class Proof(NamedTuple):
    """What a walk over the events of one host found."""

    length: int  # events that hold, from the first on
    head: str  # hash of the last of them; 64 zeros where there is none
    fault: str  # what is wrong with the event that follows them, "" when nothing is


def verify(events: Iterable[EventRecord]) -> Proof:
    """Walk the events of one host, in order from the first, up to the first that does not hold."""
    count, head = 0, chain.GENESIS
    for event in events:
        if fault := _fault(event, count + 1, head):
            return Proof(count, head, fault)
        count, head = event.seq, event.hash
    return Proof(count, head, "")


def _fault(event: EventRecord, seq: int, previous: str) -> str:
    if event.seq != seq:
        return f"event {seq} is missing: the next one is {event.seq}"
    if event.previous != previous:
        return f"event {seq} does not follow the one before it"
    own = chain.link(
        previous,
        host=event.host,
        seq=event.seq,
        at=event.at,
        kind=event.kind,
        subject=event.subject,
        project_id=event.project_id,
        data=event.data,
    )
    return "" if event.hash == own else f"event {seq} was altered: its hash does not match its content"
