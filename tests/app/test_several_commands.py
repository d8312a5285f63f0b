"""What commands about sessions, files, ports and homes do where a project has several containers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contenant import config
from contenant.app import (
    attach,
    auth,
    clean,
    drop,
    firewall,
    named,
    policy,
    ports,
    recreate,
    reinstalled,
    send,
    session,
    top,
    waiting,
)
from contenant.app.attach import LogsRequest
from contenant.app.doctor import gather, gather_use, remedies
from contenant.app.drop import Request
from contenant.app.history import HistoryQuery, history
from contenant.app.ledger import Ledger
from contenant.app.named import Named, Wanted
from contenant.app.project import Target, container_dir, identify
from contenant.app.results import CleanRequest
from contenant.cli.complete import suggestions
from contenant.core.policy_rules import Wish
from contenant.core.values import Publish
from contenant.errors import NotFoundError, UsageError
from contenant.paths import home_dir, state_dir
from tests.app.test_detached import Desk

ANY = Wanted(lambda one: True, "a session")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(monkeypatch)
    yield made
    made.close()


@pytest.fixture
def shop(desk: Desk) -> Path:
    """A project with the containers "", "review" and "test", made in this order."""
    for variant in ("", "review", "test"):
        desk.run("shop", variant=variant)
    return desk.where("shop")


def called(shop: Path, variant: str) -> str:
    return identify(shop, variant)[1]


def test_a_session_is_looked_for_in_the_container_that_is_named(desk: Desk, shop: Path) -> None:
    first = desk.begin("shop", "first")
    review = desk.begin("shop", "review", variant="review")
    assert review.container.name == called(shop, "review")
    with Ledger() as ledger:

        def found(word: str, name: str | None = None) -> str:
            return named.find(ledger, word, ANY, name).session.id

        assert found(str(shop)) == review.session.id, "the newest of the project"
        assert found(str(shop), "") == found(f"{shop}@") == first.session.id
        assert found(str(shop), "review") == found(f"{shop}@review") == review.session.id
        assert found(review.container.name) == review.session.id
        with pytest.raises(NotFoundError, match="not to be found in container test of"):
            found(f"{shop}@test")
        with pytest.raises(UsageError, match="names a session, --name a container"):
            found(review.session.id, "review")
        with pytest.raises(UsageError, match="and so does --name"):
            found(f"{shop}@review", "test")


def test_sessions_are_typed_into_waited_for_and_read_by_name(desk: Desk, shop: Path) -> None:
    review = desk.begin("shop", variant="review")
    first, done = desk.begin("shop", "make"), desk.begin("shop", "make", variant="test")
    send.send(str(shop), "go on", enter=True, name="review")
    assert desk.typed == [([session.WRAPPER, "send", review.session.id, "enter"], b"go on")]
    for one, code in ((first, 1), (done, 2)):
        desk.file(one.container.name, one.session.id, "log").write_text(f"{code}\n")
        desk.end(one, code)
    codes: list[tuple[str, int]] = []

    def told(one: Named, code: int) -> None:
        codes.append((one.container.variant, code))

    assert waiting.wait([str(shop)], notify=False, told=told, name="test") == 2
    assert waiting.wait([f"{shop}@", f"{shop}@test"], notify=False, told=told) == 1
    assert codes == [("test", 2), ("", 1), ("test", 2)]
    pieces: list[bytes] = []
    attach.logs(LogsRequest(str(shop), False, None, ""), pieces.append)
    attach.logs(LogsRequest(f"{shop}@test", False, None), pieces.append)
    assert b"".join(pieces) == b"1\n2\n"


def test_attach_comes_to_the_container_that_is_named(
    desk: Desk, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = {variant: desk.begin("shop", variant=variant) for variant in ("review", "")}
    shown: list[tuple[str, str]] = []

    def show(ledger: Ledger, seat: session.Seat, record: object, ui: object) -> tuple[int, bool]:
        shown.append((seat.container.name, record.id))  # type: ignore[attr-defined]
        return 0, False

    monkeypatch.setattr(session, "show", show)
    given = {"tty": True, "notify": False, "write": lambda piece: None, "ui": desk.ui}
    assert attach.attach(str(shop), name="review", **given) == 0
    assert attach.attach(f"{shop}@", **given) == 0
    assert shown == [(called(shop, variant), agents[variant].session.id) for variant in ("review", "")]


def test_files_go_to_the_agent_in_the_container_that_is_named(desk: Desk, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text("task")
    drop.put(Request(shop, variant="review"), [str(tmp_path / "task.md")])
    assert (home_dir(called(shop, "review")) / "drop" / "task.md").read_text() == "task"
    assert [entry.name for entry in drop.listing(shop, "review")] == ["task.md"]
    assert drop.listing(shop) == drop.listing(shop, "test") == []
    drop.put_data(Request(shop), "clip.txt", b"clip")
    assert [entry.name for entry in drop.listing(shop, "")] == ["clip.txt"]
    (back,) = drop.get(Request(shop, str(tmp_path / "back"), variant="review"), ["task.md"])
    assert Path(back.path).read_text() == "task"
    query = HistoryQuery(shop, kinds=("drop",), variant="review")
    assert [row.kind for row in history(query)] == ["drop.got", "drop.put"]


def test_files_go_where_an_agent_is_when_there_is_no_first_container(desk: Desk, tmp_path: Path) -> None:
    desk.run("blog", variant="review")
    (tmp_path / "task.md").write_text("task")
    drop.put(Request(desk.where("blog")), [str(tmp_path / "task.md")])
    assert [entry.name for entry in drop.listing(desk.where("blog"), "review")] == ["task.md"]


def test_ports_are_those_of_the_container_that_is_named(desk: Desk, shop: Path) -> None:
    ports.change(Target(shop, "review"), ["18080:80"], [], recreate=False, ui=desk.ui)
    assert "`contenant --name review --recreate` makes it anew" in desk.ui.said[-1]
    ports.change(Target(shop), ["18081:80"], [], recreate=False, ui=desk.ui)
    assert [row.container for row in ports.listing([Target(shop, "review")], desk.ui)] == [
        called(shop, "review")
    ]
    assert {row.container for row in ports.listing([Target(shop)], desk.ui)} == {
        called(shop, ""),
        called(shop, "review"),
    }
    before = {report.name: report.engine_id for report in desk.reports()}
    ports.change(Target(shop, "review"), ["18082:82"], [], recreate=True, ui=desk.ui)
    assert desk.engine.specs[called(shop, "review")].publish == (
        Publish("127.0.0.1", 18080, 80),
        Publish("127.0.0.1", 18082, 82),
    )
    after = {report.name: report.engine_id for report in desk.reports()}
    assert {name for name in before if before[name] != after[name]} == {called(shop, "review")}
    with pytest.raises(NotFoundError, match="no container other for"):
        ports.change(Target(shop, "other"), ["18083:80"], [], recreate=False, ui=desk.ui)


def test_top_tells_them_apart(desk: Desk, shop: Path) -> None:
    rows = top.Watch(everything=True).look().rows
    assert {(row.project, row.variant, row.name) for row in rows} == {
        (str(shop), variant, called(shop, variant)) for variant in ("", "review", "test")
    }


def test_an_idle_one_that_is_behind_is_made_anew_as_itself(
    desk: Desk, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.engine.add_image("contenant:2-000000000000")
    for module in ("contenant.app.recreate", "contenant.app.desired"):
        monkeypatch.setattr(f"{module}.kept_image", lambda settings: "contenant:2-000000000000")
    with Ledger() as ledger:
        found = recreate.recreate_idle(ledger, config.load(None, {}, {}), desk.ui)
    assert [(item.name, item.result) for item in found] == [
        (name, "recreated") for name in sorted(called(shop, variant) for variant in ("", "review", "test"))
    ]
    assert {(row.variant, row.name, row.state) for row in desk.list().rows} == {
        (variant, called(shop, variant), "running") for variant in ("", "review", "test")
    }
    assert {report.labels.get("dev.contenant.variant") for report in desk.reports()} == {
        None,
        "review",
        "test",
    }


def test_only_the_one_that_is_named_was_in_a_store_that_is_gone(desk: Desk, shop: Path) -> None:
    desk.engine.switch("another-daemon")
    request = CleanRequest((Target(shop, "review"),))
    (verdict,) = reinstalled.plan(request, desk.ui)
    assert (verdict.name, verdict.action) == (called(shop, "review"), "forget")
    reinstalled.apply([verdict], request, desk.ui)
    assert {row.variant for row in desk.list().rows} == {"", "test"}


def test_a_renamed_one_keeps_its_place_also_after_a_lost_database(
    desk: Desk, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.engine.rename(called(shop, "review"), "other")
    for file in state_dir().glob("contenant.db*"):
        file.unlink()
    assert {(row.variant, row.name) for row in desk.list().rows} == {
        ("", called(shop, "")),
        ("review", "other"),
        ("test", called(shop, "test")),
    }
    assert container_dir("other").resolve() == container_dir(called(shop, "review")).resolve()
    told: list[str] = []
    monkeypatch.setattr(policy, "apply_live", lambda engine, name: told.append(name))
    firewall.give(shop, Wish("allow", ("example.com",), "needed"), desk.ui)
    assert sorted(told) == sorted(["other", called(shop, ""), called(shop, "test")])
    placed = json.loads((container_dir("other") / "policy" / "policy.json").read_text())
    assert "example.com" in json.dumps(placed)


def test_a_purge_takes_all_homes_of_a_project_and_none_that_is_in_use(desk: Desk, shop: Path) -> None:
    for variant in ("", "review", "test"):
        home_dir(called(shop, variant)).mkdir(parents=True, exist_ok=True)
    desk.engine.rename(called(shop, "review"), "other")
    desk.list()

    def planned(**request: Any) -> dict[str, str]:
        verdicts = clean.plan(CleanRequest(purge=True, **request), desk.ui)
        return {one.name: one.action for one in verdicts if one.kind == "home"}

    names = [called(shop, variant) for variant in ("", "review", "test")]
    assert planned(paths=(Target(shop),)) == planned(all=True) == dict.fromkeys(names, "keep")
    assert planned(paths=(Target(shop),), force=True) == dict.fromkeys(names, "remove")
    for variant, name in zip(("", "review", "test"), names, strict=True):
        assert planned(paths=(Target(shop, variant),), force=True) == {name: "remove"}
    request = CleanRequest((Target(shop),), force=True)
    clean.apply(clean.plan(request, desk.ui), request, desk.ui)
    assert planned(paths=(Target(shop, "review"),)) == {names[1]: "remove"}
    assert planned(paths=(Target(shop),)) == dict.fromkeys(names, "remove")


def test_a_login_inside_is_that_containers(desk: Desk, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = home_dir(called(shop, "review"))
    monkeypatch.setattr(auth.home, "signed_in", lambda place: place == inside)
    assert "login" not in {row.source for row in auth.status(shop)}
    assert "login" in {row.source for row in auth.status(shop, "review")}


def test_doctor_names_the_one_that_is_behind(desk: Desk, shop: Path) -> None:
    with Ledger() as ledger:
        (review,) = [c for c in ledger.store().containers() if c.variant == "review"]
    older = gather_use.records("")
    assert older.projects == {(str(shop), variant): review.image for variant in ("", "review", "test")}
    known = older._replace(projects={**older.projects, (str(shop), "review"): "contenant:0-000000000000"})
    behind = gather._outdated(known, review.image, "")
    assert behind == (f"{shop}@review",)
    assert remedies.recreate(behind, "/nowhere") == f"contenant run --recreate {shop}@review -- true"


def test_names_are_completed(desk: Desk, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def values(*words: str) -> list[str]:
        return [item.value for item in suggestions(words[:-1], words[-1])]

    assert values("stop", f"{shop}@") == [f"{shop}@review", f"{shop}@test"]
    assert values("run", f"{shop}@re") == [f"{shop}@review"]
    assert values("stop", str(shop), "--name", "") == ["review", "test"]
    assert values("put", "--project", str(shop), "--name", "t") == ["test"]
    monkeypatch.chdir(shop)
    for command in ("attach", "logs", "wait", "port", "run", "show"):
        assert values(command, "--name", "") == ["review", "test"], command
    assert values("run", "@t") == ["@test"]
    monkeypatch.chdir(desk.home)
    assert values("--name", "") == values("run", "@") == []
