"""Records out: the same through the store and through the snapshot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contenant.core import changes
from contenant.store import history
from contenant.store.reads import Reads
from contenant.store.rows import HistoryRow
from contenant.store.store import Store
from tests.store.samples import container, image, made, project, session

View = Callable[[], Reads]


@pytest.fixture(params=["store", "snapshot"])
def view(request: pytest.FixtureRequest, store: Store, snapshot: Reads) -> Reads:
    """Both ways to read; what is written through `store` later is seen by either."""
    return store if request.param == "store" else snapshot


def _two_projects(store: Store) -> None:
    """Two projects, two containers, three sessions, two builds of one name, one policy."""
    old = image("i1", built="2026-01-01T00:00:00.000Z")
    new = image(
        "i2", built="2026-01-02T00:00:00.000Z", reference="contenant:2.2.0-bbbbbbbbbbbb", recipe="b" * 64
    )
    policy = changes.policy_stored("e" * 64, "allow x\n", "audit", "", "why", "me")
    store.apply([changes.image_built(new), changes.image_built(old), policy, *made()])
    second = container("c2", "p2", image="elsewhere/contenant:1", policy="e" * 64, name="contenant-a")
    store.apply([changes.project_added(project("p2", "/work/two")), changes.container_creating(second)])
    for key, of in (("s1", "c1"), ("s2", "c1"), ("s3", "c2")):
        started = session(key, of, started=f"2026-01-31T09:3{key[1]}:00.000Z")
        store.apply([changes.session_starting(started, f"p{of[1]}")])
    store.apply([changes.session_ended("s1", "p1", "exited", 0)])


def test_listing(store: Store, view: Reads) -> None:
    assert view.listing() == []
    _two_projects(store)
    second, first = view.listing()
    assert (first.name, first.project, first.project_id, first.id) == (
        "contenant-p1",
        "/work/one",
        "p1",
        "c1",
    )
    assert (first.sessions_live, first.sessions_total) == (1, 2)
    assert (second.sessions_live, second.sessions_total) == (1, 1)
    assert (first.claude, first.recipe, first.latest_recipe) == ("2.1.0", "a" * 64, "b" * 64)
    assert (second.image, second.claude, second.recipe) == ("elsewhere/contenant:1", "", "")
    assert (first.firewall, second.firewall) == ("", "audit")
    assert (first.engine, first.state, first.created) == ("podman", "created", container().created)
    assert first.last_used > container().last_used
    store.apply([changes.container_gone(container(), "clean")])
    assert [row.id for row in view.listing()] == ["c2"]


def test_records_for_reconcile(store: Store, view: Reads) -> None:
    _two_projects(store)
    assert [c.id for c in view.containers()] == ["c1", "c2"]
    assert [s.id for s in view.live_sessions()] == ["s2", "s3"]
    assert [s.id for s in view.sessions(container_id="c1")] == ["s1", "s2"]
    assert [s.id for s in view.sessions(project_id="p2", live=True)] == ["s3"]
    assert view.session("s4") is None
    assert view.container("c4") is None
    assert view.project("p4") is None
    live = view.live_sessions()[0]
    assert (live.tty, live.detachable, live.argv, live.exit_code) == (True, False, session().argv, None)
    assert type(live.tty) is bool


def test_completion(store: Store, view: Reads) -> None:
    for number, path in enumerate(["/a%/x", "/a_/x", "/aa/x", "/A%/x", "/b"]):
        store.apply([changes.project_added(project(f"p{number}", path))])
    assert view.project_paths("/a%") == ["/a%/x"]
    assert view.project_paths("/a_") == ["/a_/x"]
    assert view.project_paths("/a") == ["/a%/x", "/a_/x", "/aa/x"]
    assert len(view.project_paths()) == 5
    store.apply([changes.project_forgotten("p4", "asked")])
    assert view.project_paths("/b") == []


def _told(rows: list[HistoryRow]) -> list[tuple[str, str]]:
    return [(row.kind, row.subject) for row in rows]


def test_history_is_newest_first_with_sessions_as_rows(store: Store, view: Reads) -> None:
    _two_projects(store)
    rows = list(view.history())
    assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)
    assert _told(rows)[:3] == [("session", "s3"), ("session", "s2"), ("session", "s1")]
    assert not [row for row in rows if row.kind.startswith("session.")]
    ended = rows[2]
    assert (ended.project, ended.container) == ("/work/one", "contenant-p1")
    assert ended.summary.startswith("bash -c 'true '\"'\"'a b'\"'\"'' → 0 after ")
    assert ended.data["exit_code"] == 0
    assert ended.data["argv"] == list(session().argv)
    assert rows[1].summary.endswith("→ still open")
    created = next(row for row in rows if row.kind == "container.created")
    assert created.data["data"] == {"engine_id": "engine-c1"}
    assert (created.project, created.container, created.subject) == ("/work/one", "contenant-p1", "c1")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"kinds": ("session",)}, ["s3", "s2", "s1"]),
        ({"kinds": ("session",), "path": "/work/two"}, ["s3"]),
        ({"path": "/work/nowhere"}, []),
        ({"kinds": ("policy", "image")}, ["e" * 64, "i1", "i2"]),
        ({"kinds": ("container.created",)}, ["c1"]),
        ({"kinds": ("container.created", "policy")}, ["c1", "e" * 64]),
        ({"kinds": ("session.ended",)}, ["s1"]),
        ({"kinds": ("sing",)}, []),
        ({"kinds": ("session",), "since": "2026-01-31T09:32:00.000Z"}, ["s3", "s2"]),
        ({"kinds": ("session",), "until": "2026-01-31T09:32:00.000Z"}, ["s1"]),
        ({"kinds": ("session",), "limit": 2}, ["s3", "s2"]),
        ({"path": "/work/two", "limit": 3}, ["s3", "c2", "p2"]),
        ({"since": "2027"}, []),
        ({"until": "2020"}, []),
    ],
)
def test_history_filters(store: Store, view: Reads, wanted: dict[str, Any], expected: list[str]) -> None:
    _two_projects(store)
    assert [row.subject for row in view.history(**wanted)] == expected


def test_history_of_a_path_includes_its_forgotten_project(store: Store, view: Reads) -> None:
    store.apply(made())
    store.apply([changes.project_forgotten("p1", "asked"), changes.project_added(project("p2"))])
    assert {row.subject for row in view.history(path="/work/one")} == {"p1", "p2", "c1"}


@pytest.mark.parametrize("page", [1, 2, 3, 7, 500])
def test_history_pages_lose_nothing_and_repeat_nothing(
    store: Store, view: Reads, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    _two_projects(store)  # many events of one moment: ties must not be skipped at a page's end
    whole = list(view.history())
    monkeypatch.setattr(history, "PAGE", page)
    assert list(view.history()) == whole
    assert list(view.history(limit=5)) == whole[:5]


def test_history_is_read_as_it_is_asked_for(
    store: Store, view: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    _two_projects(store)
    monkeypatch.setattr(history, "PAGE", 2)
    rows = view.history()
    first = next(rows)
    store.apply([changes.engine_remembered("podman", "runtime", "runc")])  # nothing holds the database
    assert [first, *rows] == [row for row in view.history() if row.kind != "engine.remembered"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (59, "59s"), (61, "1m01s"), (3599, "59m59s"), (3600, "1h00m"), (90000, "25h00m")],
)
def test_durations(seconds: int, words: str) -> None:
    assert history._duration(seconds) == words


def test_events_are_summarised_in_their_own_words(store: Store) -> None:
    store.apply(made())
    store.apply([changes.container_state(container(), "running", "started")])
    store.apply(
        [changes.engine_remembered("podman", "runtime", "runc"), changes.container_gone(container(), "clean")]
    )
    store.apply([changes.container_adopted(container())])
    told = {row.kind: row.summary for row in store.history()}
    assert told == {
        "project.added": "/work/one",
        "container.creating": "contenant:2.1.0-aaaaaaaaaaaa",
        "container.created": "",
        "container.state": "created → running (started)",
        "engine.remembered": "runtime = runc",
        "container.gone": "clean",
        "container.adopted": "contenant:2.1.0-aaaaaaaaaaaa",
    }


@pytest.mark.parametrize(
    ("table", "wanted", "index"),
    [
        ("session", history.Filter(None, "", "", ()), "ix_session_started"),
        ("session", history.Filter(["p1"], "", "", ()), "ix_session_project_id"),
        ("event", history.Filter(None, "", "", ()), "ix_event_timeline"),
        ("event", history.Filter(["p1"], "", "", ()), "ix_event_project_id"),
        ("event", history.Filter(["p1"], "", "", ("container",)), "ix_event_project_id"),
        ("event", history.Filter(None, "", "", ("policy",)), "ix_event_topic"),
        ("event", history.Filter(None, "", "", ("container.created",)), "ix_event_topic"),
    ],
)
def test_each_filter_reads_along_an_index(
    database: Path, snapshot: Reads, table: str, wanted: history.Filter, index: str
) -> None:
    """In the order of the rows too: a page of a million events must not need a sort."""
    sql, values = history._statement(table, wanted)
    values |= {"host": "h", "since": "", "at": "9", "tie": 0, "size": 50}
    plan = [row[3] for row in snapshot._database.rows(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert f"USING INDEX {index} " in plan[0]
    assert not [step for step in plan if "TEMP B-TREE" in step]


def test_live_sessions_are_not_looked_for_among_all(
    database: Path, snapshot: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every start reads them."""
    asked: list[str] = []
    read = snapshot._database.rows
    monkeypatch.setattr(
        snapshot._database, "rows", lambda sql, values: asked.append(sql) or read(sql, values)
    )
    assert snapshot.live_sessions() == []
    (plan,) = read(f"EXPLAIN QUERY PLAN {asked[0]}", {"host": "h"})[:1]
    assert "ix_session_live" in plan[3]
