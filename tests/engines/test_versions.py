"""Versions: which are too old, and daemons that will not do."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from contenant.errors import EngineUnavailableError
from tests.engines.fake_cli import FakeCli, engine_of, podman, recorded


class TestVersions:
    def podman_says(self, cli: FakeCli, version: str) -> None:
        cli.answer("'version '*", f'{{"Client": {{"Version": "{version}"}}}}')

    def test_podman(self, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("podman")
        self.podman_says(cli, "3.4.4")
        with pytest.raises(
            EngineUnavailableError, match=r"podman is 3\.4\.4, contenant needs 4\.0\.0"
        ) as caught:
            podman().version()
        assert "upgrade podman" in caught.value.hint
        self.podman_says(cli, "4.0.0-rc1")
        assert podman().version().client == "4.0.0-rc1"

    def test_podman_without_root_needs_more(self, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("podman")
        self.podman_says(cli, "4.2.0")
        with pytest.raises(EngineUnavailableError, match=r"without root contenant needs 4\.3"):
            podman(rootless=True).version()
        self.podman_says(cli, "5.0.0-dev")
        assert podman(rootless=True).version().client == "5.0.0-dev"

    @pytest.mark.parametrize(
        ("client", "server", "words"),
        [
            ("19.3.1", "20.10.0", "docker client is 19.3.1"),
            ("27.0.1", "19.03.15", "docker daemon is 19.3.15"),
        ],
    )
    def test_docker(self, client: str, server: str, words: str, fake: Callable[[str], FakeCli]) -> None:
        answer = f'{{"Client": {{"Version": "{client}"}}, "Server": {{"Version": "{server}"}}}}'
        fake("docker").answer("'version '*", answer)
        with pytest.raises(EngineUnavailableError, match=words) as caught:
            engine_of("docker").version()
        assert "the daemon" in caught.value.hint

    def test_another_program_called_docker(self, fake: Callable[[str], FakeCli]) -> None:
        fake("docker").answer("'version '*", recorded("podman-4.3/version.json"))
        with pytest.raises(EngineUnavailableError, match="another program") as caught:
            engine_of("docker").version()
        assert "--engine podman" in caught.value.hint

    @pytest.mark.parametrize("option", ["name=rootless", "name=userns"])
    def test_a_docker_daemon_that_maps_ids(self, option: str, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("docker")
        cli.answer("'version '*", recorded("docker-20.10/version.json"))
        cli.answer(
            "'info '*", json.dumps(["ID", ["name=seccomp,profile=default", option], "/d", "28.0.1", {}])
        )
        for call in (engine_of("docker").version, engine_of("docker").identity):
            with pytest.raises(EngineUnavailableError, match="could not write to your project") as caught:
                call()
            assert "podman" in caught.value.hint
