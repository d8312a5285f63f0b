"""The way through SQLAlchemy, which a server takes, does what the way through the standard library does."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from contenant.core import changes
from contenant.core.changes import Change
from contenant.errors import BusyError, StateError
from contenant.store import revision
from contenant.store.apply import HANDLERS
from contenant.store.connect import file_engine
from contenant.store.database import Database
from contenant.store.file import File
from contenant.store.location import Location
from contenant.store.server import Server
from contenant.store.store import Store
from contenant.store.verify import verify
from tests.store.samples import (
    HOST,
    Clock,
    answer,
    attempt,
    container,
    image,
    made,
    piece,
    project,
    rule,
    session,
)

EVERY_CHANGE: list[list[Change]] = [
    made(),
    [changes.container_state(container(), "running", "started")],
    [changes.policy_stored("e" * 64, "allow x\n", "audit", "", "why", "me")] * 2,
    [changes.policy_applied(container(), "e" * 64, "live")] * 2,
    [changes.session_starting(session("s1"), "p1"), changes.session_starting(session("s2"), "p1")],
    [changes.session_adopted(session("s3", argv=()), "p1")] * 2,
    [changes.session_detached("s1", "p1"), changes.session_reattached(session("s1", pid=9), "p1")],
    [changes.session_ended("s1", "p1", "lost", None), changes.session_ended("s1", "p1", "exited", 0)],
    [changes.session_ended("s1", "p1", "exited", 7), changes.way_back("s1", "p1", {"added": ["x"]})],
    [changes.session_ssh("s1", "p1", ["SHA256:x"])],
    [changes.container_renamed(container(), "other"), changes.container_removing(container(), "cl\0ean")],
    [changes.container_options(container(), '{"cpus":2}', "port added")] * 2,
    [changes.container_gone(container(), "clean")] * 2,
    [changes.container_adopted(container(state="running", engine_version="5"))] * 2,
    [changes.container_adopted(container("c2", name="second", engine="docker"))],
    [
        changes.image_building("x:1", "r"),
        changes.image_built(image()),
        changes.image_loaded(image("i2", origin="loaded")),
        changes.image_failed("x:2", "r", "/l"),
    ],
    [changes.image_removed(image().reference, "stale")] * 2,
    [changes.engine_remembered("podman", "runtime", value) for value in ("runc", "runc", "crun")],
    [
        changes.claude_pinned("2.1.331", {"linux-x64": "sha512-x"}),
        changes.claude_chosen("2.1.331", "2.1.330", "upgrade"),
    ],
    [changes.service_lent("s1", "p1", [5432]), changes.service_used("s1", "p1", 5432, 1, 10, 20)],
    [changes.drop_put("contenant-b", "p1", "a.txt", 3), changes.drop_got("contenant-b", "p1", "\udcff", 3)],
    [changes.project_located("p1", "1:2")] * 2,
    [changes.project_missing("p1", "/work/p1")] * 2,
    [changes.project_found("p1", "/work/p1")] * 2,
    [changes.container_replaced(container(), "another")],
    [changes.clock_set_back("2027-01-31T09:30:00.000Z")],
    [changes.project_moved("p1", "/work/one", "/work/\udcff new")] * 2,
    [changes.rule_added(rule("r1")), changes.rule_added(rule("r2", kind="deny", until="2026-02-01"))],
    [changes.egress_collected(container(), "", "b:1", [("e1", attempt()), ("e2", attempt())])] * 2,
    [changes.egress_collected(container(), "b:1", "b:2", [("e3", attempt(attempts=4))])],
    [changes.rule_removed(rule("r1"), "ta\0ken back")] * 2,
    [changes.credential_used("f" * 12, "keyring", "oauth", "2027-01-31T09:30:00.000Z")] * 2,
    [
        changes.credential_stored("f" * 12, "file", "oauth", ""),
        changes.credential_forgotten("f" * 12, ["s1"]),
    ],
    [changes.config_trusted("/b/\udcff", "a" * 64, ["env A"])] * 2,
    [changes.config_revoked("/b/\udcff")] * 2,
    [
        changes.drift_found(container(), {"aspect": "limit", "what": "cpus", "expected": "1", "found": "2"}),
        changes.drift_mended(container(), "limit", "cpus", "1", "observed"),
    ],
    [changes.config_changed("/b/\udcff", "a" * 64, "")],
    [changes.home_removed("contenant-b", "p1", "/b/\udcff")],
    [
        changes.worktree_made("/b.worktrees/\udcff", "feature/x", "/b/.git"),
        changes.worktree_removed("/b.worktrees/\udcff", "feature/x", "nothing would be lost"),
    ],
    [changes.database_restored("contenant-1.db", "contenant-replaced.db", (3, "0" * 64))],
    [changes.usage_collected("contenant-p1", "p1", piece(10), [answer()])] * 2,
    [changes.usage_collected("contenant-p1", "p1", piece(20, 10), [answer(output_tokens=9), answer("m2")])],
    [changes.project_added(project("p2", "/b")), changes.project_forgotten("p2", "asked")],
]


def _store(path: Path, kind: str) -> Store:
    location = Location(path, "")
    database: Database
    if kind == "server":
        strict = ("journal_mode = WAL", "foreign_keys = ON")
        database = Server(file_engine(path, 5, strict), location)
    else:
        database = File.open(location, path, 5)
    return Store(database, HOST, Clock())


def _written(path: Path, kind: str) -> list[str]:
    with _store(path, kind) as store:
        for batch in EVERY_CHANGE:
            store.apply(batch)
        assert verify(store.events()).fault == ""
    with closing(sqlite3.connect(path)) as connection:
        return [line for line in connection.iterdump() if line.startswith("INSERT")]


@pytest.fixture
def path(empty_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_database, tmp_path))


@pytest.fixture
def server(path: Path) -> Store:
    return _store(path, "server")


def test_every_kind_of_change_is_tried() -> None:
    assert {change.kind for batch in EVERY_CHANGE for change in batch} == set(HANDLERS)


def test_both_ways_write_the_same(empty_database: Path, tmp_path: Path) -> None:
    one, other = (Path(shutil.copy(empty_database, tmp_path / name)) for name in ("one.db", "other.db"))
    assert _written(one, "server") == _written(other, "file")


def test_both_ways_read_the_same(path: Path) -> None:
    _written(path, "file")
    with _store(path, "server") as server, _store(path, "file") as file:
        assert server.containers(gone=None) == file.containers(gone=None)
        assert server.sessions() == file.sessions()
        assert server.images() == file.images()
        assert server.projects(forgotten=True) == file.projects(forgotten=True)
        assert list(server.history(kinds=("session", "container"))) == list(
            file.history(kinds=("session", "container"))
        )
        assert server.listing() == file.listing() != []


def test_the_revision(path: Path, tmp_path: Path) -> None:
    for kind in ("server", "file"):
        with closing(_store(path, kind)._database) as current:
            assert current.revision() == revision.HEAD
        with closing(_store(tmp_path / f"{kind}.db", kind)._database) as empty:
            assert empty.revision() is None


def test_what_is_taken_or_missing_is_told_and_undone(server: Store) -> None:
    with server:
        server.apply(made())
        before = list(server.events())
        with pytest.raises(BusyError, match="recorded the same first"):
            server.apply(
                [changes.container_state(container(), "running"), changes.container_creating(container("c2"))]
            )
        with pytest.raises(StateError, match="replaced or restored"):
            server.apply([changes.session_starting(session("s9", "c404"), "p1")])
        assert list(server.events()) == before
        assert server.containers()[0].state == "created"


def test_a_broken_rule_that_only_a_bug_can_break_stays_what_it_is(server: Store, path: Path) -> None:
    nothing = Change("policy.stored", "h", "", {"rules": None, "mode": "block"})
    with server, pytest.raises(IntegrityError, match="NOT NULL"):
        server.apply([nothing])
    with _store(path, "file") as file, pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
        file.apply([nothing])


def test_a_lock_that_is_never_given_up(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Store(Server(file_engine(path, 0.1, ()), Location(path, "")), HOST, Clock()) as store:
            with pytest.raises(StateError, match="locked"):
                store.apply(made())
            assert store.projects() == []
