"""What goes wrong with an engine, and what contenant makes of it: error class, words, what to do next."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contenant.core.values import BuildSpec, EngineName, Mount
from contenant.engines.base import ContainerMissingError, OciRuntimeError, ServiceDownError
from contenant.engines.options import mount_option
from contenant.engines.podman import Limits, clamp_limits, find_working_runtime
from contenant.errors import EngineError, EngineUnavailableError, ImageBuildError, PathRefusedError
from tests.engines.fake_cli import BARE, FakeCli, engine_of, hurry, podman, recorded

ALL: list[EngineName] = ["podman", "docker", "container"]


def every_call(engine: Any, context: Path) -> dict[str, Callable[[], object]]:
    """Each call that asks the engine something."""
    spec = BuildSpec("i:1", str(context), str(context / "Dockerfile"), {}, {})
    return {
        "version": engine.version,
        "identity": engine.identity,
        "containers": lambda: engine.containers().result(),
        "image": lambda: engine.image("i:1"),
        "pull": lambda: engine.pull("i:1"),
        "import_image": lambda: engine.import_image(str(context / "Dockerfile"), "i:1", {}),
        "build": lambda: engine.build(spec, lambda _line: None),
        "create": lambda: engine.create(BARE),
        "start": lambda: engine.start("c"),
        "stop": lambda: engine.stop("c", 0),
        "remove": lambda: engine.remove("c"),
        "remove_image": lambda: engine.remove_image("i:1"),
    }


@pytest.fixture
def context(tmp_path: Path) -> Path:
    where = tmp_path / "context"
    where.mkdir()
    (where / "Dockerfile").write_text("FROM scratch\n")
    return where


class TestNoAnswer:
    @pytest.mark.parametrize("name", ALL)
    def test_every_call_is_bounded(
        self, name: EngineName, fake: Callable[[str], FakeCli], context: Path
    ) -> None:
        fake(name).hang()
        for what, call in every_call(hurry(engine_of(name)), context).items():
            began = time.monotonic()
            with pytest.raises(EngineUnavailableError, match=r"did not answer within 0\.5 s") as caught:
                call()
            assert time.monotonic() - began < 5, what
            assert caught.value.hint, what

    @pytest.mark.parametrize("name", ALL)
    def test_no_executable(
        self, name: EngineName, context: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        for what, call in every_call(engine_of(name), context).items():
            with pytest.raises(EngineUnavailableError, match=f"{name}: no such command on PATH") as caught:
                call()
            assert caught.value.exit_code == 3, what
            assert caught.value.hint

    def test_an_executable_that_may_not_be_run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "podman").write_text("#!/bin/sh\n")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(EngineUnavailableError, match="podman cannot be started: Permission denied"):
            engine_of("podman").containers()

    def test_a_list_is_asked_for_at_once_and_read_later(
        self, fake: Callable[[str], FakeCli], tmp_path: Path
    ) -> None:
        cli = fake("podman")
        cli.answer("*", "[]")
        listing = podman().containers()
        deadline = time.monotonic() + 5
        while not cli.calls() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert cli.calls()
        assert listing.result() == ()


FAILURES = tomllib.loads(recorded("failures.toml"))["failure"]
ERRORS = {
    kind.__name__: kind
    for kind in (
        *(EngineError, EngineUnavailableError, ServiceDownError),
        *(ContainerMissingError, OciRuntimeError),
    )
}


@pytest.mark.parametrize(
    "failure", FAILURES, ids=lambda failure: f"{failure['engine']}: {failure['text'][:60]!a}"
)
def test_texts(failure: dict[str, str], fake: Callable[[str], FakeCli]) -> None:
    name = failure["engine"]
    fake(name).answer("*", stderr=failure["text"], code=1)
    with pytest.raises(EngineError) as caught:
        engine_of(name).start("c")
    assert type(caught.value) is ERRORS[failure["error"]]
    assert caught.value.message.startswith(f"{name} cannot start c: ")
    assert "\n" not in caught.value.message
    assert failure["words"] in caught.value.message
    assert failure["hint"] in caught.value.hint


# what is printed for a container that is gone, and for an image
GONE: dict[EngineName, tuple[str, str]] = {
    "podman": ("", "Error: i:1: image not known"),
    "docker": (
        "Error response from daemon: No such container: c",
        "Error response from daemon: No such image: i:1",
    ),
    "container": ("Error: container with ID c not found", "Error: image not found: i:1"),
}


class TestWhatIsGoneAlready:
    @pytest.mark.parametrize("name", ALL)
    def test_is_removed_in_peace(self, name: EngineName, fake: Callable[[str], FakeCli]) -> None:
        container, image = GONE[name]
        cli = fake(name)
        cli.answer("'image inspect'*|rmi*", stderr=image, code=1)
        cli.answer("'rm '*|'delete '*", stderr=container, code=1 if container else 0)
        engine = engine_of(name)
        engine.remove("c")
        assert engine.image("i:1") is None
        engine.remove_image("i:1")

    @pytest.mark.parametrize("name", ALL)
    def test_another_failure_is_one(self, name: EngineName, fake: Callable[[str], FakeCli]) -> None:
        fake(name).answer("*", stderr="Error: broken", code=1)
        engine = engine_of(name)
        for call in (engine.remove, engine.remove_image, engine.image):
            with pytest.raises(EngineError, match="broken"):
                call("x")

    @pytest.mark.parametrize("name", ALL)
    def test_no_registry_is_no_error_but_a_dead_engine_is(
        self, name: EngineName, fake: Callable[[str], FakeCli]
    ) -> None:
        cli = fake(name)
        cli.answer("*", stderr="dial tcp 127.0.0.1:9: connect: connection refused", code=1)
        assert engine_of(name).pull("i:1") is False
        if name != "podman":
            cli.answer("*", stderr="Cannot connect to the Docker daemon. XPC connection error", code=1)
            with pytest.raises(EngineUnavailableError):
                engine_of(name).pull("i:1")


class TestBuilds:
    @pytest.mark.parametrize("name", ALL)
    def test_a_failure_says_the_last_line(
        self, name: EngineName, fake: Callable[[str], FakeCli], context: Path
    ) -> None:
        """Lines of programs that the build ran are not taken for the engine's own."""
        cli = fake(name)
        said = "connection refused\nno such container\nError: failed: exit status 3\n"
        cli.answer("'build '*", said, code=1)
        cli.answer("'buildx '*", code=1)
        lines: list[str] = []
        with pytest.raises(ImageBuildError, match=f"{name} cannot build i:1: failed: exit status 3"):
            engine_of(name).build(
                BuildSpec("i:1", str(context), f"{context}/Dockerfile", {}, {}), lines.append
            )
        assert "connection refused" in lines

    def test_an_oci_runtime_that_fails_is_told_apart(
        self, fake: Callable[[str], FakeCli], context: Path
    ) -> None:
        said = recorded("podman-4.3/build-crun.txt")
        fake("podman").answer("*", said, code=1)
        with pytest.raises(OciRuntimeError):
            podman().build(BuildSpec("i:1", str(context), f"{context}/Dockerfile", {}, {}), print)


