"""One contract, real engines: what `contenant.engines.base.Engine` promises, on podman and on docker."""

from __future__ import annotations

import json
import os
import signal
import socket
import termios
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contenant.core.reconcile import Observed, Recorded, reconcile
from contenant.core.values import BuildSpec, ContainerReport, ContainerSpec, ExecSpec, Mount, Publish
from contenant.engines.base import Engine
from contenant.engines.select import make
from contenant.errors import EngineError, ImageBuildError, PathRefusedError
from contenant.process import Result, capture, exec_env
from tests.core.samples import container
from tests.real.engine_fixtures import MARK, own_daemon, run
from tests.terminal_session import Pty, cooked

pytestmark = pytest.mark.real

ODD_NAMES = [
    "two words",
    "a,comma",
    "a:colon",
    'a"quote',
    "an'apostrophe",
    "a\nnewline",
    "a\rreturn",
    "\u00e9t\u00e9 \u6f22\u5b57",
    "$HOME `id` \\back",
    " led by a space",
    "-v",
    "readonly=true,x",
    "n" * 150,
]


@pytest.fixture
def new(real_engine: Engine, small_image: str, doomed: Callable[[str], str]) -> Callable[..., ContainerSpec]:
    """Make and start a container; arguments change its spec."""

    def make(name: str = "contenant-test-one", start: bool = True, **changed: object) -> ContainerSpec:
        doomed(name)
        spec = ContainerSpec(name=name, image=small_image, labels=MARK, mounts=(), env={})
        spec = spec._replace(**changed)  # type: ignore[arg-type] # fields of the spec, each of its own type
        real_engine.remove(name)
        real_engine.create(spec)
        if start:
            real_engine.start(name)
        return spec

    return make


def find(engine: Engine, name: str) -> ContainerReport | None:
    return next((report for report in engine.containers().result() if report.name == name), None)


def execute(engine: Engine, name: str, *argv: str, **env: str) -> Result:
    spec = ExecSpec(argv, env_names=tuple(env))
    return capture(engine.exec_argv(name, spec), timeout=60, env=exec_env(env))


def test_a_paused_container_is_reported_so(real_engine: Engine, new: Callable[..., ContainerSpec]) -> None:
    if (
        real_engine.name == "podman"
        and not Path("/sys/fs/cgroup/cgroup.controllers").exists()
        and os.geteuid()
    ):
        pytest.skip("rootless podman cannot pause here")
    name = new().name
    run(real_engine.name, "pause", name)
    report = find(real_engine, name)
    run(real_engine.name, "unpause", name)
    assert report is not None
    assert report.state == "paused"


def test_a_container_tells_what_it_was_made_of(
    real_engine: Engine, small_image: str, new: Callable[..., ContainerSpec], tmp_path: Path
) -> None:
    mounts = (Mount(str(tmp_path), "/data", read_only=True),)
    name = new(mounts=mounts, memory=256 * 1024**2, env={"A": "b"}).name
    found, image = real_engine.inspect(name), real_engine.image(small_image)
    report = find(real_engine, name)
    assert image is not None
    assert report is not None
    assert (found.engine_id, found.image_id) == (report.engine_id, image.engine_id)
    assert found.image_digest == image.digest
    assert found.mounts == mounts
    assert "PATH" in found.image_variables
    assert "A" not in found.image_variables
    assert (found.cpus, found.memory) == (0.0, 256 * 1024**2)


def test_the_image_reports_what_it_was_made_with(real_engine: Engine, small_image: str) -> None:
    report = real_engine.image(small_image)
    assert report is not None
    assert report.digest.startswith("sha256:")
    assert report.labels["dev.contenant.test"] == "1"
    assert report.size > 500_000
    assert report.created.startswith("20")
    assert report.reference == small_image


def test_exec_runs_as_root_and_passes_the_exit_code(
    real_engine: Engine, new: Callable[..., ContainerSpec]
) -> None:
    name = new(env={"STATIC": "a b\n$c"}).name
    result = execute(
        real_engine, name, "sh", "-c", 'id -u; echo "$STATIC|$CONTENANT_X"; exit 7', CONTENANT_X="v 'w'"
    )
    assert (result.code, result.stdout) == (7, "0\na b\n$c|v 'w'\n")
    assert "v 'w'" not in " ".join(real_engine.exec_argv(name, ExecSpec(("true",), ("CONTENANT_X",))))


