"""What is on record of images, what goes, what is moved: over an engine in memory and a real database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contenant import paths
from contenant.app import (
    configuration,
    desired,
    image_move,
    image_plan,
    image_prune,
    image_sbom,
    image_show,
    image_stores,
    images,
)
from contenant.app.ledger import Ledger
from contenant.app.results import CleanRequest
from contenant.core import changes, labels
from contenant.core.records import ImageRecord
from contenant.core.values import ImageReport
from contenant.errors import EngineUnavailableError, NotFoundError, UsageError
from tests.app.world import IMAGE, World
from tests.image.test_archive import config_of, write

OLD, OLDER, OLDEST = (f"contenant:1-{digit * 12}" for digit in "321")
BASE = "localhost/contenant-base:trixie"
RECIPE = "000000000000" + "9" * 52


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(monkeypatch)
    for module in (desired, image_plan, image_show, image_stores):
        monkeypatch.setattr(module, "kept_image", lambda settings: IMAGE)
    monkeypatch.setattr(image_move, "current_image", lambda settings: IMAGE)
    monkeypatch.setattr(image_move, "tagged_version", lambda reference: reference[10:].partition("-")[0])
    yield made
    made.close()


def built(world: World, reference: str, day: int, **more: Any) -> ImageReport:
    """An image that the engine has and that is on record."""
    report = world.engine.add_image(reference, {labels.MANAGED: "1", labels.RECIPE: RECIPE})
    fields: dict[str, Any] = {
        "id": f"id{day:02d}",
        "recipe": f"abc{day}" + "f" * 60,
        "layer": "base",
        "parent": BASE,
        "reference": reference,
        "digest": report.digest,
        "claude_version": "1",
        "base_origin": "local",
        "base_digest": "sha256:b",
        "build_args": '{"ARCH":"amd64"}',
        "built": f"2026-11-{day:02d}T00:00:00.000Z",
        "seconds": 61.5,
        "size": 1000,
        "inputs": '{"b":"22","a":"11"}',
        "steps": '[["stage system",41.0]]',
        "engine": "podman",
    }
    with Ledger() as ledger:
        ledger.store().apply([changes.image_built(ImageRecord(**fields | more))])
    return report


@pytest.fixture
def five(world: World) -> World:
    """Four builds, of which a container was made from the oldest but one, and Debian's base."""
    world.engine.add_image(BASE, {labels.MANAGED: "1"})
    for day, reference in enumerate((OLDEST, OLDER, OLD, IMAGE), 1):
        built(world, reference, day)
    return world


def there(world: World) -> set[str]:
    return set(world.engine._images)


def test_prune_keeps_what_is_needed_and_takes_the_rest(five: World) -> None:
    plan = image_prune.plan(five.ui)
    assert {one.name: one.action for one in plan} == {
        IMAGE: "keep",
        OLD: "keep",
        OLDER: "remove",
        OLDEST: "remove",
    }
    assert image_prune.totals(plan) == (2000, 2000)
    assert there(five) == {IMAGE, OLD, OLDER, OLDEST, BASE}, "a plan changes nothing"
    results = image_prune.apply(plan, five.ui)
    assert [one.result for one in results].count("removed") == 2
    assert there(five) == {IMAGE, OLD, BASE}
    assert [one.kind for one in five.events()][-2:] == ["image.removed"] * 2
    assert all(one.action == "keep" for one in image_prune.plan(five.ui))


def test_prune_and_clean_ask_the_same(five: World) -> None:
    from contenant.app import clean

    request = CleanRequest(images=True)
    assert clean.plan(request, five.ui) == image_prune.plan(five.ui)
    clean.apply(clean.plan(request, five.ui), request, five.ui)
    assert there(five) == {IMAGE, OLD, BASE}


def test_what_comes_to_be_needed_after_the_question_stays(five: World) -> None:
    plan = image_prune.plan(five.ui)
    five.engine.add_foreign("theirs", state="stopped")
    five.engine._containers["theirs"] = five.engine._containers["theirs"]._replace(
        image=f"localhost/{OLDEST}"
    )
    results = {one.verdict.name: one.result for one in image_prune.apply(plan, five.ui)}
    assert results[OLDEST] == "kept"
    assert OLDEST in there(five)
    assert OLDER not in there(five)


