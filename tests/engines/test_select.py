"""Which engine is chosen, and the reason given for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from contenant.core.values import ENGINE_NAMES, EngineName
from contenant.engines.base import Engine
from contenant.engines.select import choose, find_working_runtime, make
from contenant.engines.versions import GATES, hint_for, parse_version, short
from contenant.errors import ConfigError, EngineError, EngineUnavailableError


def installed(*names: str) -> Callable[[str], str | None]:
    return lambda name: f"/usr/bin/{name}" if name in names else None


class TestChoose:
    @pytest.mark.parametrize(
        ("flag", "recorded", "setting", "name", "reason"),
        [
            ("docker", "podman", "container", "docker", "--engine"),
            (None, "docker", "podman", "docker", "made with it"),
            (None, None, "docker", "docker", "CONTENANT_ENGINE"),
            ("", "", "", "podman", "found on PATH"),
        ],
    )
    def test_order(self, flag: str, recorded: str, setting: str, name: str, reason: str) -> None:
        choice = choose(flag, recorded, setting, "linux", installed("podman", "docker"))
        assert choice.name == name
        assert reason in choice.reason

    def test_what_is_given_needs_not_be_installed(self) -> None:
        """The engine itself says what is missing, with the way to get it."""
        assert choose("docker", None, None, "linux", installed()).name == "docker"

    @pytest.mark.parametrize(
        ("platform", "there", "name"),
        [
            ("linux", ("podman", "docker"), "podman"),
            ("linux", ("docker",), "docker"),
            ("linux", ("container", "docker"), "docker"),  # another program of that name
            ("darwin", ("container", "podman", "docker"), "container"),
            ("darwin", ("docker",), "docker"),
        ],
    )
    def test_automatic(self, platform: str, there: tuple[str, ...], name: str) -> None:
        assert choose(None, None, None, platform, installed(*there)).name == name

    @pytest.mark.parametrize(("platform", "hint"), [("linux", "podman"), ("darwin", "Apple's container")])
    def test_nothing_there(self, platform: str, hint: str) -> None:
        with pytest.raises(EngineUnavailableError, match="no container engine found") as caught:
            choose(None, None, None, platform, installed())
        assert hint in caught.value.hint
        assert caught.value.exit_code == 3

    @pytest.mark.parametrize("place", range(3))
    def test_unknown_name(self, place: int) -> None:
        given: list[str | None] = [None, None, None]
        given[place] = "lxc"
        with pytest.raises(ConfigError, match="lxc"):
            choose(*given, "linux", installed("podman"))

    def test_it_decides_whatever_is_given(self) -> None:
        values = (None, *ENGINE_NAMES)
        for flag, recorded, setting in itertools.product(values, repeat=3):
            choice = choose(flag, recorded, setting, "darwin", installed("docker"))
            assert choice.name == (flag or recorded or setting or "docker")
            assert choice.reason


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_make(name: EngineName) -> None:
    engine: Engine = make(name)
    assert engine.name == name


def test_only_podman_takes_a_runtime() -> None:
    from contenant.core.values import ExecSpec

    assert make("podman", runtime="runc").exec_argv("c", ExecSpec(("x",)))[:3] == [
        "podman",
        "--runtime",
        "runc",
    ]
    assert make("docker", runtime="runc").exec_argv("c", ExecSpec(("x",)))[:2] == ["docker", "exec"]
    with pytest.raises(EngineError, match="no other OCI runtime"):
        find_working_runtime("docker")


@pytest.mark.parametrize(
    ("text", "version", "shown"),
    [
        ("container CLI version 1.2.2 (build: release, commit: abc1234)", (1, 2, 2), "1.2.2"),
        ("0.9.0-35-g899081d", (0, 9, 0), "0.9.0"),
        ("20.10.24+dfsg1", (20, 10, 24), "20.10.24"),
        ("5.3", (5, 3, 0), "5.3.0"),
        ("none", None, "none"),
    ],
)
def test_versions_are_read(text: str, version: tuple[int, int, int] | None, shown: str) -> None:
    assert parse_version(text) == version
    assert short(text) == shown


def test_every_engine_has_a_gate_and_hints() -> None:
    assert GATES.keys() == set(ENGINE_NAMES)
    assert {name: gate.minimum for name, gate in GATES.items()} == {
        "container": (0, 12, 0),
        "podman": (4, 0, 0),
        "docker": (20, 10, 0),
    }
    for gate, platform in itertools.product(GATES.values(), ("linux", "darwin", "other")):
        assert hint_for(gate.install, platform)
        assert hint_for(gate.upgrade, platform)