def test_exec_starts_where_it_is_told_and_reads_stdin(
    real_engine: Engine, new: Callable[..., ContainerSpec]
) -> None:
    name = new().name
    spec = ExecSpec(("sh", "-c", "pwd; cat"), interactive=True, workdir="/etc")
    assert capture(real_engine.exec_argv(name, spec), timeout=60, stdin=b"in\n").stdout == "/etc\nin\n"


def test_capabilities_are_dropped_but_for_those_asked_for(
    real_engine: Engine, new: Callable[..., ContainerSpec]
) -> None:
    name = new(cap_add=("NET_ADMIN", "SETUID")).name
    status = execute(real_engine, name, "cat", "/proc/self/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapBnd"], 16) == int(fields["CapEff"], 16) == (1 << 12) | (1 << 7)
    assert fields["NoNewPrivs"] == "1"


def test_hostname_and_limits_are_those_asked_for(
    real_engine: Engine, new: Callable[..., ContainerSpec]
) -> None:
    spec = new(hostname="contenant-host", memory=256 << 20, cpus=1)
    assert execute(real_engine, spec.name, "hostname").stdout == "contenant-host\n"
    data = json.loads(run(real_engine.name, "inspect", spec.name))[0]["HostConfig"]
    assert data["Memory"] == 256 << 20
    assert data["NanoCpus"] == 1_000_000_000


@pytest.mark.parametrize("odd", ODD_NAMES, ids=ascii)
def test_a_directory_with_an_odd_name_is_mounted(
    real_engine: Engine, new: Callable[..., ContainerSpec], tmp_path: Path, odd: str
) -> None:
    source = tmp_path / odd / ("d" * 150)
    source.mkdir(parents=True)
    (source / "mark").write_text(odd)
    name = new(mounts=(Mount(str(source), "/project"),)).name
    assert execute(real_engine, name, "cat", "/project/mark").stdout == odd
    assert execute(real_engine, name, "sh", "-c", "echo back > /project/written").code == 0
    assert (source / "written").read_text() == "back\n"


def test_a_read_only_mount_cannot_be_written(
    real_engine: Engine, new: Callable[..., ContainerSpec], tmp_path: Path
) -> None:
    name = new(mounts=(Mount(str(tmp_path), "/project", read_only=True),)).name
    result = execute(real_engine, name, "sh", "-c", "echo x > /project/written")
    assert result.code != 0
    assert "read-only" in result.stderr.lower()


def test_paths_that_engines_would_mix_up_are_refused(
    real_engine: Engine, small_image: str, tmp_path: Path
) -> None:
    # with these two beside each other, Go's CSV reader would mount the second for the first
    (tmp_path / "a\r\nb").mkdir()
    (tmp_path / "a\nb").mkdir()
    undecodable = tmp_path / os.fsdecode(b"\xff\xfe")
    undecodable.mkdir()
    for source in (tmp_path / "a\r\nb", undecodable):
        spec = ContainerSpec("contenant-test-none", small_image, {}, (Mount(str(source), "/project"),), {})
        with pytest.raises(PathRefusedError, match="no engine can mount"):
            real_engine.create(spec)


def test_a_mount_source_that_is_gone_is_named(
    real_engine: Engine, small_image: str, tmp_path: Path, doomed: Callable[[str], str]
) -> None:
    source = tmp_path / "project"
    source.mkdir()
    name = doomed("contenant-test-gone")
    real_engine.create(ContainerSpec(name, small_image, MARK, (Mount(str(source), "/project"),), {}))
    source.rmdir()
    with pytest.raises(EngineError) as caught:
        real_engine.start(name)
    assert "put it back" in caught.value.hint


def test_a_published_port_is_reached_on_the_host(
    real_engine: Engine, new: Callable[..., ContainerSpec]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    name = new(publish=(Publish("127.0.0.1", port, 8000),)).name
    execute(
        real_engine,
        name,
        "sh",
        "-c",
        "echo served > /dev/shm/index.html; busybox httpd -p 8000 -h /dev/shm",
    )
    deadline = time.monotonic() + 10
    body = b""
    while not body and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=5) as answer:
                body = answer.read()
        except OSError:
            time.sleep(0.2)
    assert body == b"served\n"


