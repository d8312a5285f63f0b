"""Several containers of one project: each its own, told apart, taken together where none is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contenant.app import clean, drift, firewall, homes, policy, show, steps
from contenant.app.history import HistoryQuery, history, policies
from contenant.app.ledger import Ledger
from contenant.app.project import Target, container_dir, identify, target
from contenant.app.results import CleanRequest
from contenant.core import labels
from contenant.core.names import container_name
from contenant.core.policy_rules import Wish
from contenant.errors import NotFoundError, UsageError
from contenant.paths import home_dir, state_dir
from tests.app.world import World


def three(world: World) -> dict[str, str]:
    """The containers of `shop`, "", "review" and "test", and one of `blog`: variant -> name."""
    world.run("blog")
    names = {}
    for variant in ("", "review", "test"):
        world.run("shop", variant=variant)
        names[variant] = identify(world.where("shop"), variant)[1]
    return names


def states(world: World) -> dict[tuple[str, str], str]:
    return {(Path(row.project).name, row.variant): row.state for row in world.list().rows}


def test_each_name_is_a_container_of_its_own(world: World) -> None:
    names = three(world)
    assert len(set(names.values())) == 3
    assert states(world) == dict.fromkeys(
        [("blog", ""), ("shop", ""), ("shop", "review"), ("shop", "test")], "running"
    )
    world.run("shop", variant="review")
    assert len(world.engine.containers().result()) == 4, "the second time it is the same"
    with Ledger() as ledger:
        view = ledger.snapshot()
        assert view is not None
        assert len(view.projects()) == 2, "one project, however many containers"
    for name in names.values():
        spec = world.engine.specs[name]
        own = [mount.source for mount in spec.mounts if mount.source.startswith(str(state_dir()))]
        assert own, "a home, sessions and a policy"
        assert all(f"/{name}/" in source for source in own)
        assert {m.target for m in spec.mounts if m.source == str(world.where("shop"))} == {"/project"}


def test_a_new_container_of_one_leaves_the_others(world: World) -> None:
    names = three(world)
    before = {report.name: report.engine_id for report in world.engine.containers().result()}
    world.run("shop", variant="review", recreate=True)
    after = {report.name: report.engine_id for report in world.engine.containers().result()}
    assert {name for name in before if before[name] != after[name]} == {names["review"]}


def test_stop_takes_all_of_a_project_or_the_one_that_is_named(world: World) -> None:
    names = three(world)
    assert [done.verdict.name for done in world.stop("shop", "review")] == [names["review"]]
    assert {done.verdict.name: done.result for done in world.stop("shop", "")} == {names[""]: "stopped"}
    assert {done.verdict.name: done.result for done in world.stop("shop")} == {
        names[""]: "kept",
        names["review"]: "kept",
        names["test"]: "stopped",
    }
    assert states(world)["blog", ""] == "running"
    with pytest.raises(NotFoundError, match="no container other for"):
        world.stop("shop", "other")


def test_clean_takes_all_of_a_project_or_the_one_that_is_named(world: World) -> None:
    names = three(world)

    def going(variant: str | None) -> set[str]:
        request = CleanRequest((Target(world.where("shop"), variant),), force=True)
        return {verdict.name for verdict in clean.plan(request, world.ui) if verdict.action == "remove"}

    assert going("test") == {names["test"]}
    assert going("") == {names[""]}
    assert going(None) == set(names.values())
    request = CleanRequest((Target(world.where("shop"), "test"),), force=True)
    clean.apply(clean.plan(request, world.ui), request, world.ui)
    assert ("shop", "test") not in states(world)
    assert len(states(world)) == 3


def test_a_lost_database_is_built_again_from_the_labels(world: World) -> None:
    names = three(world)
    marked = {report.name: report.labels.get(labels.VARIANT) for report in world.engine.containers().result()}
    assert marked[names["review"]] == "review"
    assert marked[names[""]] is None
    for file in state_dir().glob("contenant.db*"):
        file.unlink()
    assert states(world) == dict.fromkeys(
        [("blog", ""), ("shop", ""), ("shop", "review"), ("shop", "test")], "running"
    )
    world.run("shop", variant="review")
    assert len(world.engine.containers().result()) == 4


def test_a_rule_comes_into_force_in_all_of_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    names = three(world)
    told: list[str] = []
    monkeypatch.setattr(policy, "apply_live", lambda engine, name: told.append(name))
    firewall.give(world.where("shop"), Wish("allow", ("example.com",), "needed"), world.ui)
    assert sorted(told) == sorted(names.values())
    for name in names.values():
        text = (container_dir(name) / "policy" / "policy.json").read_text()
        assert "example.com" in json.dumps(json.loads(text)["policy"])


def test_a_rule_given_while_another_container_is_made_holds_in_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("shop")
    create = steps._create

    def late(site: Any) -> Any:
        firewall.give(world.where("shop"), Wish("allow", ("example.com",), "needed"), world.ui)
        return create(site)

    monkeypatch.setattr(steps, "_create", late)
    world.run("shop", variant="review")
    name = identify(world.where("shop"), "review")[1]
    assert "example.com" in (container_dir(name) / "policy" / "policy.json").read_text()
    with Ledger() as ledger:
        view = ledger.snapshot()
        assert view is not None
        assert len({container.policy for container in view.containers()}) == 1


def test_a_moved_project_takes_the_homes_of_all_along(world: World) -> None:
    three(world)
    old, new = world.where("shop"), world.where("store")
    for variant in ("", "review"):
        home = home_dir(identify(old, variant)[1])
        home.mkdir(parents=True, exist_ok=True)
        (home / "said").write_text(variant)
    old.rename(new)
    world.run("store", adopt_from=old)
    for variant in ("", "review"):
        assert (home_dir(identify(new, variant)[1]) / "said").read_text() == variant
        assert not home_dir(identify(old, variant)[1]).exists()
    assert states(world) == {("blog", ""): "running", ("store", ""): "running"}


def test_homes_are_known_after_their_containers_are_gone(world: World) -> None:
    names = three(world)
    for name in names.values():
        home_dir(name).mkdir(parents=True, exist_ok=True)
    request = CleanRequest((Target(world.where("shop")),), force=True)
    clean.apply(clean.plan(request, world.ui), request, world.ui)
    with Ledger() as ledger:
        assert set(homes.owners(ledger)) >= set(names.values())
        assert len({homes.owners(ledger)[name] for name in names.values()}) == 1
    request = CleanRequest((Target(world.where("shop"), "review"),), purge=True)
    clean.apply(clean.plan(request, world.ui), request, world.ui)
    assert not home_dir(names["review"]).exists()
    assert home_dir(names["test"]).exists()


def test_show_takes_the_first_or_the_one_that_is_named(world: World) -> None:
    names = three(world)

    def shown(variant: str | None) -> tuple[str, list[str]]:
        project = show.show(Target(world.where("shop"), variant), world.ui)["project"]
        return project["name"], project["others"]

    assert shown(None) == (names[""], ["review", "test"])
    assert shown("review") == (names["review"], ["", "test"])
    with pytest.raises(NotFoundError):
        shown("other")


def test_drift_is_looked_for_in_the_one_that_is_meant(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    names = three(world)
    monkeypatch.setattr(drift, "examine", lambda ledger, engine, container: [])
    assert drift.verify(Target(world.where("shop")), False, world.ui).container.name == names[""]
    assert drift.verify(Target(world.where("shop"), "test"), False, world.ui).container.name == names["test"]
    world.stop("shop", "test")
    with pytest.raises(NotFoundError, match="does not run"):
        drift.verify(Target(world.where("shop"), "test"), False, world.ui)


def test_the_history_of_one_of_them(world: World) -> None:
    names = three(world)
    query = HistoryQuery(world.where("shop"), kinds=("session",))
    assert {row.container for row in history(query)} == set(names.values())
    assert [row.container for row in history(query._replace(variant="test", limit=5))] == [names["test"]]
    with pytest.raises(UsageError):
        policies(query._replace(variant="test"), "")


@pytest.mark.parametrize(
    ("word", "name", "wanted"),
    [
        ("shop", None, Target(Path("shop"))),
        ("shop", "a", Target(Path("shop"), "a")),
        ("shop", "", Target(Path("shop"), "")),
        ("shop@a", None, Target(Path("shop"), "a")),
        ("shop@", None, Target(Path("shop"), "")),
        ("@a", None, Target(Path(), "a")),
        ("a@b/c", None, Target(Path("a@b/c"))),
        ("me@HOME", None, Target(Path("me@HOME"))),
    ],
)
def test_words(word: str, name: str | None, wanted: Target) -> None:
    assert target(Path(word), name) == wanted


def test_a_directory_that_is_called_so_is_meant_itself(tmp_path: Path) -> None:
    (tmp_path / "shop@a").mkdir()
    assert target(tmp_path / "shop@a") == Target(tmp_path / "shop@a")
    assert target(tmp_path / "shop@a", "b") == Target(tmp_path / "shop@a", "b")


@pytest.mark.parametrize(
    ("word", "name"), [("shop@a", "b"), ("shop", "A"), ("shop", "-a"), ("shop", "a" * 32)]
)
def test_words_that_cannot_be(word: str, name: str) -> None:
    with pytest.raises(UsageError):
        target(Path(word), name)


def test_names_never_meet() -> None:
    """Cut to one length, and told apart by what is hashed."""
    long = "a" * 31
    found = [
        container_name(path, variant)
        for path in ("/srv/shop", "/srv/shop-review", "/work/shop", f"/srv/{long}")
        for variant in ("", "review", "test", long, long[:-1] + "b")
    ]
    assert len(set(found)) == len(found)
    assert max(map(len, found)) <= 40
    assert container_name("/srv/shop", "review").startswith("contenant-shop-review-")
