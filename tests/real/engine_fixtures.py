"""Real engines for tests. A conftest imports the fixtures it wants.

`podman_engine` is the podman of whoever runs the tests, with the OCI runtime that the product finds out.
`docker_engine` runs a docker daemon of its own, as root, with its own data, bridge and socket, and leaves
nothing behind. Set CONTENANT_TEST_DOCKER_ROOT to a directory to keep its images between runs.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import secrets
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contenant.core.values import BuildSpec
from contenant.engines.base import Engine
from contenant.engines.select import find_working_runtime, make

APPLETS = ("cat", "dd", "hexdump", "hostname", "id", "kill", "ls", "mkdir", "ps", "rm", "sh", "sleep", "stty")
# Process 1 of test containers: ends at once when it is told to.
DOCKERFILE = """\
FROM {base}
ENTRYPOINT ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
"""
MARK = {"dev.contenant.test": "1"}
_NUMBERS = itertools.count(os.getpid() * 100)  # test runs may be side by side


@pytest.fixture(scope="session")
def podman_engine() -> Engine:
    """podman, as the product sets it up."""
    return make("podman", runtime=find_working_runtime("podman"))


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """DOCKER_HOST of a daemon that runs while the tests do; also set in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        if os.geteuid() != 0:
            yield _daemon_of_the_host()
            return
        with own_daemon() as host:
            patch.setenv("DOCKER_HOST", host)
            patch.delenv("DOCKER_CONTEXT", raising=False)
            yield host


@pytest.fixture(scope="session")
def docker_engine(docker_host: str) -> Engine:
    """docker, talking to a daemon of the test run's own."""
    assert docker_host
    return make("docker")


@pytest.fixture(scope="session", params=["podman", "docker"])
def real_engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn, started when the first test asks for it."""
    engine: Engine = request.getfixturevalue(f"{request.param}_engine")
    return engine


@pytest.fixture(scope="session")
def small_image(real_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Reference of an image with busybox and nothing else."""
    with small_image_of(real_engine, tmp_path_factory.mktemp("image")) as reference:
        yield reference


@pytest.fixture
def doomed(real_engine: Engine) -> Iterator[Callable[[str], str]]:
    """Takes the names of containers that must not outlive the test, and gives them back."""
    names: list[str] = []

    def note(name: str) -> str:
        names.append(name)
        return name

    yield note
    for name in names:
        real_engine.remove(name)


@contextlib.contextmanager
def small_image_of(engine: Engine, where: Path) -> Iterator[str]:
    """An image with busybox and nothing else, imported and built by the engine; gone in the end."""
    number = next(_NUMBERS)
    base, reference = f"contenant-test-base:{number}", f"contenant-test-small:{number}"
    engine.import_image(str(busybox_tarball(where)), base, MARK)
    context = where / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE.format(base=base))
    engine.build(
        BuildSpec(reference, str(context), str(context / "Dockerfile"), {}, MARK), lambda _line: None
    )
    yield reference
    engine.remove_image(reference)
    engine.remove_image(base)


def busybox_tarball(where: Path) -> Path:
    """A root file system with a static busybox."""
    program = next((p for p in (Path("/bin/busybox"), Path("/usr/bin/busybox")) if p.exists()), None)
    if program is None:
        run("apt-get", "download", "busybox-static", cwd=where)
        run("dpkg", "-x", str(next(where.glob("busybox-static*.deb"))), str(where / "unpacked"))
        program = next((where / "unpacked").glob("**/bin/busybox"))
    result = where / "rootfs.tar"
    with tarfile.open(result, "w") as archive:
        archive.add(program, "bin/busybox")
        for name in APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        passwd = b"root:x:0:0:root:/:/bin/sh\n"
        entry = tarfile.TarInfo("etc/passwd")
        entry.size = len(passwd)
        archive.addfile(entry, io.BytesIO(passwd))
    return result


def run(*argv: str, cwd: Path | None = None) -> str:
    """A command that must succeed; returns its output."""
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{argv}: {done.stderr}"
    return done.stdout


def _daemon_of_the_host() -> str:
    """Without root there is no daemon to start: use one that answers, or say so."""
    asked = subprocess.run(["docker", "info"], capture_output=True, timeout=30, check=False)
    if asked.returncode != 0:
        pytest.skip("docker needs root to start a daemon, and none is running that this user may use")
    return os.environ.get("DOCKER_HOST", "")


@contextlib.contextmanager
def own_daemon() -> Iterator[str]:
    """A dockerd with its own everything; of the host's packet filter it gets its bridge's rules only."""
    place = Path(tempfile.mkdtemp(prefix="contenant-docker-"))  # short: a socket's path has 108 bytes at most
    kept = os.environ.get("CONTENANT_TEST_DOCKER_ROOT")
    data = Path(kept) if kept else place / "data"
    with _bridge() as bridge:
        argv = [
            *("dockerd", "--host", f"unix://{place}/docker.sock", "--bridge", bridge, "--iptables=false"),
            *("--data-root", str(data), "--exec-root", str(place / "exec"), "--pidfile", str(place / "pid")),
        ]
        with (place / "log").open("wb") as log:
            daemon = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_until_ready(daemon, place)
            yield f"unix://{place}/docker.sock"
        finally:
            _stop(daemon)
            unmount_below(place)
            unmount_below(data)
            shutil.rmtree(place, ignore_errors=True)


def _wait_until_ready(daemon: subprocess.Popen[bytes], place: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and daemon.poll() is None:
        argv = ["docker", "--host", f"unix://{place}/docker.sock", "version"]
        if subprocess.run(argv, capture_output=True, timeout=30, check=False).returncode == 0:
            return
        time.sleep(0.1)
    pytest.fail("dockerd did not start:\n" + (place / "log").read_text(errors="replace")[-3000:])


def _stop(daemon: subprocess.Popen[bytes]) -> None:
    """It stops its containers and its containerd itself."""
    daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()


def _free_bridge() -> tuple[str, int]:
    """A name and the third byte of a subnet that no other bridge has, killed test runs' included."""
    taken = run("ip", "-oneline", "address", "show")
    number = next(n for n in range(1, 255) if f"10.213.{n}.1/" not in taken)
    return f"ctnt{os.getpid()}-{secrets.token_hex(2)}", number


@contextlib.contextmanager
def _bridge() -> Iterator[str]:
    """A bridge of our own: docker0 may belong to another daemon. It gets a way out, as docker's has."""
    name, number = _free_bridge()
    subnet = f"10.213.{number}.0/24"
    rules = [
        ["-t", "nat", "POSTROUTING", "-s", subnet, "!", "-o", name, "-j", "MASQUERADE"],
        ["-t", "filter", "FORWARD", "-i", name, "-j", "ACCEPT"],
        [
            "-t",
            "filter",
            "FORWARD",
            "-o",
            name,
            *["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"],
        ],
    ]
    run("ip", "link", "add", name, "type", "bridge")
    try:
        run("ip", "address", "add", f"10.213.{number}.1/24", "dev", name)
        run("ip", "link", "set", name, "up")
        for table, rule in ((rule[:2], rule[2:]) for rule in rules):
            run("iptables", "-w", *table, "-I", *rule)
        yield name
    finally:
        for table, rule in ((rule[:2], rule[2:]) for rule in rules):
            subprocess.run(["iptables", "-w", *table, "-D", *rule], capture_output=True, check=False)
        run("ip", "link", "delete", name)


def unmount_below(place: Path) -> None:
    """Take away what a daemon left mounted below a directory, innermost first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in lines]
    for point in sorted((p for p in points if p.startswith(f"{place}/")), key=len, reverse=True):
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)
