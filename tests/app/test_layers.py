"""Which image belongs to a project with a layer of its own, and what `clean` and trust make of layers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contenant import config
from contenant.app import configuration, desired, image_plan, inventory, post_create, steps
from contenant.app.behind import wanted_images
from contenant.app.ledger import Ledger
from contenant.app.project import Target
from contenant.app.results import RunRequest
from contenant.app.run import run
from contenant.app.show import show
from contenant.core import changes, labels
from contenant.core.layer import top_tag
from contenant.core.records import ImageRecord
from tests.app.world import IMAGE, World

FILE = "FROM contenant/base\nCOPY tool /opt/\n"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(monkeypatch)

    def kept(settings: Any) -> str:
        return top_tag(IMAGE, settings.layers)

    monkeypatch.setattr(desired, "kept_image", kept)
    monkeypatch.setattr(inventory, "kept_image", kept)
    monkeypatch.setattr(image_plan, "kept_image", kept)
    monkeypatch.setattr(steps, "_ensure_image", lambda site, ui: made.engine.add_image(site.wanted.image))
    yield made
    made.close()


@pytest.fixture
def shop(world: World) -> Path:
    path = world.project("shop")
    (path / ".contenant").mkdir()
    (path / ".contenant" / "Containerfile").write_text(FILE)
    (path / ".contenant" / "tool").write_text("a tool")
    return path


def trust(shop: Path) -> None:
    configuration.trust(configuration.read_request(shop))


def test_a_layer_takes_effect_with_trust_and_recreate(world: World, shop: Path) -> None:
    world.run("shop")
    (row,) = world.list().rows
    assert (row.image, row.outdated) == (IMAGE, False)
    assert any("image.containerfile" in said and "config trust" in said for said in world.ui.said)
    trust(shop)
    assert world.list().rows[0].outdated
    world.ui.said.clear()
    world.run("shop")
    assert any("the image moved on" in said for said in world.ui.said)
    assert world.list().rows[0].image == IMAGE, "an existing container stays what it is"
    world.run("shop", recreate=True)
    (row,) = world.list().rows
    assert row.image.startswith("contenant:1-project-")
    assert not row.outdated
    image = show(Target(shop), world.ui)["image"]
    assert (image["reference"], image["layers"]) == (row.image, [f"project: {shop}/.contenant/Containerfile"])
    (shop / ".contenant" / "tool").write_text("another")
    assert show(Target(shop), world.ui)["image"]["layers"] == []
    assert world.list().rows[0].outdated, "without trust, no layer"
    world.run("plain")
    assert {row.name: row.outdated for row in world.list().rows if "plain" in row.name}.popitem()[1] is False


def test_what_is_trusted_is_shown_first(shop: Path) -> None:
    request = configuration.read_request(shop)
    assert request.path == str(config.project_path(shop))
    assert FILE in request.text
    assert ".contenant.toml" not in request.text, "there is none"
    assert "copied: tool, 6 bytes, SHA-256" in request.text
    assert "run as root" in request.text
    assert request.asks == (f"image.containerfile {shop}/.contenant/Containerfile",)
    trust(shop)
    assert configuration.read_request(shop).trusted


def test_clean_keeps_what_layers_lie_on(world: World, shop: Path) -> None:
    trust(shop)
    world.run("shop")
    (row,) = world.list().rows
    old, lower = "contenant:0-user-000000000000", "contenant:0-000000000000"
    with Ledger() as ledger:
        for number, (reference, parent) in enumerate([(row.image, IMAGE), (old, lower), (lower, "debian")]):
            record = ImageRecord(
                f"{number:026d}", "r", "user", parent, reference, "d", "1", "local", "d", "{}",
                "2026-01-01T00:00:00.000Z", 1.0, 1,
            )  # fmt: skip
            ledger.store().apply([changes.image_built(record)])
            world.engine.add_image(reference, {labels.MANAGED: "1"})
        settings = config.load(None, {}, {})
        survey = inventory.look_around(ledger)
        found = {item.name: item.action for item in image_plan.verdicts(ledger, survey, settings, ())}
        assert found == {row.image: "keep", old: "remove", lower: "remove"}
        assert wanted_images(ledger, settings) == {IMAGE, row.image}


def test_a_wrong_layer_of_another_project_hides_nothing(world: World, shop: Path) -> None:
    world.run("shop")
    (shop / ".contenant.toml").write_text("nonsense")
    assert [row.outdated for row in world.list().rows] == [False]
    with Ledger() as ledger:
        assert wanted_images(ledger, config.load(None, {}, {})) == {IMAGE}


@pytest.mark.parametrize("code", [0, 3])
def test_the_command_for_a_new_container_runs_once(
    world: World, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    project = world.project("dev")
    (project / ".devcontainer").mkdir()
    (project / ".devcontainer" / "devcontainer.json").write_text(
        '{"image": "debian", "features": {}, "postCreateCommand": "make setup"}'
    )
    config.project_path(project).write_text("devcontainer = true\n")
    called: list[list[str]] = []

    def stream(argv: list[str], on_line: Any, **given: Any) -> int:
        called.append(argv)
        on_line("a line")
        return code

    monkeypatch.setattr(post_create, "stream", stream)
    world.run("dev")
    assert called == []
    trust(project)
    world.run("dev", recreate=True)
    run(RunRequest(project, ("true",)), world.ui)
    assert [argv[-3:] for argv in called] == [["sh", "-c", "make setup"]]
    assert "a line" in world.ui.said
    assert any("features is left out" in said for said in world.ui.said)
    assert any("ended with 3" in said for said in world.ui.said) is bool(code)
    ended = [event for event in world.events() if event.kind == "session.ended"]
    assert len(ended) == 4, "each is on record"