def test_a_container_of_an_image_keeps_it(five: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from contenant.app import desired

    monkeypatch.setattr(desired, "kept_image", lambda settings: OLDEST)
    assert five.run("shop") == 0
    reasons = {one.name: one.reason for one in image_prune.plan(five.ui)}
    assert reasons[OLDEST].endswith("was made from it")
    assert reasons[OLDEST].startswith("contenant-shop-")


def test_a_projects_own_current_image_stays(five: World, monkeypatch: pytest.MonkeyPatch) -> None:
    five.run("shop")
    here = str(five.where("shop"))
    (five.where("shop") / ".contenant.toml").write_text("")
    monkeypatch.setattr(configuration, "load", lambda ledger, path, flags: path)
    monkeypatch.setattr(desired, "kept_image", lambda given: OLDEST if given == here else IMAGE)
    reasons = {one.name: one.reason for one in image_prune.plan(five.ui)}
    assert reasons[OLDEST] == f"new containers of {here} are made from it"


def test_an_earlier_build_of_a_name_goes(world: World) -> None:
    first = built(world, IMAGE, 1)
    world.engine.orphan_image(IMAGE)
    built(world, IMAGE, 2)
    (orphan,) = (one for one in image_prune.plan(world.ui) if one.action == "remove")
    assert (orphan.name, orphan.subject) == (image_plan.short_id(first), first.engine_id)
    image_prune.apply([orphan], world.ui)
    rows, _ = images.list_images(world.ui)
    assert [(row["reference"], row["id"]) for row in rows] == [(IMAGE, "id02")]
    assert image_show.history()[0].what == "removed"


def test_a_removal_that_fails_is_told(five: World) -> None:
    from contenant.errors import EngineError

    plan = image_prune.plan(five.ui)
    five.engine.fail_next("remove_image", EngineError("it is in use"))
    results = [(one.result, one.detail) for one in image_prune.apply(plan, five.ui)]
    assert ("failed", "it is in use") in results
    assert [result for result, _ in results].count("removed") == 1


def test_prune_with_a_silent_engine(five: World) -> None:
    five.engine.unreachable()
    with pytest.raises(EngineUnavailableError):
        image_prune.plan(five.ui)
    assert there(five) == {IMAGE, OLD, OLDER, OLDEST, BASE}


def test_list_says_where_each_is(five: World) -> None:
    five.engine.remove_image(OLDEST)
    rows, silent = images.list_images(five.ui)
    assert [(row["reference"], row["engines"], row["current"]) for row in rows] == [
        (IMAGE, ["podman"], True),
        (OLD, ["podman"], False),
        (OLDER, ["podman"], False),
        (OLDEST, [], False),
    ]
    assert silent == {}
    five.engine.unreachable()
    rows, silent = images.list_images(five.ui)
    assert len(rows) == 4
    assert set(silent) == {"podman"}


def test_show_the_current_one(five: World) -> None:
    tree = image_show.show("")
    assert tree["image"]["reference"] == IMAGE
    assert (tree["image"]["current"], tree["image"]["engines"]) == (True, ["podman"])
    assert tree["build"]["steps"] == {"stage system": 41.0}
    assert (tree["base"]["chain"], tree["base"]["digest"]) == ([BASE], "sha256:b")
    assert tree["recipe"]["inputs"] == [{"path": "a", "sha256": "11"}, {"path": "b", "sha256": "22"}]
    assert tree["unreachable"] == {}


@pytest.mark.parametrize("text", [OLD, OLD.partition(":")[2], "id03", "3333", "abc3f"])
def test_what_a_text_means(five: World, text: str) -> None:
    assert image_show.show(text)["image"]["reference"] == OLD


@pytest.mark.parametrize(("text", "why"), [("0000", "may mean"), ("none", "no image"), ("3", "no image")])
def test_what_a_text_does_not_mean(five: World, text: str, why: str) -> None:
    with pytest.raises(NotFoundError, match=why):
        image_show.show(text)


def test_an_image_from_elsewhere_tells_of_itself(world: World) -> None:
    said = {
        labels.MANAGED: "1",
        labels.RECIPE: RECIPE,
        labels.CLAUDE: "1",
        labels.INPUTS: labels.encode('{"a":"11"}'),
        labels.SNAPSHOT: "2026-11-14T20:15:05.000Z",
        "org.opencontainers.image.base.name": BASE,
    }
    world.engine.add_image(IMAGE, said)
    tree = image_show.show("")
    assert (tree["build"]["origin"], tree["image"]["id"]) == ("found", "")
    assert tree["recipe"]["inputs"] == [{"path": "a", "sha256": "11"}]
    assert tree["base"]["snapshot"] == "2026-11-14T20:15:05.000Z"
    assert tree["base"]["reference"] == BASE


def test_show_of_what_is_not_there(world: World) -> None:
    with pytest.raises(NotFoundError, match="is not built yet"):
        image_show.show("")
    world.engine.unreachable()
    with pytest.raises(EngineUnavailableError):
        image_show.show("")


def test_show_of_what_was_removed(five: World) -> None:
    image_prune.apply(image_prune.plan(five.ui), five.ui)
    image = image_show.show(OLDEST)["image"]
    assert image["removed"]
    assert (image["removed_why"], image["engines"]) == ("no container needs it", [])


def test_history_tells_a_build_once(world: World) -> None:
    with Ledger() as ledger:
        store = ledger.store()
        store.apply([changes.image_building(IMAGE, RECIPE)])
        store.apply([changes.image_failed(IMAGE, RECIPE, "/logs/1")])
        store.apply([changes.image_building(OLD, RECIPE)])
        store.apply([changes.image_building(IMAGE, RECIPE)])
    built(world, IMAGE, 1, log="/logs/2")
    found = image_show.history()
    assert [(one.what, one.reference) for one in found] == [
        ("built", IMAGE),
        ("building", OLD),
        ("failed", IMAGE),
    ]
    assert (found[0].seconds, found[0].log, found[0].size, found[0].id) == (61.5, "/logs/2", 1000, "id01")
    assert found[2].log == "/logs/1"
    assert found[2].seconds is not None
    assert found[1].seconds is None


def test_the_log_that_is_wanted(world: World) -> None:
    logs = paths.ensure_private(paths.state_dir() / "logs")
    places = [logs / f"build-{number}.log" for number in range(3)]
    for place in places[:2]:
        place.write_text(f"of {place.name}\n")
    with Ledger() as ledger:
        ledger.store().apply([changes.image_failed(OLD, RECIPE, str(places[0]))])
    built(world, IMAGE, 1, log=str(places[1]))
    assert image_show.log("", failed=False).text == "of build-1.log\n"
    assert image_show.log("", failed=True).text == "of build-0.log\n"
    assert image_show.log(OLD, failed=False).text == "of build-0.log\n"
    assert image_show.log(RECIPE[:14], failed=False).text == "of build-0.log\n"
    assert image_show.log("id01", failed=False).path == str(places[1])
    places[0].unlink()
    with pytest.raises(NotFoundError, match="is not kept any more"):
        image_show.log("", failed=True)
    with pytest.raises(NotFoundError, match="no build of none"):
        image_show.log("none", failed=False)


def test_of_a_long_log_the_end_is_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_show, "LOG_LIMIT", 8)
    place = paths.ensure_private(paths.state_dir() / "logs") / "build-1.log"
    place.write_bytes(b"a" * 100 + b"the \xffend")
    found = image_show.log("", failed=False)  # from before logs were on record
    assert (found.text, found.left_out) == ("the \\xffend", 100)


