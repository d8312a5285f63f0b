"""contenant's engine for Apple's `container`, driven over the stand-in in each release."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contenant.core.drift import Intent, _limits
from contenant.core.values import (
    BuildSpec,
    ContainerReport,
    ContainerSpec,
    ExecSpec,
    Inspection,
    Mount,
    Publish,
)
from contenant.engines.apple import Apple, connect, skew
from contenant.engines.base import ContainerMissingError, Engine
from contenant.errors import EngineError, EngineUnavailableError, ImageBuildError, PathRefusedError
from contenant.process import Result, capture, exec_env
from tests.apple.tinyimage import root_tarball
from tests.core.samples import container
from tests.standins.apple.fixture import VERSIONS, Standin, apple_standin

MARK = {"dev.contenant.test": "1"}
BASE, SMALL = "contenant-test-base:1", "contenant-test-small:1"
DOCKERFILE = f"""FROM {BASE}
ENTRYPOINT ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
"""


def enter(patch: pytest.MonkeyPatch, standin: Standin) -> Apple:
    """Let the adapter find the stand-in as the `container` on PATH."""
    for name, value in standin.env.items():
        patch.setenv(name, value)
    return connect()


@pytest.fixture(scope="module", params=VERSIONS)
def place(request: pytest.FixtureRequest, archive: Path) -> Iterator[Standin]:
    """One stand-in of each release for this module."""
    assert archive.exists()
    with apple_standin(request.param, allow_tmp=True) as made:
        yield made


@pytest.fixture
def engine(place: Standin, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The adapter over it."""
    return enter(monkeypatch, place)


