"""`contenant verify` and the export with proof: the audit log of this installation, from its first event."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from contenant.app.ledger import Ledger, database_url

if TYPE_CHECKING:
    from contenant.core.records import EventRecord
    from contenant.store.verify import Anchor


class Verified(NamedTuple):
    """What a walk along the chain found."""

    holds: bool
    events: int  # that hold, from the first on
    head: str  # hash of the last of them, 64 zeros where there is none
    first_bad: int  # number of the first event that does not hold, 0 where there is none
    fault: str  # what is wrong, "" where nothing is
    host: str  # this installation's id in the records
    other_hosts: int = 0  # installations besides it that have records in the same database; not looked at


def verify(anchors: Sequence[Anchor] = ()) -> Verified:
    """Walk the whole log; every anchor must be in it. Raises StateError where it cannot be read."""
    from contenant.store import lookups
    from contenant.store import verify as walk

    with Ledger(database_url(os.environ)) as ledger:
        view = ledger.snapshot()
        proof = walk.verify(view.events() if view else (), anchors)
        host_id = view.host_id if view else ""
        others = lookups.other_hosts(view) if view else 0
    faults = [proof.fault] if proof.fault else []
    faults += [f"the anchor {anchor} is the hash of no event that holds" for anchor in proof.missing]
    return Verified(
        holds=not faults,
        events=proof.length,
        head=proof.head,
        first_bad=proof.length + 1 if proof.fault else 0,
        fault="; ".join(faults),
        host=host_id,
        other_hosts=others,
    )


def log() -> Iterator[EventRecord]:
    """Every event as it is stored, from the first on, read as it is asked for."""
    with Ledger(database_url(os.environ)) as ledger:
        view = ledger.snapshot()
        if view is not None:
            yield from view.events()
