"""Settings of a project and the trust in its file, over a real database."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from contenant import config
from contenant.app import configuration
from contenant.app.ledger import Ledger
from contenant.app.results import RunRequest
from contenant.app.run import run
from contenant.core.settings import Settings
from contenant.core.values import Mount
from contenant.errors import BusyError, ConfigError, NotFoundError, UsageError
from tests.app.world import World

ASKS = '[env]\nLD_PRELOAD = "/project/x.so"\n[firewall]\nallow = ["evil.example"]\n'


def write(shop: Path, text: str) -> Path:
    path = shop / config.PROJECT_FILE
    path.write_text(text)
    return path


def load(shop: Path) -> Settings:
    with Ledger() as ledger:
        return configuration.load(ledger, str(shop), {})


def test_trust_lets_a_file_have_its_way_and_ends_with_a_byte(shop: Path) -> None:
    path = write(shop, ASKS)
    assert load(shop).env == {}
    request = configuration.read_request(shop)
    assert request.text == f"{request.path}:\n\n{ASKS}"
    assert request.sha256 == hashlib.sha256(ASKS.encode()).hexdigest()
    assert request.asks == ("env LD_PRELOAD=…", "firewall.allow evil.example")
    assert not request.trusted
    configuration.trust(request)
    assert load(shop).env == {"LD_PRELOAD": "/project/x.so"}
    assert load(shop).pending == ()
    assert configuration.read_request(shop).trusted
    path.write_text(ASKS + "\n")
    assert load(shop).env == {}
    assert len(load(shop).pending) == 2
    path.write_text(ASKS)
    assert load(shop).env != {}


def test_trust_is_in_what_was_shown_not_in_what_is_there_by_then(shop: Path) -> None:
    write(shop, ASKS)
    request = configuration.read_request(shop)
    write(shop, ASKS.replace("x.so", "y.so"))
    configuration.trust(request)
    assert load(shop).env == {}


def test_trust_in_one_project_is_none_in_another(world: World, shop: Path) -> None:
    write(shop, ASKS)
    configuration.trust(configuration.read_request(shop))
    other = world.project("other")
    write(other, ASKS)
    assert load(other).env == {}


def test_trust_is_taken_back_and_recorded(world: World, shop: Path) -> None:
    path = write(shop, ASKS)
    assert configuration.revoke(shop) is False
    configuration.trust(configuration.read_request(shop))
    path.unlink()
    assert configuration.revoke(shop) is True
    write(shop, ASKS)
    assert load(shop).env == {}
    events = [event for event in world.events() if event.kind.startswith("config.")]
    assert [event.kind for event in events] == ["config.trusted", "config.revoked"]
    assert '"sha256"' in events[0].data
    assert "x.so" not in "".join(event.data for event in events), "a value may be a secret"


def test_a_file_that_is_not_there_or_is_changed_meanwhile(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFoundError):
        configuration.read_request(shop)
    path, load_first = write(shop, ASKS), config.load

    def load_then_change(*given: object, **more: object) -> Settings:
        found = load_first(*given, **more)  # type: ignore[arg-type]
        if found.project_file:
            path.write_text("read_only = true\n")
        return found

    monkeypatch.setattr(config, "load", load_then_change)
    with pytest.raises(BusyError):
        configuration.read_request(shop)


def test_a_link_is_no_file(world: World, shop: Path) -> None:
    target = world.home / "elsewhere.toml"
    target.write_text(ASKS)
    (shop / config.PROJECT_FILE).symlink_to(target)
    with pytest.raises(ConfigError):
        configuration.read_request(shop)


def test_a_start_without_a_file_asks_no_database(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "snapshot", lambda self: pytest.fail("asked"))
    assert load(shop).pending == ()


def test_what_waits_is_shown_behind_what_counts(shop: Path) -> None:
    write(shop, ASKS + 'deny = ["b.example"]\n')
    found, _ = configuration.show(shop)
    assert {row.key for row in found} >= set(config.KEYS)
    assert ("firewall.deny", "b.example", "project", str(shop / ".contenant.toml"), "in force") in found
    assert [(row.key, row.value, row.state) for row in found[-2:]] == [
        ("env", "LD_PRELOAD=…", "pending"),
        ("firewall.allow", "evil.example", "pending"),
    ]


def test_a_run_says_what_waits_and_the_command_that_grants_it(world: World, shop: Path) -> None:
    write(shop, ASKS)
    world.run("shop")
    assert any("contenant config trust" in said and "evil.example" in said for said in world.ui.said)
    world.ui.said.clear()
    configuration.trust(configuration.read_request(shop))
    world.run("shop", recreate=True)
    assert not any("config trust" in said for said in world.ui.said)


@pytest.mark.parametrize("source", ["/", "~", "..", "/var/run", "/etc/nowhere", "link"])
def test_a_trusted_file_mounts_nothing_that_is_too_much(world: World, shop: Path, source: str) -> None:
    (shop / "link").symlink_to("/")
    write(shop, f'mounts = ["{source}:/data"]\n')
    world.run("shop")
    configuration.trust(configuration.read_request(shop))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(world.home / "projects"))
        with pytest.raises(ConfigError, match=r"\.contenant\.toml:mounts: "):
            run(RunRequest(shop, ("true",), recreate=True), world.ui)


def test_an_option_mounts_nothing_that_is_too_much(world: World, shop: Path) -> None:
    request = RunRequest(shop, ("true",), mounts=("/:/data",))
    with pytest.raises(ConfigError, match="--mount:mounts: the root directory"):
        run(request, world.ui)
    assert world.reports() == ()


def test_a_mount_is_made_of_what_its_path_really_is(world: World, shop: Path) -> None:
    real, link = world.home / "data", world.home / "link"
    real.mkdir()
    link.symlink_to(real)
    run(RunRequest(shop, ("true",), mounts=(f"{link}:/data:ro",)), world.ui)
    (spec,) = world.engine.specs.values()
    assert Mount(str(real), "/data", read_only=True) in spec.mounts


def test_a_relative_mount_is_kept_as_the_directory_it_meant(
    world: World, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = world.home / "first", world.home / "second"
    for place in (first, second):
        (place / "data").mkdir(parents=True)
    monkeypatch.chdir(first)
    run(RunRequest(shop, ("true",), mounts=("data:/data:ro",)), world.ui)
    monkeypatch.chdir(second)
    run(RunRequest(shop, ("true",), recreate=True), world.ui)
    spec = list(world.engine.specs.values())[-1]
    assert Mount(str(first / "data"), "/data", read_only=True) in spec.mounts


@pytest.mark.parametrize("mount", ["data", "data:relative", "data:/project"])
def test_what_is_no_mount_is_refused_by_name(world: World, shop: Path, mount: str) -> None:
    with pytest.raises((UsageError, ConfigError), match="--mount"):
        run(RunRequest(shop, ("true",), mounts=(mount,)), world.ui)
    assert world.reports() == ()