@pytest.fixture(scope="module")
def image(place: Standin, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The small image, imported and built by the adapter."""
    where = tmp_path_factory.mktemp("image").resolve()
    tarball = where / "root.tar"
    tarball.write_bytes(root_tarball())
    context = where / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTENANT_HOME", str(where / "home"))
        made = enter(patch, place)
        made.import_image(str(tarball), BASE, MARK)
        made.build(BuildSpec(SMALL, str(context), str(context / "Dockerfile"), {}, MARK), lambda _line: None)
    return SMALL


@pytest.fixture
def new(engine: Engine, image: str) -> Iterator[Callable[..., ContainerSpec]]:
    """Make and start a container; arguments change its spec."""
    made: list[str] = []

    def make(name: str = "contenant-test-one", start: bool = True, **changed: object) -> ContainerSpec:
        made.append(name)
        spec = ContainerSpec(name=name, image=image, labels=MARK, mounts=(), env={})
        spec = spec._replace(**changed)  # type: ignore[arg-type] # fields of the spec, each of its own type
        engine.create(spec)
        if start:
            engine.start(name)
        return spec

    yield make
    for name in made:
        engine.remove(name)


def find(engine: Engine, name: str) -> ContainerReport | None:
    return next((report for report in engine.containers().result() if report.name == name), None)


def execute(engine: Engine, name: str, *argv: str, **env: str) -> Result:
    return capture(
        engine.exec_argv(name, ExecSpec(argv, env_names=tuple(env))), timeout=60, env=exec_env(env)
    )


def differing(spec: ContainerSpec, seen: Inspection) -> list[str]:
    """Which limits of a container differ from those it was asked for."""
    asked = Intent(container(engine="container"), {"cpus": spec.cpus, "memory": spec.memory}, "", "")
    return [finding.what for finding in _limits(asked, seen, None)]  # type: ignore[arg-type]  # not looked into


def require(report: ContainerReport | None) -> ContainerReport:
    assert report is not None
    return report


@pytest.mark.real
def test_versions_and_identity(engine: Engine, place: Standin) -> None:
    version = engine.version()
    assert (version.client, version.server) == (place.env["CONTAINER_STANDIN_VERSION"],) * 2
    assert skew(version) == ""
    assert engine.identity() == engine.identity() and str(place.home) in engine.identity()


@pytest.mark.real
def test_images(engine: Engine, image: str) -> None:
    report = engine.image(image)
    assert report is not None and report.reference == image
    assert report.digest.startswith("sha256:") and len(report.digest) == 71
    assert report.labels["dev.contenant.test"] == "1" and report.size > 500_000
    assert report.created.startswith("20")
    assert engine.image("contenant-test-none:1") is None
    assert engine.pull("contenant-test-none:1") is False
    engine.remove_image("contenant-test-none:1")


@pytest.mark.real
def test_a_container_lives_and_goes(engine: Engine, new: Callable[..., ContainerSpec]) -> None:
    spec = new(start=False, labels={**MARK, "dev.contenant.path": "2f746d70"})
    report = require(find(engine, spec.name))
    assert (report.state, report.name, report.engine_id) == ("stopped", spec.name, spec.name)
    assert report.labels["dev.contenant.path"] == "2f746d70" and report.image == SMALL
    for _ in range(2):
        engine.start(spec.name)
        assert require(find(engine, spec.name)).state == "running"
    for _ in range(2):
        engine.stop(spec.name, 2)
        assert require(find(engine, spec.name)).state == "stopped"
    engine.start(spec.name)
    for _ in range(2):
        engine.remove(spec.name)
        assert find(engine, spec.name) is None


@pytest.mark.real
def test_the_builder_is_not_among_the_containers(engine: Engine, image: str, place: Standin) -> None:
    assert "buildkit" in place.ok("list", "-a", "-q").split()
    assert find(engine, "buildkit") is None


@pytest.mark.real
def test_what_is_missing_or_taken(engine: Engine, new: Callable[..., ContainerSpec]) -> None:
    spec = new(start=False)
    with pytest.raises(EngineError, match="taken"):
        engine.create(spec)
    for act in (engine.start, engine.stop):
        with pytest.raises(ContainerMissingError):
            act("contenant-test-none")
    engine.remove("contenant-test-none")
    with pytest.raises(EngineError, match="not there"):
        engine.create(spec._replace(name="contenant-test-two", image="contenant-test-none:1"))
    assert find(engine, "contenant-test-two") is None


@pytest.mark.real
def test_exec(engine: Engine, new: Callable[..., ContainerSpec]) -> None:
    name = new(env={"STATIC": "a b\n$c"}).name
    script = 'id -u; echo "$STATIC|$CONTENANT_X"; exit 7'
    result = execute(engine, name, "sh", "-c", script, CONTENANT_X="v 'w'")
    assert (result.code, result.stdout) == (7, "0\na b\n$c|v 'w'\n")
    spec = ExecSpec(("sh", "-c", "pwd; cat"), interactive=True, workdir="/etc")
    assert capture(engine.exec_argv(name, spec), timeout=60, stdin=b"in\n").stdout == "/etc\nin\n"
    for code in (1, 126, 127, 255):
        assert execute(engine, name, "sh", "-c", f"exit {code}").code == code


@pytest.mark.real
def test_capabilities_hostname_and_limits(
    engine: Engine, new: Callable[..., ContainerSpec], place: Standin
) -> None:
    spec = new(cap_add=("NET_ADMIN", "SETUID"), memory=256 << 20, cpus=1)
    status = execute(engine, spec.name, "cat", "/proc/self/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapBnd"], 16) == int(fields["CapEff"], 16) == (1 << 12) | (1 << 7)
    assert execute(engine, spec.name, "hostname").stdout == f"{spec.name}\n"
    row = json.loads(place.ok("inspect", spec.name))[0]["configuration"]["resources"]
    assert (row["cpus"], row["memoryInBytes"]) == (1, 256 << 20)
    assert (seen := engine.inspect(spec.name)).memory == 256 << 20
    assert (differing(spec, seen), differing(spec._replace(cpus=2, memory=(256 << 20) + 1), seen)) == (
        [],
        ["cpus", "memory"],
    ), "drift compares what was asked for with what the machine has"


@pytest.mark.real
@pytest.mark.parametrize(
    "odd", ["two words", "a,comma", 'a"quote', "a\nnewline", "$HOME `id`", "-v", "été"], ids=ascii
)
def test_directories_with_odd_names(
    engine: Engine, new: Callable[..., ContainerSpec], tmp_path: Path, odd: str
) -> None:
    source = tmp_path / odd
    source.mkdir()
    (source / "mark").write_text(odd)
    name = new(mounts=(Mount(str(source), "/project"),)).name
    assert execute(engine, name, "cat", "/project/mark").stdout == odd
    assert execute(engine, name, "sh", "-c", "echo back > /project/written").code == 0
    assert (source / "written").read_text() == "back\n"


@pytest.mark.real
def test_mounts(engine: Engine, new: Callable[..., ContainerSpec], tmp_path: Path, image: str) -> None:
    name = new(mounts=(Mount(str(tmp_path), "/project", read_only=True),)).name
    assert execute(engine, name, "sh", "-c", "echo x > /project/written").code != 0
    file, colon = tmp_path / "file", tmp_path / "a:b"
    file.touch()
    colon.mkdir()
    spec = ContainerSpec("contenant-test-bad", image, MARK, (), {})
    twice = (Mount(str(tmp_path), "/a"), Mount(str(tmp_path), "/b", True))
    for mounts in ((Mount(str(file), "/f"),), (Mount(str(colon), "/c"),), twice):
        with pytest.raises(PathRefusedError):
            engine.create(spec._replace(mounts=mounts))
    gone = tmp_path / "gone"
    gone.mkdir()
    new("contenant-test-gone", start=False, mounts=(Mount(str(gone), "/project"),))
    gone.rmdir()
    with pytest.raises(EngineError) as caught:
        engine.start("contenant-test-gone")
    assert "put it back" in caught.value.hint


@pytest.mark.real
def test_labels_with_an_equals_sign_are_refused_before_apple_sees_them(engine: Engine, image: str) -> None:
    spec = ContainerSpec("contenant-test-bad", image, {"dev.contenant.path": "a=b"}, (), {})
    with pytest.raises(EngineError, match="equals sign"):
        engine.create(spec)
    assert find(engine, "contenant-test-bad") is None


@pytest.mark.real
def test_ports(engine: Engine, new: Callable[..., ContainerSpec], place: Standin) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    name = new(publish=(Publish("127.0.0.1", port, 8000),)).name
    row = json.loads(place.ok("inspect", name))[0]["configuration"]["publishedPorts"]
    assert [(one["hostAddress"], one["hostPort"]) for one in row] == [("127.0.0.1", port)]
    with socket.create_server(("127.0.0.1", 0)) as holder, pytest.raises(EngineError) as caught:
        new("contenant-test-taken", publish=(Publish("127.0.0.1", holder.getsockname()[1], 8000),))
    assert "another program holds the port" in caught.value.hint


@pytest.mark.real
def test_builds(engine: Engine, image: str, tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    spec = BuildSpec(
        "contenant-test-bad:1", str(tmp_path), str(dockerfile), {"BASE": image}, MARK, no_cache=True
    )
    dockerfile.write_text("ARG BASE\nFROM $BASE\nRUN echo said-so && exit 3\n")
    lines: list[str] = []
    with pytest.raises(ImageBuildError, match="contenant-test-bad:1"):
        engine.build(spec, lines.append)
    assert any("said-so" in line for line in lines)
    assert engine.image(spec.tag) is None
    dockerfile.write_text("FROM contenant-test-none:1\n")
    with pytest.raises(ImageBuildError):
        engine.build(spec, lines.append)
    dockerfile.write_text("FROM scratch\n".ljust(16384, "#"))
    with pytest.raises(ImageBuildError, match="16384"):
        engine.build(spec, lines.append)


@pytest.mark.real
def test_images_go(engine: Engine, image: str, tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"FROM {image}\nLABEL more=1\n")
    engine.build(
        BuildSpec("contenant-test-gone:1", str(tmp_path), str(dockerfile), {}, {}), lambda _line: None
    )
    assert engine.image("contenant-test-gone:1") is not None
    engine.remove_image("contenant-test-gone:1")
    assert engine.image("contenant-test-gone:1") is None
    assert engine.image(image) is not None


def test_a_service_that_is_down_is_said_to_be_and_can_be_started(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with apple_standin(version, "service-down") as standin:
        engine = enter(monkeypatch, standin)
        for act in (
            engine.version,
            engine.identity,
            lambda: engine.containers().result(),
            lambda: engine.image("x"),
        ):
            with pytest.raises(EngineUnavailableError) as caught:
                act()
            assert "container system start --enable-kernel-install" in caught.value.hint
        engine.start_service(lambda _line: None)
        assert engine.containers().result() == ()


def test_a_service_of_an_older_version_is_named(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with apple_standin(version, "skew") as standin:
        engine = enter(monkeypatch, standin)
        assert "container system stop && container system start" in skew(engine.version())


def test_a_service_that_cannot_be_decoded_is_unavailable(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with apple_standin(version, "skew-undecodable") as standin:
        engine = enter(monkeypatch, standin)
        with pytest.raises(EngineUnavailableError):
            engine.version()


def test_a_wedged_service_is_unavailable_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with apple_standin("1.2.2", "wedged", hang=None) as standin:
        engine = enter(monkeypatch, standin)
        quick = engine._caller.timeouts._replace(quick=1.0)
        monkeypatch.setattr(engine, "_caller", engine._caller._replace(timeouts=quick))
        for act in (engine.version, lambda: engine.containers().result(), lambda: engine.image("x")):
            began = time.monotonic()
            with pytest.raises(EngineUnavailableError, match="did not answer"):
                act()
            assert time.monotonic() - began < 10


@pytest.mark.parametrize("old", ["0.11.0", "0.9.0", "0.4.1"])
def test_releases_that_hold_nothing_are_refused(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with apple_standin(old) as standin:
        engine = enter(monkeypatch, standin)
        with pytest.raises(EngineUnavailableError, match=r"needs 0\.12\.0 or newer"):
            engine.version()


def test_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnavailableError, match="no such command"):
        connect().version()


@pytest.mark.real
def test_a_container_tells_what_it_was_made_of(
    engine: Engine, new: Callable[..., ContainerSpec], tmp_path: Path
) -> None:
    mounts = (Mount(str(tmp_path.resolve()), "/data", read_only=True),)
    name = new("contenant-test-inspect", start=False, mounts=mounts, env={"A": "b"}).name
    found, image = engine.inspect(name), engine.image(SMALL)
    assert image is not None
    assert (found.engine_id, found.image_digest) == (name, image.digest)
    assert found.mounts == mounts
    assert "A" in found.image_variables, "which came with the image is not told apart"


@pytest.mark.real
def test_a_container_that_vanishes_is_missing(
    place: Standin, new: Callable[..., ContainerSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = new("contenant-test-vanish", start=False).name
    engine = enter(monkeypatch, place.another(mode=f"vanish:{name}@start"))
    assert find(engine, name) is not None
    with pytest.raises(ContainerMissingError):
        engine.start(name)
    assert find(engine, name) is None


def test_nothing_of_a_test_is_left_in_the_environment() -> None:
    assert "CONTAINER_STANDIN_HOME" not in os.environ, sys.version


@pytest.mark.real
def test_what_running_containers_use(engine: Engine, new: Callable[..., ContainerSpec]) -> None:
    new()
    new("contenant-test-two", start=False)
    loads = {load.name: load for load in engine.loads().result()}
    assert loads.keys() == {"contenant-test-one"}
    assert loads["contenant-test-one"].cpu_seconds is not None
