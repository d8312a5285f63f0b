"""A container that starts again mounts what it was made with, whatever the agent put in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from contenant.app.project import container_dir, identify
from contenant.app.results import RunRequest
from contenant.app.run import run
from contenant.errors import BusyError
from tests.app.world import World


@pytest.fixture
def shop(world: World) -> Path:
    """A project with a shielded directory and a shielded file below another."""
    path = world.project("shop")
    (path / ".vscode").mkdir()
    (path / ".git").mkdir()
    (path / ".git" / "config").write_text("[core]\n")
    world.run("shop")
    world.engine.stop_all()
    return path


def starts(world: World) -> int:
    return [name for name, _ in world.engine.calls].count("start")


def test_nothing_changed(world: World, shop: Path) -> None:
    world.run("shop")
    assert starts(world) == 2


def test_a_link_above_a_shield(world: World, shop: Path) -> None:
    secret = world.home / "secret"
    secret.mkdir()
    (secret / "config").write_text("token")
    (shop / ".git").rename(shop / "moved")
    (shop / ".git").symlink_to(secret)
    with pytest.raises(BusyError, match="leads elsewhere"):
        world.run("shop")
    assert starts(world) == 1
    world.run("shop", recreate=True)
    (spec,) = world.engine.specs.values()
    assert not [mount for mount in spec.mounts if "config" in mount.source]
    world.engine.stop_all()
    world.run("shop")


def test_a_link_in_the_place_of_a_mount(world: World, shop: Path) -> None:
    data = shop / "data"
    data.mkdir()
    run(RunRequest(shop, ("true",), recreate=True, mounts=(f"{data}:/data:ro",)), world.ui)
    world.engine.stop_all()
    data.rmdir()
    data.symlink_to("/etc")
    with pytest.raises(BusyError, match="leads elsewhere"):
        world.run("shop")


def test_what_is_gone(world: World, shop: Path) -> None:
    (shop / ".vscode").rmdir()
    with pytest.raises(BusyError, match="is gone") as caught:
        world.run("shop")
    assert "--recreate" in caught.value.hint


def test_what_is_not_on_record_is_not_believed(world: World, shop: Path) -> None:
    (container_dir(identify(shop)[1]) / "mounts.json").unlink()
    with pytest.raises(BusyError, match="not on record"):
        world.run("shop")
