"""Walking the audit chain: does each event follow from the one before it?"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from contenant.core import chain
from contenant.core.records import EventRecord


class Proof(NamedTuple):
    """What a walk over the events of one host found."""

    length: int  # events that hold, from the first on
    head: str  # hash of the last of them; 64 zeros where there is none
    fault: str  # what is wrong with the event that follows them, "" when nothing is
    missing: tuple[str, ...] = ()  # anchors that no event up to there bears


class Anchor(NamedTuple):
    """A head hash that was kept elsewhere."""

    hash: str  # 64 hex digits
    seq: int = -1  # number of the event that must bear it; -1: any

    def __str__(self) -> str:
        return self.hash if self.seq < 0 else f"{self.hash}:{self.seq}"


def verify(events: Iterable[EventRecord], anchors: Sequence[Anchor] = ()) -> Proof:
    """Walk the events of one host, in order from the first, up to the first that does not hold.

    Each anchor must be the hash of one of the events that hold, and of the one with its number.
    """
    count, head, fault = 0, chain.GENESIS, ""
    wanted = set(anchors) - {Anchor(head), Anchor(head, 0)}  # of an empty log
    for event in events:
        if fault := _fault(event, count + 1, head):
            break
        count, head = event.seq, event.hash
        if wanted:
            wanted -= {Anchor(head), Anchor(head, count)}
    return Proof(count, head, fault, tuple(str(anchor) for anchor in anchors if anchor in wanted))


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