PRINTED = "dpkg\t1.22\tamd64\tdpkg\t1.22\tinstalled\n\njj 0.35.0\n"


def test_a_bill_of_materials(five: World) -> None:
    five.engine.prints = PRINTED
    document = image_sbom.bill("", "spdx")
    assert document["name"] == IMAGE
    assert [one["name"] for one in document["packages"]] == [IMAGE, "dpkg", "claude-code", "jj"]
    assert image_sbom.bill(OLD, "cyclonedx")["metadata"]["component"]["name"] == OLD
    assert [call for call in five.engine.calls if call[0] == "run_once"] == [
        ("run_once", IMAGE),
        ("run_once", OLD),
    ]
    five.engine.remove_image(OLD)
    with pytest.raises(NotFoundError, match="no engine has"):
        image_sbom.bill(OLD, "spdx")


def archive_of(path: Path, reference: str = IMAGE, **more: str) -> Path:
    """What an engine writes."""
    said = {labels.MANAGED: "1", labels.RECIPE: RECIPE, labels.CLAUDE: "1", labels.INPUTS: "{}"} | more
    entry = {"Config": "c.json", "RepoTags": [reference], "Layers": ["1", "2"]}
    files = {"manifest.json": json.dumps([entry]).encode(), "c.json": config_of(said)}
    return write(path, files | {"1": b"first layer", "2": b"second layer"})