class TestOciRuntimes:
    WORKS = 'Error: runc: exec: "/probe": stat /probe: no such file or directory'

    def test_the_default_is_kept_when_it_works(self, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("podman")
        cli.answer("*", stderr=self.WORKS, code=127)
        assert find_working_runtime() == ""
        (call,) = cli.calls()
        assert call[:5] == ["run", "--rm", "--network", "none", "--ulimit"] or call[4] == "--rootfs"
        assert call[-1] == "/probe"
        assert not Path(call[-2]).exists()

    def test_else_the_first_that_works(self, fake: Callable[[str], FakeCli]) -> None:
        cli = fake("podman")
        cli.answer(
            "*", stderr="Error: OCI runtime error: crun: cgroups in hybrid mode not supported", code=126
        )
        cli.answer("'--runtime runc '*", stderr=self.WORKS, code=127)
        assert find_working_runtime() == "runc"

    def test_none_works(self, fake: Callable[[str], FakeCli]) -> None:
        fake("podman").answer("*", stderr="Error: OCI runtime error: crun: broken", code=126)
        with pytest.raises(EngineError, match="crun: broken") as caught:
            find_working_runtime()
        assert "runc" in caught.value.hint

    @pytest.mark.parametrize(
        ("driver", "rootless", "said"),
        [("vfs", True, "40 GB"), ("overlay", True, ""), ("vfs", False, "")],
    )
    def test_whole_copies(
        self, fake: Callable[[str], FakeCli], driver: str, rootless: bool, said: str
    ) -> None:
        fake("podman").answer("info*", stdout=f"{driver}\n")
        warning = podman(rootless=rootless).build_warning()
        assert said in warning
        assert bool(warning) == bool(said)

    @pytest.mark.parametrize(
        ("nofile", "nproc", "pid_max", "limits"),
        [
            (1048576, 4194304, 4194304, Limits(0, 0)),
            (-1, -1, 4194304, Limits(0, 0)),
            (20000, 96365, 32768, Limits(20000, 32768)),
            (524288, 63000, 4194304, Limits(524288, 63000)),
            (1024, -1, 32768, Limits(1024, 32768)),
        ],
    )
    def test_limits(self, nofile: int, nproc: int, pid_max: int, limits: Limits) -> None:
        assert clamp_limits(nofile, nproc, pid_max) == limits


class TestPaths:
    @pytest.mark.parametrize(
        ("source", "option"),
        [
            ("/a b", "type=bind,source=/a b,target=/project"),
            ("/a:b=c", "type=bind,source=/a:b=c,target=/project"),
            ("/a,b", 'type=bind,"source=/a,b",target=/project'),
            ('/a"b', 'type=bind,"source=/a""b",target=/project'),
            ("/a\nb", 'type=bind,"source=/a\nb",target=/project'),
        ],
    )
    def test_are_quoted_for_mount(self, source: str, option: str) -> None:
        assert mount_option(Mount(source, "/project")) == option

    @pytest.mark.parametrize("source", ["/a\r\nb", "/a\udcff"])
    def test_that_an_engine_would_change_are_refused(self, source: str) -> None:
        with pytest.raises(PathRefusedError) as caught:
            mount_option(Mount(source, "/project"))
        assert caught.value.exit_code == 2
