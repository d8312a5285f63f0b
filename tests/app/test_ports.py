"""`contenant port` over an engine in memory: what is on record, what is refused, what comes of it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from contenant.app import ports
from contenant.app.project import Target
from contenant.app.results import RunRequest
from contenant.app.run import run
from contenant.core.values import Publish
from contenant.errors import BusyError, ConfigError, NotFoundError, UsageError
from contenant.process import Result
from tests.app.world import World
from tests.sockets import free_port

HEAD = "  sl  local_address rem_address   st\n"


@pytest.fixture
def free() -> int:
    return free_port()


def published(world: World) -> tuple[Publish, ...]:
    (spec,) = world.engine.specs.values()
    return spec.publish


def test_add_and_remove_wait_for_the_next_making(world: World, shop: Path, free: int) -> None:
    with pytest.raises(NotFoundError):
        ports.change(Target(shop), [f"{free}:80"], [], recreate=False, ui=world.ui)
    world.run("shop")
    ports.change(Target(shop), [f"{free}:80"], [], recreate=False, ui=world.ui)
    assert published(world) == ()
    assert "`contenant --recreate` makes it anew" in world.ui.said[-1]
    assert [row.state for row in ports.listing([Target(shop)], world.ui)] == ["wanted"]
    world.run("shop", recreate=True)
    assert published(world) == (Publish("127.0.0.1", free, 80),)
    ports.change(Target(shop), [], [f"{free}:80"], recreate=True, ui=world.ui)
    assert published(world) == ()
    assert ports.listing([], world.ui) == []
    kinds = [json.loads(event.data)["why"] for event in world.events() if event.kind == "container.options"]
    assert kinds == [f"ports +{free}:80", f"ports -{free}:80"]


def test_a_live_session_is_not_ended(
    world: World, shop: Path, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(argv: object, **given: object) -> int:
        with pytest.raises(BusyError, match="live session"):
            ports.change(Target(shop), [f"{free}:80"], [], recreate=True, ui=world.ui)
        assert ports.listing([Target(shop)], world.ui) == []
        return 0

    monkeypatch.setattr("contenant.app.session.attach", meanwhile)
    world.run("shop")
    assert published(world) == ()


def test_a_port_in_use_is_told_before_anything_is_made(world: World, shop: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port = one.getsockname()[1]
        with pytest.raises(BusyError, match=rf"in use, by \S+ \(pid {os.getpid()}\)") as refused:
            run(RunRequest(shop, ("true",), publish=(f"{port}:80",)), world.ui)
        assert "publish another one, such as" in refused.value.hint
        assert world.reports() == ()
        world.run("shop")
        with pytest.raises(BusyError):
            ports.change(Target(shop), [f"{port}:80"], [], recreate=False, ui=world.ui)
    run(RunRequest(shop, ("true",), publish=(f"{port}:80",), recreate=True), world.ui)
    assert published(world)


def test_another_containers_port_is_named(
    world: World, shop: Path, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTENANT_KEEP_RUNNING", "true")
    run(RunRequest(shop, ("true",), publish=(f"{free}:80",)), world.ui)
    with socket.socket() as one:  # as its engine would
        one.bind(("127.0.0.1", free))
        one.listen()
        request = RunRequest(world.project("other"), ("true",), publish=(f"{free}:80",))
        with pytest.raises(BusyError, match="in use, by the container contenant-shop-"):
            run(request, world.ui)
        run(RunRequest(shop, ("true",), recreate=True), world.ui)  # its own is given up first


def test_addresses(world: World, shop: Path, free: int) -> None:
    with pytest.raises(ConfigError, match="no address of this machine"):
        run(RunRequest(shop, ("true",), publish=(f"192.0.2.1:{free}:80",)), world.ui)
    run(RunRequest(shop, ("true",), publish=(f"0.0.0.0:{free}:80",)), world.ui)
    assert any("open to every machine" in text for text in world.ui.said)


def test_a_port_of_a_setting_is_taken_off_there(
    world: World, shop: Path, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTENANT_PUBLISH", f"{free}:80")
    world.run("shop")
    with pytest.raises(UsageError, match="CONTENANT_PUBLISH"):
        ports.change(Target(shop), [], [f"{free}:80"], recreate=False, ui=world.ui)
    with pytest.raises(UsageError, match="want the same port"):
        ports.change(Target(shop), [f"{free}:81"], [], recreate=False, ui=world.ui)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (f"{HEAD} 0: 00000000:0050 00000000:0000 0A\n", "listening"),
        (f"{HEAD} 0: 0100007F:0050 00000000:0000 0A\n", "inside only"),
        (HEAD, "nothing"),
        ("", "unknown"),
    ],
)
def test_what_is_behind(
    world: World, shop: Path, free: int, monkeypatch: pytest.MonkeyPatch, answer: str, state: str
) -> None:
    monkeypatch.setenv("CONTENANT_KEEP_RUNNING", "true")
    run(RunRequest(shop, ("true",), publish=(f"{free}:80",)), world.ui)
    monkeypatch.setattr(ports, "capture", lambda argv, **given: Result(0, answer, ""))
    (row,) = ports.listing([Target(shop)], world.ui)
    assert (row.host, row.port, row.state) == (f"127.0.0.1:{free}", "80/tcp", state)
    world.stop("shop")
    assert [row.state for row in ports.listing([], world.ui)] == ["stopped"]