def test_saved_here_and_loaded_there(five: World, tmp_path: Path) -> None:
    five.engine.saves = archive_of(tmp_path / "engine.tar").read_bytes()
    target = tmp_path / "image.tar"
    told = image_move.save("", target, None, five.ui)
    assert (told["reference"], told["layers"], told["bytes"]) == (IMAGE, 2, target.stat().st_size)
    assert sorted(path.name for path in tmp_path.glob("*.tar")) == ["engine.tar", "image.tar"]
    assert not list(tmp_path.glob(".image.tar*"))
    with pytest.raises(UsageError, match="is there already"):
        image_move.save("", target, None, five.ui)

    five.engine.reinstall()
    loaded = image_move.load(target, None, five.ui)
    assert (loaded["reference"], loaded["current"], loaded["recipe"]) == (IMAGE, True, RECIPE)
    assert five.engine.image(IMAGE) is not None
    event = five.events()[-1]
    assert (event.kind, json.loads(event.data)["origin"]) == ("image.loaded", "loaded")
    assert five.ui.said == []


def test_a_stick_that_knows_no_links(five: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    five.engine.saves = archive_of(tmp_path / "engine.tar").read_bytes()
    monkeypatch.setattr(image_move.os, "link", link)
    image_move.save("", tmp_path / "image.tar", None, five.ui)
    assert image_move.archive.look(tmp_path / "image.tar").reference == IMAGE


def test_another_image_than_the_current_is_said_to_be(world: World, tmp_path: Path) -> None:
    other = {labels.RECIPE: "5" * 64}
    loaded = image_move.load(
        archive_of(tmp_path / "i.tar", f"contenant:1-{'5' * 12}", **other), None, world.ui
    )
    assert not loaded["current"]
    assert any("is not the image that new containers are made from" in said for said in world.ui.said)


@pytest.mark.parametrize(
    ("reference", "more", "why"),
    [
        ("debian:trixie", {}, "its labels say"),
        ("contenant:1-111111111111", {}, "its labels say"),
        ("contenant:2-000000000000", {}, "its labels say"),
        (IMAGE, {labels.MANAGED: "0"}, "did not make"),
        (IMAGE, {labels.RECIPE: ""}, "did not make"),
    ],
)
def test_what_is_not_what_it_says_never_reaches_the_engine(
    world: World, tmp_path: Path, reference: str, more: dict[str, str], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        image_move.load(archive_of(tmp_path / "i.tar", reference, **more), None, world.ui)
    assert "load_image" not in [method for method, _ in world.engine.calls]
    assert world.events() == []


def test_a_target_that_cannot_be_written(five: World, tmp_path: Path) -> None:
    from contenant.errors import StateError

    with pytest.raises(StateError, match="cannot write"):
        image_move.save("", tmp_path / "no" / "such" / "image.tar", None, five.ui)
    with pytest.raises(NotFoundError, match="docker does not have"):
        image_move.save("", tmp_path / "image.tar", "docker", five.ui)
