"""Real engines, the real image, and contenant as a person calls it: a process with arguments and streams."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.real import behind
from tests.real.apple import VERSIONS, apple_engine, share
from tests.real.engine_fixtures import docker_engine, docker_host, podman_engine

__all__ = ["docker_engine", "docker_host", "podman_engine"]

LINUX = ("podman", "docker")
# The stand-in, as one release of each era: 1.0.0 and 1.2.2 are one (tests/apple runs all of them).
APPLE = tuple(f"container-{version}" for version in VERSIONS if version != "1.0.0")


class Contenant:
    """The command line of one installation on one engine."""

    def __init__(self, home: Path, engine: str, env: Mapping[str, str]) -> None:
        self.home = home
        self.engine = engine
        self.env = {**env, "CONTENANT_HOME": str(home), "CONTENANT_ENGINE": engine}
        self._started: list[subprocess.Popen[bytes]] = []

    def argv(self, *arguments: str) -> list[str]:
        """The whole command line."""
        return [sys.executable, "-m", "contenant", *arguments]

    def __call__(
        self,
        *arguments: str,
        cwd: Path,
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end, captured."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            self.argv(*arguments),
            cwd=cwd,
            env={**self.env, **(env or {})},
            input=data,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        out, err = (stream.decode(errors="surrogateescape") for stream in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    def ok(self, *arguments: str, cwd: Path, **more: Any) -> str:
        """Run, insist on success, return standard output."""
        done = self(*arguments, cwd=cwd, **more)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, *arguments: str, cwd: Path, **more: Any) -> subprocess.Popen[bytes]:
        """Leave running; streams are pipes."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        # The tests may run where SIGHUP is ignored (nohup), and contenant would respect that.
        pipes["preexec_fn"] = lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)  # type: ignore[assignment]
        process = subprocess.Popen(self.argv(*arguments), cwd=cwd, env=self.env, **{**pipes, **more})
        self._started.append(process)
        return process

    def finish(self) -> None:
        """End what was started and close its pipes."""
        for process in self._started:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None and not stream.closed:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()

    def rows(self, cwd: Path) -> list[dict[str, Any]]:
        """`contenant list --json`."""
        found: list[dict[str, Any]] = json.loads(self.ok("list", "--json", cwd=cwd))
        return found

    def history(self, cwd: Path, *more: str) -> list[dict[str, Any]]:
        """`contenant history --json`, newest first."""
        found: list[dict[str, Any]] = json.loads(self.ok("history", "--json", *more, cwd=cwd))
        return found

    def raw(self, *arguments: str) -> str:
        """The engine itself, behind contenant's back."""
        done = subprocess.run(
            [self.engine, *arguments], env=self.env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout.strip()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module's `ENGINES` says on which engines its tests run; without it, on those of Linux. One test is
    held to fewer by the marker `engines`.
    """
    if "engine_env" in metafunc.fixturenames:
        own = metafunc.definition.get_closest_marker("engines")
        wanted = own.args if own else getattr(metafunc.module, "ENGINES", LINUX)
        metafunc.parametrize("engine_env", wanted, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs over the stand-in, so that `make test` can put it into a lane of its own."""
    for item in items:
        parameters = (
            item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        )
        if str(parameters.get("engine_env", "")).startswith("container"):
            item.add_marker("apple")


@pytest.fixture(scope="session")
def engine_env(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, str]]]:
    """An engine's name and the environment in which it answers."""
    name, _, version = request.param.partition("-")
    if not version:
        request.getfixturevalue(f"{name}_engine")
    env = {k: v for k, v in os.environ.items() if not k.startswith("CONTENANT_")}
    if not version:
        yield name, env
        return
    with apple_engine(version) as more:
        yield name, env | more


@pytest.fixture(scope="session")
def built(
    engine_env: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, str]]:
    """The same, once the image is in the engine's store."""
    name, env = engine_env
    if name == "container":
        podman = Contenant(tmp_path_factory.mktemp("builder"), "podman", env)
        made = podman.ok("image", "build", "--json", cwd=Path("/"), timeout=1800)
        share(env, json.loads(made)["reference"])
    installation = Contenant(tmp_path_factory.mktemp("builder"), name, env)
    installation.ok("image", "build", cwd=Path("/"), timeout=1800)
    return name, env


@pytest.fixture
def contenant(built: tuple[str, dict[str, str]], contenant_home: Path, tmp_path: Path) -> Iterator[Contenant]:
    """An installation of its own; whatever it made is removed at the end."""
    installation = Contenant(contenant_home, *built)
    yield installation
    installation.finish()
    installation("clean", "--all", "--yes", "--force", cwd=tmp_path)
    left = behind.containers(installation, host=owner(installation))
    assert not left, f"left behind: {left}"


def mark(installation: Contenant) -> str:
    """The label that all containers of one installation bear."""
    return f"dev.contenant.host={owner(installation)}"


def owner(installation: Contenant) -> str:
    """The installation's id."""
    code = "from contenant.host import installation_id; print(installation_id())"
    done = subprocess.run(
        [sys.executable, "-c", code], env=installation.env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project directory with one file."""
    path = tmp_path / "shop"
    path.mkdir()
    (path / "hello.txt").write_text("hello\n")
    return path


def wait_for(condition: Any, seconds: float = 20, what: str = "") -> Any:
    """Poll until the condition holds; its value. Fails the test after `seconds`."""
    import time

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what or condition}")


def names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Container names of list rows."""
    return [row["name"] for row in rows]
