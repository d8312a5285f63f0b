"""Versions over an engine in memory, a real database, real recipes and an npm of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant import config, host, locks
from contenant.app import configuration, images, recreate, show, upgrade, versions
from contenant.app.ledger import Ledger
from contenant.app.project import Target
from contenant.app.results import RunRequest
from contenant.app.run import run
from contenant.app.upgrade import Request
from contenant.core import changes
from contenant.core.records import SessionRecord
from contenant.core.settings import Settings
from contenant.core.versions import tagged_version
from contenant.errors import ConfigError, EngineError, EngineUnavailableError, ImageBuildError, NotFoundError
from contenant.image import choice
from contenant.image.recipe import current
from contenant.image.registry import RegistryError
from contenant.image.versions import UnpinnedError, kept, shipped
from tests.app.world import World, building_world
from tests.npm import Npm, digest, install

OWN = shipped().version
NEW, NEWER = "2.1.9001", "2.1.9002"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = building_world(monkeypatch)
    yield made
    made.close()


@pytest.fixture
def npm(world: World, monkeypatch: pytest.MonkeyPatch) -> Npm:
    npm = install(world.home / "npm", monkeypatch)
    npm.publish(NEW)
    return npm


def settings() -> Settings:
    return config.load(None, {}, {})


def configure(text: str) -> None:
    config.user_path().parent.mkdir(parents=True, exist_ok=True)
    config.user_path().write_text(text)


def pin(world: World, name: str, version: str, *, trust: bool = True) -> None:
    """Let a project name a version."""
    (world.project(name) / ".contenant.toml").write_text(f'claude.version = "{version}"\n')
    if trust:
        configuration.trust(configuration.read_request(world.project(name)))


def in_list(world: World) -> dict[str, tuple[str, bool]]:
    """Project -> version in its container, and whether it is marked."""
    return {Path(row.project).name: (row.claude, row.outdated) for row in world.list().rows}


def events(world: World, kind: str) -> list[dict[str, object]]:
    return [json.loads(event.data) for event in world.events() if event.kind == kind]


def engine_calls(world: World, method: str) -> list[str]:
    return [argument for called, argument in world.engine.calls if called == method]


def test_an_upgrade_pins_builds_chooses_and_moves_nothing(world: World, npm: Npm) -> None:
    world.run("a", keep=False)
    assert in_list(world) == {"a": (OWN, False)}
    assert npm.calls() == [], "a run asks no registry"
    found = upgrade.upgrade(Request(), world.ui)
    assert (found["from"], found["to"], found["built"]) == (OWN, NEW, True)
    assert [(item["name"], item["result"]) for item in found["containers"]] == [
        (row.name, "behind") for row in world.list().rows
    ]
    assert npm.calls()[0] == "@anthropic-ai/claude-code dist-tags"
    (pinned,) = events(world, "claude.pinned")
    assert pinned["integrity"] == {
        platform: digest(NEW + platform) for platform in ("linux-arm64", "linux-x64")
    }
    assert events(world, "claude.chosen") == [{"from": OWN, "to": NEW, "why": "upgrade"}]
    kinds = [event.kind for event in world.events()]
    kinds = kinds[kinds.index("claude.pinned") :]
    assert kinds.index("claude.pinned") < kinds.index("image.built") < kinds.index("claude.chosen")
    assert choice.lock_file(NEW).stat().st_mode & 0o777 == 0o600
    assert in_list(world) == {"a": (OWN, True)}
    world.run("a", keep=False, recreate=True)
    world.run("b", keep=False)
    assert in_list(world) == {"a": (NEW, False), "b": (NEW, False)}
    assert current(settings()).lock == kept(NEW)


def test_a_failed_build_changes_nothing(world: World, npm: Npm) -> None:
    world.engine.fail_next("build", EngineError("no space left"))
    with pytest.raises(EngineError):
        upgrade.upgrade(Request(), world.ui)
    assert events(world, "claude.chosen") == []
    assert current(settings()).lock == shipped()
    assert versions.decide(settings()).by == "shipped"
    upgrade.upgrade(Request(), world.ui)
    assert versions.decide(settings()) == (NEW, "chosen", "")


def test_back_further_back_and_forward_again(world: World, npm: Npm) -> None:
    upgrade.upgrade(Request(), world.ui)
    npm.publish(NEWER)
    upgrade.upgrade(Request(), world.ui)
    built = len(engine_calls(world, "build"))
    npm.switch("down")
    assert upgrade.rollback(Request(), world.ui)["to"] == NEW
    assert upgrade.rollback(Request(), world.ui)["to"] == OWN
    assert len(engine_calls(world, "build")) == built + 1, (
        "the shipped one was never built, the other is there"
    )
    with pytest.raises(NotFoundError, match=OWN):
        upgrade.rollback(Request(), world.ui)
    assert versions.decide(settings()).by == "shipped"
    npm.switch("down", False)
    assert upgrade.upgrade(Request(), world.ui)["to"] == NEWER
    assert upgrade.rollback(Request(), world.ui)["to"] == OWN
    steps_ = [(step["from"], step["to"], step["why"]) for step in events(world, "claude.chosen")]
    assert steps_[-2:] == [(OWN, NEWER, "upgrade"), (NEWER, OWN, "rollback")]


def test_a_step_down_by_name_is_said(world: World, npm: Npm) -> None:
    npm.publish("2.1.200", latest=False)
    assert upgrade.upgrade(Request(to="2.1.200"), world.ui)["to"] == "2.1.200"
    assert f"Claude Code 2.1.200 is older than {OWN}, which was in use" in world.ui.said
    assert upgrade.rollback(Request(), world.ui)["to"] == OWN


def test_a_registry_that_says_another_integrity_is_refused(world: World, npm: Npm) -> None:
    upgrade.upgrade(Request(), world.ui)
    npm.publish(NEW, integrity=digest("something else"))
    built = len(engine_calls(world, "build"))
    for _ in range(2):
        with pytest.raises(ImageBuildError, match="another integrity") as caught:
            upgrade.upgrade(Request(), world.ui)
        assert "claude.pinned" in caught.value.hint
        choice.lock_file(NEW).unlink(missing_ok=True)  # the second time the record alone remembers
    assert len(engine_calls(world, "build")) == built
    assert len(events(world, "claude.pinned")) == 1


def test_a_silent_registry_is_no_obstacle_for_what_is_pinned(world: World, npm: Npm) -> None:
    npm.publish(NEWER, latest=False)
    upgrade.upgrade(Request(), world.ui)
    npm.switch("down")
    assert upgrade.upgrade(Request(to=NEW), world.ui)["changed"] is False
    assert any("was pinned before" in line for line in world.ui.said)
    assert upgrade.upgrade(Request(to=OWN), world.ui)["to"] == OWN, "contenant's own is asked of nobody"
    with pytest.raises(RegistryError):
        upgrade.upgrade(Request(to=NEWER), world.ui)
    with pytest.raises(RegistryError):
        upgrade.upgrade(Request(), world.ui)
    assert versions.decide(settings()).version == OWN


def test_a_setting_that_names_a_version_decides(world: World, npm: Npm) -> None:
    configure(f'claude.version = "{NEW}"\n')
    for go in (lambda: upgrade.upgrade(Request(), world.ui), lambda: upgrade.rollback(Request(), world.ui)):
        with pytest.raises(ConfigError, match=NEW) as caught:
            go()
        assert str(config.user_path()) in caught.value.message
    assert npm.calls() == []
    assert upgrade.upgrade(Request(to=NEW), world.ui)["built"] is True
    assert events(world, "claude.chosen") == []
    assert upgrade.outdated(world.ui)["why"] == f"claude.version in {config.user_path()}"


def test_a_version_is_pinned_where_its_first_container_is_made(world: World, npm: Npm) -> None:
    world.run("a", keep=False)
    configure(f'claude.version = "{NEW}"\n')
    with pytest.raises(UnpinnedError):
        current(settings())
    assert in_list(world) == {"a": (OWN, True)}
    world.run("a", keep=False)
    assert npm.calls() == [], "its container is there: nothing is asked"
    npm.switch("down")
    with pytest.raises(RegistryError):
        world.run("b", keep=False)
    npm.switch("down", False)
    world.run("b", keep=False)
    assert in_list(world) == {"a": (OWN, True), "b": (NEW, False)}
    npm.calls()
    world.run("c", keep=False)
    assert npm.calls() == []
    assert (
        world.engine.specs["contenant-c-" + world.list().rows[-1].name[-8:]].image == current(settings()).tag
    )


def test_latest_is_found_out_at_first_use_and_at_a_build_only(world: World, npm: Npm) -> None:
    configure('claude.version = "latest"\n')
    assert versions.decide(settings()).by == "shipped"
    world.run("a", keep=False)
    assert in_list(world) == {"a": (NEW, False)}
    npm.publish(NEWER)
    npm.calls()
    world.run("a", keep=False)
    world.run("b", keep=False)
    world.list()
    assert npm.calls() == []
    assert in_list(world)["b"] == (NEW, False)
    images.build(None, no_cache=False, ui=world.ui)
    assert in_list(world)["b"] == (NEW, True)
    assert versions.decide(settings()) == (NEWER, "latest", str(config.user_path()))
    assert [step["why"] for step in events(world, "claude.chosen")] == ["latest", "latest"]
    assert upgrade.rollback(Request(), world.ui)["to"] == NEW
    assert in_list(world)["b"] == (NEW, False)
    config.user_path().unlink()
    with pytest.raises(NotFoundError):
        upgrade.rollback(Request(), world.ui)


def test_latest_without_a_registry_uses_what_is_there(world: World, npm: Npm) -> None:
    configure('claude.version = "latest"\n')
    npm.switch("down")
    world.run("a", keep=False)
    assert in_list(world) == {"a": (OWN, False)}
    assert any("the version in use stays" in line for line in world.ui.said)
    assert events(world, "claude.chosen") == []


def test_a_project_has_a_pin_of_its_own(world: World, npm: Npm) -> None:
    pin(world, "pinned", OWN)
    pin(world, "asks", OWN, trust=False)
    for name in ("pinned", "asks", "plain"):
        world.run(name, keep=False)
    upgrade.upgrade(Request(), world.ui)
    assert in_list(world) == {"pinned": (OWN, False), "asks": (OWN, True), "plain": (OWN, True)}
    found = upgrade.outdated(world.ui)
    assert (found["containers"], found["containers_behind"]) == (3, 2)
    assert found["projects_behind"] == [str(world.where("asks")), str(world.where("plain"))]
    (world.where("pinned") / ".contenant.toml").write_text("not TOML")
    assert in_list(world)["pinned"] == (OWN, True), "a file that cannot be read decides nothing"


def live(world: World, name: str) -> None:
    """A session that goes on."""
    with Ledger() as ledger:
        store = ledger.store()
        (container,) = [c for c in store.containers() if c.name.startswith(f"contenant-{name}-")]
        me = host.own_mark()
        session = SessionRecord(
            id=store.new_id(),
            container_id=container.id,
            image=container.image,
            policy="",
            argv=("claude",),
            tty=True,
            detachable=False,
            pid=me.pid,
            pid_start=me.start,
            boot_id=me.boot,
            started=host.now_text(),
        )
        store.apply([changes.session_starting(session, container.project_id)])


def test_idle_containers_are_recreated_and_busy_ones_kept(world: World, npm: Npm) -> None:
    for name in ("idle", "runs", "busy", "gone"):
        world.run(name, keep=name != "idle")
    live(world, "busy")
    world.where("gone").rename(world.where("elsewhere"))
    found = upgrade.upgrade(Request(recreate_idle=True), world.ui)["containers"]
    told = {Path(item["project"]).name: (item["result"], item["reason"]) for item in found}
    assert told == {
        "idle": ("recreated", "no session lived in it"),
        "runs": ("recreated", "no session lived in it"),
        "busy": ("kept", "1 live session in it"),
        "gone": ("kept", "its project directory is gone"),
    }
    rows = {Path(row.project).name: (row.claude, row.state) for row in world.list().rows}
    assert rows == {
        "idle": (NEW, "created"),
        "runs": (NEW, "running"),
        "busy": (OWN, "running"),
        "gone": (OWN, "running"),
    }
    world.run("idle", keep=False)
    assert in_list(world)["idle"] == (NEW, False)
    found = upgrade.rollback(Request(recreate_idle=True), world.ui)["containers"]
    assert {Path(item["project"]).name for item in found} == {"idle", "runs"}, "the busy one is there already"


def test_creation_options_stay_and_one_failure_is_its_own(world: World, npm: Npm) -> None:
    world.run("a", keep=False)
    run(RunRequest(world.project("b"), ("true",), read_only=True, publish=("8080:80",)), world.ui)
    world.engine.fail_next("create", EngineError("it cannot"))
    found = upgrade.upgrade(Request(recreate_idle=True), world.ui)["containers"]
    assert [(item["result"], item["reason"]) for item in found] == [
        ("failed", "it cannot"),
        ("recreated", "no session lived in it"),
    ]
    (spec,) = [spec for name, spec in world.engine.specs.items() if name.startswith("contenant-b-")]
    assert tagged_version(spec.image) == NEW
    assert [port.host_port for port in spec.publish] == [8080]
    assert next(mount for mount in spec.mounts if mount.target == "/project").read_only
    world.run("a", keep=False)
    assert in_list(world) == {"a": (NEW, False), "b": (NEW, False)}


def test_one_that_another_contenant_holds_is_kept(
    world: World, npm: Npm, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("a", keep=False)
    monkeypatch.setattr(recreate, "PATIENCE", 0.1)
    (row,) = world.list().rows
    with locks.held(row.name, lambda: None):
        (item,) = upgrade.upgrade(Request(recreate_idle=True), world.ui)["containers"]
    assert item["result"] == "kept"
    assert "another contenant" in item["reason"]


def test_outdated_asks_once_a_day_and_is_silent_without_a_registry(world: World, npm: Npm) -> None:
    found = upgrade.outdated(world.ui)
    assert (found["chosen"], found["latest"], found["stable"], found["newer"]) == (OWN, NEW, None, True)
    npm.publish(NEWER)
    npm.tag("stable", NEW)
    assert upgrade.outdated(world.ui)["latest"] == NEW
    assert len(npm.calls()) == 1
    assert upgrade.outdated(world.ui, refresh=True)["stable"] == NEW
    npm.switch("down")
    assert upgrade.outdated(world.ui)["latest"] == NEWER, "kept"
    assert world.ui.said == []
    found = upgrade.outdated(world.ui, refresh=True)
    assert (found["latest"], found["asked"], found["newer"]) == (None, None, False)
    assert len(world.ui.said) == 1
    assert world.ui.said[0].startswith("the newest version is not known: npm view")


@pytest.mark.parametrize("spoilt", ["{", "[]", '{"asked": 1}', '{"asked": "x", "latest": "2.1.1"}'])
def test_a_spoilt_answer_is_asked_for_anew(world: World, npm: Npm, spoilt: str) -> None:
    upgrade.outdated(world.ui)
    (kept_,) = (world.home / "state" / "cache").glob("claude-versions.json")
    kept_.write_text(spoilt)
    npm.calls()
    assert upgrade.outdated(world.ui)["latest"] == NEW
    assert len(npm.calls()) == 1


def test_an_engine_that_is_silent_is_found_before_the_registry_is_asked(world: World, npm: Npm) -> None:
    world.engine.unreachable()
    for go in (upgrade.upgrade, upgrade.rollback):
        with pytest.raises(EngineUnavailableError):
            go(Request(), world.ui)
    assert npm.calls() == []


def test_show_says_which_why_and_how_to_move(world: World, npm: Npm) -> None:
    world.run("a", keep=False)

    def told() -> dict[str, object]:
        found: dict[str, object] = show.show(Target(world.where("a")), world.ui)["claude"]
        return found

    assert told() == {
        "version": OWN,
        "wanted": OWN,
        "why": "shipped with this contenant",
        "move": "contenant image upgrade",
    }
    upgrade.upgrade(Request(), world.ui)
    assert (told()["wanted"], told()["move"]) == (NEW, "contenant --recreate")
    assert told()["why"] == "chosen by `contenant image upgrade` or `rollback`"
    pin(world, "a", OWN)
    file = str(world.where("a") / ".contenant.toml")
    assert told()["why"] == f"claude.version in {file}"
    assert told()["move"] == f"change claude.version in {file}"


def test_what_was_chosen_stays_pinned_whatever_is_shipped_later(
    world: World, npm: Npm, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade.upgrade(Request(), world.ui)
    assert choice.lock_file(OWN).exists()
    assert choice.lock_file(NEW).exists()
    own, text = shipped(), choice.lock_file(NEW).read_text()
    choice.lock_file(NEW).write_text(text.replace(NEW, NEWER))
    with pytest.raises(ImageBuildError, match="another version"):
        current(settings())
    choice.lock_file(NEW).write_text("version x\n")
    with pytest.raises(ImageBuildError, match=r"2\.1\.9001\.lock, line 1"):
        current(settings())
    assert own == shipped()
