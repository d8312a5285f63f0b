"""What is asked before a container is made: together, and with the same answers as one by one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from contenant.engines.base import EngineVersion
from contenant.errors import EngineError, EngineUnavailableError
from tests.engines.fake_cli import FakeCli, engine_of, recorded

DEBUG = recorded("podman-4.3/debug.txt")
ROOT = "/var/lib/containers/storage"


@pytest.fixture
def podman(fake: Callable[[str], FakeCli]) -> FakeCli:
    """As it answered once; `info` tells another store than its log."""
    cli = fake("podman")
    cli.answer("--version", "podman version 4.3.1\n")
    cli.answer("'version '*", json.dumps({"Client": {"Version": "5.4.2"}, "Server": {"Version": "5.3.1"}}))
    cli.answer("*'image exists '*", stderr=DEBUG)
    cli.answer("'info '*", "/asked/for\n")
    return cli


def test_podman_is_asked_for_all_in_two_calls(podman: FakeCli, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    podman.answer("*'image exists '*", stderr=DEBUG.replace(ROOT, f"{store}/."))
    facts = engine_of("podman").survey("contenant:x").result()
    assert facts.version == EngineVersion("4.3.1", "")
    assert facts.identity == f"{store}#{store.stat().st_ino}"
    assert facts.image == "contenant:x"
    assert len(podman.calls()) == 2


def test_podmans_store_is_told_by_the_shortest_call(podman: FakeCli, tmp_path: Path) -> None:
    podman.answer("*'image exists '*", stderr=DEBUG.replace(ROOT, str(tmp_path)), code=1)
    assert engine_of("podman").identity() == f"{tmp_path}#{tmp_path.stat().st_ino}"
    assert len(podman.calls()) == 1
    podman.answer("*'image exists '*", code=125)
    assert engine_of("podman").identity() == "/asked/for"


@pytest.mark.parametrize(
    "log", ["", DEBUG.replace(ROOT, '/a\\"b'), DEBUG.replace("graph root", "root of graphs")]
)
def test_a_podman_whose_log_does_not_tell_its_store_is_asked_for_it(podman: FakeCli, log: str) -> None:
    podman.answer("*'image exists '*", stderr=log)
    facts = engine_of("podman").survey("contenant:x").result()
    assert facts.identity == "/asked/for"
    assert facts.version == EngineVersion("5.4.2", "5.3.1"), "its server may be another"
    assert len(podman.calls()) == 4


def test_the_log_is_not_taken_for_a_failure(podman: FakeCli) -> None:
    """It speaks of OCI runtimes that are not there, as an error of podman's would."""
    noise = DEBUG + 'time="x" level=debug msg="no valid executable found for OCI runtime crun"\n'
    podman.answer("*'image exists '*", stderr=noise, code=1)
    assert not engine_of("podman").survey("contenant:x").result().image
    podman.answer("*'image exists '*", stderr=noise + "Error: database is locked\n", code=125)
    with pytest.raises(EngineError, match="cannot look for the image contenant:x: database is locked"):
        engine_of("podman").survey("contenant:x").result()


def test_docker_is_asked_for_all_at_once(fake: Callable[[str], FakeCli]) -> None:
    cli = fake("docker")
    cli.answer("'version '*", recorded("docker-20.10/version.json"))
    cli.answer("'info '*", recorded("docker-20.10/info.json"))
    cli.answer("'image inspect '*", recorded("docker-20.10/image.json"))
    engine = engine_of("docker")
    facts = engine.survey("contenant:x").result()
    assert len(cli.calls()) == 2
    assert facts == (engine.version(), engine.identity(), "contenant:x")


@pytest.mark.parametrize(("server", "client"), [("20.10.24", {"Debug": False}), ("", {"Version": "28.2.2"})])
def test_versions_that_docker_does_not_tell_with_the_rest_are_asked_for(
    server: str, client: dict[str, object], fake: Callable[[str], FakeCli]
) -> None:
    """Clients before docker 23 do not tell theirs, and end well without a daemon."""
    cli = fake("docker")
    cli.answer("'image inspect '*", recorded("docker-20.10/image.json"))
    cli.answer("'info '*", json.dumps(["id", [], "/d", server, client]))
    cli.answer("'version '*", recorded("docker-20.10/version.json"))
    version = engine_of("docker").survey("contenant:x").result().version
    assert version == EngineVersion("28.2.2", "20.10.24+dfsg1")
    assert len(cli.calls()) == 3
    cli.answer("'version '*", json.dumps({"Client": {"Version": "19.3.1"}, "Server": {"Version": "28.0.1"}}))
    with pytest.raises(EngineUnavailableError, match=r"docker client is 19\.3\.1"):
        engine_of("docker").survey("contenant:x").result()


def test_a_daemon_that_cannot_be_used_is_refused(fake: Callable[[str], FakeCli]) -> None:
    cli = fake("docker")
    cli.answer("'version '*", recorded("docker-20.10/version.json"))
    cli.answer("'info '*", json.dumps(["id", ["name=rootless"], "/d", "28.0.1", {}]))
    cli.answer("'image inspect '*", recorded("docker-20.10/image.json"))
    with pytest.raises(EngineUnavailableError, match="runs without root"):
        engine_of("docker").survey("contenant:x").result()


def test_who_fails_leaves_no_other_call_behind(podman: FakeCli, tmp_path: Path) -> None:
    podman.answer("--version", "podman version 3.4.4\n")
    podman.answer("*'image exists '*")
    program = tmp_path / "bin" / "podman"
    program.write_text(
        program.read_text().replace("*'image exists '*)", "*'image exists '*) exec sleep 600;")
    )
    survey = engine_of("podman").survey("contenant:x")
    with pytest.raises(EngineUnavailableError, match=r"3\.4\.4"):
        survey.result()
    assert "sleep" not in _children()
    survey.cancel()


def _children() -> str:
    return " ".join(
        Path(f"/proc/{pid}/comm").read_text()
        for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    )
