"""Changes in: what each does to its rows, and the one event it leaves."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contenant.core import changes
from contenant.core.ages import to_text
from contenant.core.changes import Change
from contenant.errors import BusyError, StateError
from contenant.store.apply import HANDLERS
from contenant.store.store import Store, open_store
from contenant.store.verify import verify
from tests.store.samples import HOST, START, Clock, container, image, kinds, made, project, session

LATER = "2026-01-31T10:00:00.000Z"


@pytest.fixture
def ready(store: Store) -> Store:
    """One project with one container."""
    store.apply(made())
    return store


def _column(database: Path, sql: str) -> list[object]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute(sql)]


def test_a_project_is_found_by_its_path(store: Store) -> None:
    store.apply([changes.project_added(project())])
    found = store.project_by_path("/work/one")
    assert found is not None
    assert found[:3] == ("p1", "/work/one", "contenant-p1")
    assert found == store.project("p1")
    assert [found] == store.projects()
    assert store.project_by_path("/work/ONE") is None


def test_an_intent_and_its_outcome(store: Store) -> None:
    mine = container(spec='{"cpus":2}', flags='{"cpus":2}', engine_version="4.3.1")
    store.apply([changes.project_added(project()), changes.container_creating(mine)])
    assert store.container("c1") == mine
    store.apply([changes.container_created(mine, "abc")])
    found = store.container("c1")
    assert found is not None
    assert (found.engine_id, found.state) == ("abc", "created")
    assert found.last_seen > mine.last_seen
    assert kinds(store) == ["project.added", "container.creating", "container.created"]


def test_events_tell_what_when_of_what(ready: Store) -> None:
    ready.apply([changes.container_state(container(), "running", "started")])
    event = list(ready.events())[-1]
    assert (event.host, event.seq, event.kind, event.subject, event.project_id) == (
        HOST,
        4,
        "container.state",
        "c1",
        "p1",
    )
    assert json.loads(event.data) == {"from": "created", "to": "running", "why": "started"}
    assert START.isoformat()[:10] == event.at[:10]


def test_state_name_and_end_of_a_container(ready: Store) -> None:
    mine = container()
    ready.apply([changes.container_state(mine, "running"), changes.container_renamed(mine, "other")])
    found = ready.container("c1")
    assert found is not None
    assert (found.state, found.name, found.gone) == ("running", "other", "")
    ready.apply([changes.container_removing(mine, "clean")])
    assert [c.gone_why for c in ready.containers()] == ["clean"]
    ready.apply([changes.container_gone(mine, "clean")])
    assert ready.containers() == []
    assert [c.gone_why for c in ready.containers(gone=True)] == ["clean"]
    assert len(ready.containers(gone=None)) == 1


def test_an_interrupted_removal_is_over_once_the_container_is_used(ready: Store) -> None:
    ready.apply([changes.container_removing(container(), "clean")])
    ready.apply([changes.session_starting(session(), "p1")])
    assert ready.containers()[0].gone_why == ""


def test_what_is_recorded_already_leaves_no_event(ready: Store) -> None:
    gone = changes.container_gone(container(), "vanished")
    for change in (gone, gone, changes.container_state(container(), "running")):
        ready.apply([change])
    assert kinds(ready)[3:] == ["container.gone"]
    policy = changes.policy_stored("h" * 64, "allow a\n", "block", "", "why", "me")
    fact = changes.engine_remembered("podman", "runtime", "runc")
    for _ in range(2):
        ready.apply([policy, fact])
    assert kinds(ready)[4:] == ["policy.stored", "engine.remembered"]
    assert ready.setting("podman", "runtime") == "runc"
    ready.apply([changes.engine_remembered("podman", "runtime", "crun")])
    assert ready.setting("podman", "runtime") == "crun"
    assert ready.setting("docker", "runtime") is None


def test_a_name_is_free_again_when_its_container_is_gone(ready: Store) -> None:
    second = container("c2")
    ready.apply([changes.container_gone(container(), "recreate"), changes.container_creating(second)])
    assert [c.id for c in ready.containers()] == ["c2"]
    assert {c.id for c in ready.containers(gone=None, project_id="p1")} == {"c1", "c2"}


def test_a_name_that_is_taken_is_busy_and_nothing_is_written(ready: Store) -> None:
    before = list(ready.events())
    with pytest.raises(BusyError):
        ready.apply(
            [changes.container_state(container(), "running"), changes.container_creating(container("c2"))]
        )
    assert list(ready.events()) == before
    assert ready.containers()[0].state == "created"


def test_one_name_in_two_engine_stores(ready: Store) -> None:
    ready.apply([changes.container_creating(container("c2", engine_identity="store-2"))])
    ready.apply([changes.container_creating(container("c3", engine="docker"))])
    assert len(ready.containers()) == 3


def test_adoption_makes_a_row_or_brings_one_back(ready: Store) -> None:
    found = container("c9", name="stray", engine_id="e9", state="running")
    ready.apply([changes.container_adopted(found)])
    assert ready.container("c9") == found
    ready.apply([changes.container_adopted(found)])
    assert kinds(ready).count("container.adopted") == 1
    ready.apply([changes.container_gone(found, "vanished")])
    ready.apply([changes.container_adopted(found)])
    assert ready.container("c9") == found
    assert kinds(ready).count("container.adopted") == 2


def test_adopting_under_a_name_that_is_held_is_busy(ready: Store) -> None:
    with pytest.raises(BusyError):
        ready.apply([changes.container_adopted(container("c9"))])
    ready.apply([changes.container_gone(container(), "replaced"), changes.container_adopted(container("c9"))])
    assert [c.id for c in ready.containers()] == ["c9"]


def test_a_session_from_start_to_end(ready: Store) -> None:
    started = session(started=LATER)
    ready.apply([changes.session_starting(started, "p1")])
    assert ready.live_sessions() == [started]
    assert ready.containers()[0].last_used == LATER
    assert ready.projects()[0].last_used == LATER
    ready.apply([changes.session_ended("s1", "p1", "exited", 3)])
    assert ready.live_sessions() == []
    ended = ready.session("s1")
    assert ended is not None
    assert (ended.exit_code, ended.how) == (3, "exited")
    assert ended.argv == ("bash", "-c", "true 'a b'")
    assert [ended] == ready.sessions(live=False, container_id="c1", project_id="p1")


def test_last_used_never_goes_back(ready: Store) -> None:
    ready.apply([changes.session_starting(session(started=LATER), "p1")])
    ready.apply([changes.session_starting(session("s2", started="2020-01-01T00:00:00.000Z"), "p1")])
    assert ready.containers()[0].last_used == LATER


def test_an_inferred_end_gives_way_to_a_known_one(ready: Store) -> None:
    ready.apply([changes.session_starting(session(), "p1")])
    used = ready.containers()[0].last_used
    ready.apply([changes.session_ended("s1", "p1", "lost", None)])
    assert ready.containers()[0].last_used == used, "found out later is not used now"
    ready.apply([changes.session_ended("s1", "p1", "exited", 0)])
    ready.apply([changes.session_ended("s1", "p1", "exited", 9)])
    ready.apply([changes.session_ended("s1", "p1", "lost", None)])
    ended = ready.session("s1")
    assert ended is not None
    assert (ended.how, ended.exit_code) == ("exited", 0)
    assert kinds(ready).count("session.ended") == 2


def test_detach_and_reattach(ready: Store) -> None:
    ready.apply([changes.session_starting(session(detachable=True), "p1")])
    ready.apply([changes.session_detached("s1", "p1")])
    detached = ready.live_sessions()[0]
    assert (detached.pid, detached.pid_start, detached.boot_id) == (0, "", "boot-1")
    ready.apply([changes.session_ended("s1", "p1", "lost", None)])
    joined = detached._replace(pid=12, pid_start="13", boot_id="boot-2")
    ready.apply([changes.session_reattached(joined, "p1")])
    assert ready.live_sessions() == [joined]


def test_images_and_policies(store: Store) -> None:
    second = image("i2", reference="contenant:2.2.0-bbbbbbbbbbbb", built=LATER)
    store.apply([changes.image_building(second.reference, second.recipe), changes.image_built(image())])
    store.apply([changes.image_built(second), changes.image_failed("x:1", "c" * 64, "/log")])
    assert store.images() == [second, image()]
    store.apply([changes.image_removed(second.reference, "stale")])
    store.apply([changes.image_removed(second.reference, "stale")])
    assert store.images() == [image()]
    assert kinds(store) == ["image.building", "image.built", "image.built", "image.failed", "image.removed"]
    store.apply([changes.policy_stored("f" * 64, "allow a\n", "block", "", "needed", "me")])
    policy = store.policy("f" * 64)
    assert policy is not None
    assert (policy.rules, policy.mode, policy.expires) == ("allow a\n", "block", "")
    assert store.policy("0" * 64) is None


def test_an_image_is_removed_from_one_engine_or_by_its_digest(store: Store) -> None:
    one, other = image("i1", engine="podman"), image("i2", engine="docker", digest="sha256:" + "e" * 64)
    earlier = image("i3", engine="docker", digest="sha256:" + "f" * 64)
    store.apply([changes.image_built(one), changes.image_built(earlier), changes.image_loaded(other)])
    store.apply([changes.image_removed(one.reference, "stale", "podman")])
    assert {left.id for left in store.images()} == {"i2", "i3"}
    store.apply([changes.image_removed("ffff", "its name went on", "docker", earlier.digest)])
    assert [left.id for left in store.images()] == ["i2"]
    before = kinds(store)
    store.apply([changes.image_removed("eeee", "x", "podman", other.digest)])
    assert kinds(store) == before, "it is docker's"


def test_a_project_forgotten_and_added_again(ready: Store) -> None:
    with pytest.raises(BusyError):
        ready.apply([changes.project_added(project("p2"))])
    ready.apply([changes.project_forgotten("p1", "asked"), changes.project_added(project("p2"))])
    assert [p.id for p in ready.projects()] == ["p2"]
    assert [p.id for p in ready.projects(forgotten=True)] == ["p1"]
    ready.apply([changes.project_moved("p2", "/work/one", "/work/new place")])
    moved = ready.project("p2")
    assert moved is not None
    assert moved.path == "/work/new place"
    assert moved.name.startswith("contenant-new-place-")


@pytest.mark.parametrize(
    "path", ["/a\nb", "/q'\"`", "/ü/日本", "/\udcff\udc80/x", "/%41", "/" + "n" * 300, "/a:b c"]
)
def test_any_path_comes_back_as_it_went_in(store: Store, path: str) -> None:
    store.apply([changes.project_added(project(path=path))])
    found = store.project_by_path(path)
    assert found is not None
    assert found.path == path
    assert store.project_paths(path[:3]) == [path]
    assert [row.project for row in store.history()] == [path]


def test_free_text_that_is_not_utf8_does_not_stop_the_record(ready: Store) -> None:
    ready.apply([changes.container_gone(container(), "no \udcff and \0")])
    assert ready.containers(gone=True)[0].gone_why == "no \\udcff and \\x00"
    assert verify(ready.events()).fault == ""


def test_a_kind_nobody_handles_is_a_bug(ready: Store) -> None:
    before = list(ready.events())
    with pytest.raises(ValueError, match="no handler"):
        ready.apply(
            [changes.container_state(container(), "running"), Change("container.sung", "c1", "p1", {})]
        )
    assert list(ready.events()) == before
    assert ready.containers()[0].state == "created"


def test_an_id_that_is_not_there_any_more(ready: Store) -> None:
    """A session may outlive the database it began in."""
    before = list(ready.events())
    for change in (
        changes.container_gone(container("c404"), "?"),
        changes.session_ended("s404", "p1", "exited", 0),
        changes.session_starting(session("s404", "c404"), "p1"),
    ):
        with pytest.raises(StateError, match="replaced or restored meanwhile"):
            ready.apply([changes.container_state(container(), "running"), change])
    assert list(ready.events()) == before


def test_every_change_has_a_handler() -> None:
    """Each function in core.changes makes a kind that is known here, and the other way round."""
    source = Path(changes.__file__).read_text(encoding="utf-8")
    made_there = {piece.split('"')[1] for piece in source.split("return Change(")[1:]}
    assert made_there == set(HANDLERS)


def test_nothing_is_nothing(store: Store) -> None:
    store.apply([])
    assert kinds(store) == []


def test_two_hosts_share_a_database_and_see_their_own(ready: Store, clock: Clock, database: Path) -> None:
    with open_store(now=clock, host_id="ffffffffffffffff") as other:
        assert other.projects() == []
        assert other.container("c1") is None
        with pytest.raises(StateError):
            other.apply([changes.container_gone(container(), "not mine")])
        other.apply(made("d1", "q1"))
        assert [event.seq for event in other.events()] == [1, 2, 3]
        assert verify(other.events()).fault == ""
    assert [c.id for c in ready.containers()] == ["c1"]
    assert _column(database, "SELECT count(*) FROM host") == [2]


def test_one_moment_for_all_changes_of_a_call(store: Store) -> None:
    store.apply(made())
    assert len({event.at for event in store.events()}) == 1
    assert to_text(START) < next(store.events()).at