def test_a_port_that_is_taken_is_said_to_be(real_engine: Engine, new: Callable[..., ContainerSpec]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(EngineError) as caught:
            new(publish=(Publish("127.0.0.1", port, 8000),))
    assert "another program holds the port" in caught.value.hint


def test_a_build_shows_its_lines_and_why_it_failed(
    real_engine: Engine, small_image: str, tmp_path: Path
) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("ARG BASE\nFROM $BASE\nRUN echo said-so && exit 3\n")
    spec = BuildSpec(
        "contenant-test-bad:1",
        str(tmp_path),
        str(dockerfile),
        {"BASE": small_image},
        MARK,
        no_cache=True,
        network="host",
    )
    lines: list[str] = []
    with pytest.raises(ImageBuildError, match="contenant-test-bad:1"):
        real_engine.build(spec, lines.append)
    assert any("said-so" in line for line in lines)
    assert not any("legacy builder" in line for line in lines)
    assert real_engine.image(spec.tag) is None


def test_a_build_never_pulls_its_base(real_engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM contenant-test-none:1\n")
    spec = BuildSpec("contenant-test-bad:1", str(tmp_path), str(tmp_path / "Dockerfile"), {}, MARK)
    with pytest.raises(ImageBuildError):
        real_engine.build(spec, lambda _line: None)


def test_a_foreign_label_cannot_pass_for_ours(
    real_engine: Engine, small_image: str, doomed: Callable[[str], str]
) -> None:
    name = doomed("contenant-test-foreign")
    label = "note=1,dev.contenant.managed=1,dev.contenant.container=c1"
    run(real_engine.name, "create", "--name", name, "--label", label, small_image)
    report = find(real_engine, name)
    assert report is not None
    assert "dev.contenant.managed" not in report.labels
    assert "dev.contenant.container" not in report.labels


def test_a_pull_without_a_registry_is_false(real_engine: Engine) -> None:
    assert real_engine.pull("127.0.0.1:9/contenant-test-none:1") is False


class TestSessionOnATerminal:
    """`attach` on a real engine's client."""

    @pytest.fixture
    def shell(self, real_engine: Engine, new: Callable[..., ContainerSpec]) -> Iterator[Pty]:
        name = new().name
        spec = ExecSpec(("sh",), env_names=("CONTENANT_A",), interactive=True, tty=True)
        one = Pty(*real_engine.exec_argv(name, spec))
        one.read_until(b"# ")
        yield one
        one.close()

    def test_keys_sizes_and_the_exit_code(self, shell: Pty) -> None:
        shell.write(b"echo got-$CONTENANT_A\n")
        shell.read_until(b"got-b")
        termios.tcsetwinsize(shell.fd, (41, 123))
        shell.write(b"sleep 1; stty size\n")
        shell.read_until(b"41 123")
        shell.write(b"sleep 60\n")
        time.sleep(0.5)
        shell.write(b"\x03")
        shell.write(b"echo rc-$?\n")
        shell.read_until(b"rc-130")
        shell.write(b"exit 5\n")
        shell.read_until(b"code 5")
        assert shell.flags() == cooked()

    def test_the_engines_detach_key_is_only_a_key(self, shell: Pty) -> None:
        shell.write(b"stty raw -echo; dd bs=1 count=1 2>/dev/null | hexdump -C; stty sane\n")
        time.sleep(1)
        shell.write(b"\x10")
        shell.read_until(b"00000000  10 ")

    def test_the_terminal_is_restored_when_the_client_is_killed(self, shell: Pty) -> None:
        assert shell.flags() != cooked()
        os.kill(shell.child_pid(), signal.SIGKILL)
        shell.read_until(b"code 137")
        assert shell.flags() == cooked()


def test_two_docker_daemons_of_one_machine_are_two(
    docker_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before docker 23 they share an id: the containers of the one would be gone for the other."""
    if os.geteuid() != 0:
        pytest.skip("a daemon needs root")
    first = docker_engine.identity()
    monkeypatch.delenv("CONTENANT_TEST_DOCKER_ROOT", raising=False)
    with own_daemon() as other, monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", other)
        second = make("docker").identity()
    assert first == docker_engine.identity()
    mine = container(engine="docker", engine_identity=first)
    seen = Observed("docker", second, (), frozenset(), {}, "host")
    assert reconcile(Recorded((mine,), ()), seen) == []
