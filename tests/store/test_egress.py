"""What firewalls recorded: added up, joined, read; and taken over only once."""

from __future__ import annotations

import pytest

from contenant.core import changes
from contenant.core.records import EgressRecord
from contenant.store.history import Filter, read
from contenant.store.store import Store
from tests.store.samples import attempt, container, kinds, made, project, session

DAY = "2026-01-31T{}:00.000Z"


def taken(
    store: Store, *rows: EgressRecord, since: str = "", cursor: str = "book:1", of: str = "c1", start: int = 0
) -> None:
    named = [(f"{of}-{cursor}-{number}", row) for number, row in enumerate(rows, start)]
    store.apply([changes.egress_collected(container(of), since, cursor, named)])


@pytest.fixture
def ready(store: Store) -> Store:
    store.apply([*made(), changes.session_starting(session("s1"), "p1")])
    return store


def test_what_was_recorded_can_be_read(ready: Store) -> None:
    row = attempt(session_id="s1", sent=10, received=20)
    taken(ready, row)
    assert ready.egress("p1") == [row]
    assert ready.egress_cursor("c1") == "book:1"
    assert ready.egress_cursor("nobody") == ""


def test_equal_decisions_add_up(ready: Store) -> None:
    taken(ready, attempt(attempts=2, sent=1, received=2, last_seen=DAY.format("10:00")))
    later = attempt(
        attempts=3, sent=10, received=20, first_seen=DAY.format("11:00"), last_seen=DAY.format("11:00")
    )
    taken(ready, later, since="book:1", cursor="book:2")
    found = ready.egress("p1")
    assert len(found) == 1
    assert (found[0].attempts, found[0].sent, found[0].received) == (5, 11, 22)
    assert (found[0].first_seen, found[0].last_seen) == (attempt().first_seen, DAY.format("11:00"))


def test_a_clock_set_back_does_not_take_the_last_attempt_back(ready: Store) -> None:
    taken(ready, attempt(last_seen=DAY.format("12:00")))
    taken(ready, attempt(last_seen=DAY.format("09:00")), since="book:1", cursor="book:2")
    assert ready.egress("p1")[0].last_seen == DAY.format("12:00")


@pytest.mark.parametrize(
    "changed",
    [
        {"session_id": "s1"},
        {"policy": "f" * 64},
        {"layer": "tls"},
        {"verdict": "allow"},
        {"destination": "other.example.com"},
        {"address": "192.0.2.7"},
        {"port": 80},
        {"uid": 64971},
    ],
)
def test_what_differs_stays_apart(ready: Store, changed: dict[str, object]) -> None:
    taken(ready, attempt(), attempt(**changed))
    assert len(ready.egress("p1")) == 2


def test_the_same_is_taken_over_once(ready: Store) -> None:
    """Two contenants that asked with the same cursor got the same rows."""
    taken(ready, attempt())
    taken(ready, attempt(), cursor="book:2")
    assert ready.egress("p1")[0].attempts == 1
    assert ready.egress_cursor("c1") == "book:1"
    assert kinds(ready).count("egress.collected") == 1


def test_names_that_no_database_takes(ready: Store) -> None:
    taken(ready, attempt(destination="a\0b\udcff.example.com"))
    assert ready.egress("p1")[0].destination == "a\\x00b\\udcff.example.com"


def test_filters_and_order(ready: Store) -> None:
    rows = [
        attempt(destination="a.example.com", last_seen=DAY.format("10:00")),
        attempt(destination="b.example.com", last_seen=DAY.format("12:00"), verdict="allow", layer="tls"),
        attempt(destination="c.example.com", last_seen=DAY.format("11:00"), verdict="would-deny"),
    ]
    taken(ready, *rows)
    ready.apply([changes.project_added(project("p2", "/two"))])
    assert [row.destination[0] for row in ready.egress("p1")] == ["b", "c", "a"]
    assert [row.destination[0] for row in ready.egress("p1", refused=True)] == ["c", "a"]
    assert [row.destination[0] for row in ready.egress("p1", since=DAY.format("11:00"))] == ["b", "c"]
    assert [row.destination[0] for row in ready.egress("p1", destination="a.example.com")] == ["a"]
    assert [row.destination[0] for row in ready.egress("p1", limit=1)] == ["b"]
    assert ready.egress("p2") == []


def test_what_one_session_was_refused(ready: Store) -> None:
    ready.apply([changes.session_starting(session("s2"), "p1")])
    mine, allowed = attempt(session_id="s1"), attempt(session_id="s1", verdict="allow", layer="tls")
    taken(ready, mine, allowed, attempt(session_id="s2"), attempt())
    assert ready.refused_in("s1") == [mine]
    assert ready.refused_in("s3") == []


def test_names_that_were_used(ready: Store) -> None:
    old = attempt(verdict="allow", layer="tls", last_seen=DAY.format("10:00"))
    new = attempt(verdict="allow", layer="tls", destination="b.example.com", last_seen=DAY.format("12:00"))
    taken(ready, old, new, attempt(destination="c.example.com", last_seen=DAY.format("12:00")))
    assert ready.names_used(DAY.format("11:00")) == [("b.example.com", 443)]
    assert ready.names_used(DAY.format("11:00"), "p1") == [("b.example.com", 443)]
    assert ready.names_used(DAY.format("11:00"), "p2") == []


def test_spans_of_sessions(ready: Store) -> None:
    ready.apply(
        [changes.session_starting(session("s2"), "p1"), changes.session_ended("s2", "p1", "exited", 0)]
    )
    ended = next(s for s in ready.sessions() if s.id == "s2").ended
    assert [span[0] for span in ready.spans("c1", ended)] == ["s1", "s2"]
    assert [span[0] for span in ready.spans("c1", ended + "x")] == ["s1"]


def test_history_leaves_it_out_unless_asked(ready: Store) -> None:
    taken(ready, attempt(attempts=3), attempt(verdict="allow", layer="tls"))
    rows = list(read(ready._database.rows, ready.host_id, Filter(None, "", "", ()), 0))
    assert "egress.collected" not in [row.kind for row in rows]
    rows = list(read(ready._database.rows, ready.host_id, Filter(None, "", "", ("egress",)), 0))
    assert [row.summary for row in rows] == ["2 destinations, refused 3 times"]
