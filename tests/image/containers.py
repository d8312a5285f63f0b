"""Real containers of the built image, as the product makes them, for the image's tests."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from contenant.core.values import ContainerSpec, ExecSpec, Mount
from contenant.engines.base import Engine
from contenant.image.build import ensure
from tests.real.engine_fixtures import podman_engine

__all__ = ["Box", "Screen", "box", "eventually", "image", "make_box", "podman_engine", "quiet_box"]

SESSION = "/usr/local/lib/contenant/session"
FIREWALL = "/usr/local/lib/contenant/firewall"
CAPABILITIES = ("NET_ADMIN", "SETUID", "SETGID", "SETPCAP", "NET_BIND_SERVICE", "CHOWN", "KILL")


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Silent:
    """A `Ui` nobody looks at."""

    def note(self, text: str) -> None: ...

    def progress(self, text: str, done: int = 0, total: int = 0) -> None: ...

    def finish(self) -> None: ...


class Box:
    """One container and the directories it has of the host."""

    def __init__(self, engine: Engine, name: str, folder: Path) -> None:
        self.engine, self.name, self.folder = engine, name, folder
        self.sessions = folder / "closed" / "sessions"
        self.project = folder / "project"
        self.command = [*_podman(engine)]

    def session(self, *words: str, stdin: str | None = None, **env: str) -> Done:
        """`session …` in the container, the environment prefixed as contenant does it."""
        return self.execute(SESSION, *words, stdin=stdin, **{f"CONTENANT_ENV_{k}": v for k, v in env.items()})

    def run(self, *command: str, stdin: str | None = None, **env: str) -> Done:
        """A command in a session of its own."""
        return self.session("run", new_id(), "--", *command, stdin=stdin, **env)

    def execute(self, *words: str, stdin: str | None = None, **env: str) -> Done:
        """Anything in the container, as root."""
        argv = self.argv(*words, interactive=stdin is not None, **env)
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=120, env=os.environ | env, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def argv(self, *words: str, interactive: bool = False, tty: bool = False, **env: str) -> list[str]:
        return self.engine.exec_argv(self.name, ExecSpec(words, tuple(env), interactive, tty))

    def screen(self, *words: str, **env: str) -> Screen:
        """A session on a terminal of its own."""
        prefixed = {f"CONTENANT_ENV_{name}": value for name, value in env.items()}
        argv = self.argv(SESSION, *words, interactive=True, tty=True, **prefixed)
        return Screen(argv, os.environ | prefixed)

    def running(self) -> bool:
        return self._inspect("{{.State.Running}}") == "true"

    def exit_code(self) -> int:
        return int(self._inspect("{{.State.ExitCode}}"))

    def logs(self) -> str:
        done = subprocess.run([*self.command, "logs", self.name], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def live(self) -> list[str]:
        return self.session("list").out.split()

    def _inspect(self, form: str) -> str:
        argv = [*self.command, "inspect", "--format", form, self.name]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


class Screen:
    """A program on a pseudo-terminal, 100 columns by 30 lines."""

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        self.text = ""  # since the last wait
        self.raw = ""  # everything
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(argv[0], argv, env)
            finally:
                os._exit(127)
        import fcntl
        import struct
        import termios

        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def wait_for(self, wanted: str, seconds: float = 30) -> str:
        """Read until the text has been shown since the last call; returns what was shown."""
        deadline = time.monotonic() + seconds
        while wanted not in plain(self.text):
            assert time.monotonic() < deadline, f"never shown: {wanted!r} in {plain(self.text)[-3000:]!r}"
            if not self._read(0.2):
                assert wanted in plain(self.text), f"ended without {wanted!r}: {self.text[-3000:]!r}"
        seen, self.text = plain(self.text), ""
        return seen

    def end(self, seconds: float = 20) -> int:
        """Wait for its end; the exit code."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.terminal)
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"still running: {self.text[-3000:]!r}")

    def lose(self) -> None:
        """The terminal goes, and the engine's client with it."""
        os.close(self.terminal)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            return False
        text = data.decode("utf-8", "replace")
        self.text += text
        self.raw += text
        return bool(data)


def plain(text: str) -> str:
    """What a terminal would show, roughly: steps to the right are blanks, other controls are nothing."""
    moved = re.sub(r"\x1b\[\d*C", " ", text)
    return re.sub(
        r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b\[[0-9;:?<>=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]", "", moved
    )


def new_id() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


def eventually(holds: Callable[[], Any], seconds: float = 15) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def image(podman_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The reference of the current image, built when it is not there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTENANT_HOME", str(tmp_path_factory.mktemp("home")))
        settings: Any = SimpleNamespace(ca_certificates=(), claude_version="", layers=())
        return ensure(podman_engine, settings, Silent(), lambda _change: None).reference


def make_box(
    engine: Engine,
    image: str,
    folder: Path,
    *,
    mounts: tuple[Mount, ...] = (),
    ready: bool = True,
    owner: tuple[int, int] = (1000, 1000),
    **env: str,
) -> Box:
    """A container with a project of the agent's, started; with `ready`, past its firewall."""
    box = Box(engine, f"imgtest-{uuid.uuid4().hex[:10]}", folder)
    box.project.mkdir(parents=True)
    box.sessions.mkdir(parents=True)
    box.sessions.parent.chmod(0o700)
    box.sessions.chmod(0o777)
    os.chown(box.project, *owner)
    spec = ContainerSpec(
        name=box.name,
        image=image,
        labels={"dev.contenant.test": "1"},
        mounts=(
            Mount(str(box.project), "/project"),
            Mount(str(box.sessions), "/var/lib/contenant/sessions"),
            *mounts,
        ),
        env=env,
        cap_add=CAPABILITIES,
    )
    engine.create(spec)
    engine.start(box.name)
    if ready:
        eventually(lambda: box.execute("test", "-e", "/run/contenant/ready").code == 0, 30)
    return box


@pytest.fixture(scope="module")
def box(podman_engine: Engine, image: str) -> Iterator[Box]:
    """One container for tests that leave it running."""
    with _folder() as folder:
        made = make_box(podman_engine, image, folder, CONTENANT_KEEP="1")
        yield made
        podman_engine.remove(made.name)


@pytest.fixture
def quiet_box(podman_engine: Engine, image: str) -> Iterator[Callable[..., Box]]:
    """Makes containers whose firewall is a stand-in that does nothing, and removes them."""
    made: list[Box] = []
    with _folder() as folder:
        _write_firewall(folder / "firewall")

        def make(*mounts: Mount, firewall: bool = True, **options: Any) -> Box:
            own = (Mount(str(folder / "firewall"), FIREWALL, True),) if firewall else ()
            place = folder / f"box{len(made)}"
            made.append(make_box(podman_engine, image, place, mounts=(*own, *mounts), **options))
            return made[-1]

        yield make
        for one in made:
            podman_engine.remove(one.name)


def _write_firewall(folder: Path) -> None:
    folder.mkdir()
    for name in ("up", "check"):
        (folder / name).write_text("#!/bin/sh\nexit 0\n")
        (folder / name).chmod(0o755)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A directory that containers' users may enter, which pytest's own are not."""
    place = Path(tempfile.mkdtemp(prefix="contenant-imgtest-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place, ignore_errors=True)


def _podman(engine: Engine) -> list[str]:
    """The engine's command with the OCI runtime it was set up with."""
    argv = engine.exec_argv("x", ExecSpec(()))
    return argv[: argv.index("exec")]
