"""The audit log: append-only, chained, and true to what was applied."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contenant.core import chain, changes
from contenant.core.changes import Change
from contenant.store.snapshot import Snapshot
from contenant.store.store import Store, open_store
from contenant.store.verify import verify
from tests.store.samples import HOST, Clock, container, kinds, made, session

# With the answer to a conflict, the number, the topic and the previous hash left open.
COPY = (
    "INSERT {} INTO event SELECT host, {}, at, {}, kind, subject, project_id, '{{}}', {}, hash"
    " FROM event WHERE seq = 2"
)
LAST = "(SELECT hash FROM event WHERE seq = 3)"


@pytest.fixture
def raw(store: Store, database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that obeys no rule of contenant's, to a log of three events."""
    store.apply(made())
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET data = '{}' WHERE seq = 1",
        "UPDATE event SET seq = 9 WHERE seq = 3",
        "DELETE FROM event WHERE seq = 3",
        "DELETE FROM event",
        COPY.format("OR REPLACE", "seq", "topic", "previous"),  # would delete without a delete trigger
        COPY.format("OR REPLACE", "4", "topic", "previous"),  # next number, but not chained
        COPY.format("", "5", "topic", LAST),  # leaves a gap
        COPY.format("", "4", "'image'", LAST),  # not the topic of its kind
    ],
)
def test_the_log_cannot_be_changed(raw: sqlite3.Connection, statement: str) -> None:
    before = raw.execute("SELECT * FROM event").fetchall()
    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(statement)
    assert raw.execute("SELECT * FROM event").fetchall() == before


def test_what_the_refusals_above_have_in_common_is_one_fault_each(raw: sqlite3.Connection) -> None:
    raw.execute(COPY.format("", "4", "topic", LAST))
    assert raw.execute("SELECT count(*) FROM event").fetchone() == (4,)


def test_the_log_survives_the_removal_of_what_it_tells_of(raw: sqlite3.Connection) -> None:
    raw.execute("PRAGMA foreign_keys = ON")
    for table in ("container", "project", "engine", "host"):
        raw.execute(f"DELETE FROM {table}")
    assert raw.execute("SELECT count(*) FROM event").fetchone() == (3,)


@contextmanager
def _no_triggers(raw: sqlite3.Connection) -> Iterator[None]:
    """What somebody with the file in hand can do."""
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    yield


@pytest.mark.parametrize(
    ("statement", "length", "fault"),
    [
        ('UPDATE event SET data = \'{"why":""}\' WHERE seq = 2', 1, "event 2 was altered"),
        ("UPDATE event SET at = '2020' WHERE seq = 1", 0, "event 1 was altered"),
        ("UPDATE event SET project_id = '' WHERE seq = 3", 2, "event 3 was altered"),
        ("DELETE FROM event WHERE seq = 2", 1, "event 2 is missing"),
        ("DELETE FROM event WHERE seq = 1", 0, "event 1 is missing"),
        ("UPDATE event SET hash = 'x' WHERE seq = 2", 1, "event 2 was altered"),
        ("UPDATE event SET previous = 'x' WHERE seq = 2", 1, "event 2 does not follow"),
    ],
)
def test_tampering_is_found_at_the_first_bad_event(
    raw: sqlite3.Connection, store: Store, statement: str, length: int, fault: str
) -> None:
    assert verify(store.events()).length == 3
    with _no_triggers(raw):
        raw.execute(statement)
    proof = verify(store.events())
    assert proof.length == length
    assert proof.fault.startswith(fault)


def test_the_hash_is_what_the_documentation_says(store: Store) -> None:
    """Computed here without contenant's own code, from docs/schema.md."""
    store.apply(made())
    previous = "0" * 64
    for event in store.events():
        head = {"at": event.at, "host": event.host, "kind": event.kind, "project": event.project_id}
        head |= {"seq": event.seq, "subject": event.subject}
        text = "\n".join([previous, json.dumps(head, sort_keys=True, separators=(",", ":")), event.data])
        assert hashlib.sha256(text.encode()).hexdigest() == event.hash
        previous = event.hash


def test_an_empty_log_holds(store: Store) -> None:
    assert verify(store.events()) == (0, chain.GENESIS, "", ())


IDS = st.sampled_from(["c1", "c2"])
STATES = st.sampled_from(["created", "running", "stopped", "paused"])
WORDS = st.text(max_size=8)
SOME_CHANGE = st.one_of(
    st.builds(
        lambda key, state, why: changes.container_state(container(key), state, why), IDS, STATES, WORDS
    ),
    st.builds(lambda key, why: changes.container_gone(container(key), why), IDS, WORDS),
    st.builds(lambda key: changes.container_adopted(container(key, name=key)), IDS),
    st.builds(lambda key, name: changes.container_renamed(container(key), f"{key}-{name}"), IDS, IDS),
    st.builds(lambda key, why: changes.container_removing(container(key), why), IDS, WORDS),
    st.builds(lambda key, value: changes.engine_remembered("podman", key, value), WORDS, WORDS),
    st.builds(
        lambda how, code: changes.session_ended("s0", "p1", how, code), WORDS, st.none() | st.integers(0, 255)
    ),
    st.builds(lambda reference, log: changes.image_failed(reference, "r", log), WORDS, WORDS),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(SOME_CHANGE, max_size=4), max_size=8))
def test_the_chain_holds_over_any_changes(empty_database: Path, batches: list[list[Change]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(shutil.copy(empty_database, place))
        with open_store(f"sqlite:///{path}", now=Clock(), host_id=HOST) as store:
            store.apply(made())
            store.apply([changes.container_creating(container("c2", name="c2"))])
            store.apply([changes.session_starting(session("s0"), "p1")])
            for batch in batches:
                store.apply(batch)
            asked = 5 + sum(map(len, batches))
            proof = verify(store.events())
            assert proof.fault == ""
            assert 5 <= proof.length <= asked
            assert proof.head == list(store.events())[-1].hash
            _check_rows_follow_events(store)
            with Snapshot.open(path, HOST) or pytest.fail("no database") as snapshot:
                assert snapshot.containers(gone=None) == store.containers(gone=None)
                assert verify(snapshot.events()) == proof


def _check_rows_follow_events(store: Store) -> None:
    """Replaying the log by hand gives the states in the rows: each change of a row has its event."""
    states: dict[str, str] = {}
    gone: dict[str, bool] = {}
    for event in store.events():
        data = json.loads(event.data)
        if event.kind in ("container.creating", "container.adopted"):
            states[event.subject], gone[event.subject] = data["state"], False
        elif event.kind == "container.state":
            assert not gone[event.subject]
            states[event.subject] = data["to"]
        elif event.kind == "container.gone":
            assert not gone[event.subject]
            gone[event.subject] = True
    found = store.containers(gone=None)
    assert {c.id: c.state for c in found} == states
    assert {c.id: bool(c.gone) for c in found} == gone


def test_events_are_read_in_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contenant.store.reads._PAGE", 2)
    store.apply(made())
    store.apply(
        [changes.engine_remembered("podman", "a", "b"), changes.engine_remembered("podman", "c", "d")]
    )
    assert [event.seq for event in store.events()] == [1, 2, 3, 4, 5]
    assert [event.seq for event in store.events(after=3)] == [4, 5]
    assert len(kinds(store)) == 5
