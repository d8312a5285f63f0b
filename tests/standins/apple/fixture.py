"""For tests: a stand-in of a release and mode, with its environment, a way to call it, and its end.

    with apple_standin("1.2.2") as standin:
        standin.run("list", "--all")
        subprocess.run(["contenant", ...], env={**os.environ, **standin.env})

Leaving removes every podman object that carries this stand-in's label or name, and nothing else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .call import Call
from .images import describe, next_number, put
from .podman import LABEL, Podman
from .settings import PREFIX, read
from .state import Store

BIN = Path(__file__).resolve().parent / "bin"
VERSIONS = ("0.12.3", "1.0.0", "1.2.2", "1.4.1")


class Standin(NamedTuple):
    """One stand-in: the variables that select it, its home, its launcher."""

    env: dict[str, str]
    home: Path
    launcher: Path

    def run(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Call it: captured, stdin closed unless given. `env` adds to the environment."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [str(self.launcher), *words],
            env={**os.environ, **self.env, **(env or {})},
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        text = [stream.decode(errors="replace") for stream in (done.stdout, done.stderr)]
        return subprocess.CompletedProcess(done.args, done.returncode, *text)

    def ok(self, *words: str, env: Mapping[str, str] | None = None, stdin: str | bytes | None = None) -> str:
        """Call it, insist on exit 0, give stdout."""
        done = self.run(*words, env=env, stdin=stdin)
        assert done.returncode == 0, f"container {' '.join(words)}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def another(self, version: str | None = None, mode: str | None = None) -> Standin:
        """The same home under another release or mode: an upgrade, or a disorder from now on."""
        changes = {}
        if version is not None:
            changes[PREFIX + "VERSION"] = version
        if mode is not None:
            changes[PREFIX + "MODE"] = mode
        return self._replace(env={**self.env, **changes})

    def podman_name(self, identifier: str) -> str:
        """What podman calls a container of this stand-in."""
        return f"acs-{read(self.env, need_home=True).scope}-{identifier}"


def make(
    home: Path, version: str, mode: str = "", *, allow_tmp: bool = False, hang: float | None = 20
) -> Standin:
    """A stand-in with its state in `home`. `hang` bounds deliberate hangs (None: for ever)."""
    env = {
        PREFIX + "HOME": str(home),
        PREFIX + "VERSION": version,
        PREFIX + "MODE": mode,
        PREFIX + "ALLOW_TMP": "1" if allow_tmp else "",
        PREFIX + "HANG": "" if hang is None else str(hang),
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    return Standin(env, home, BIN / "container")


@contextmanager
def apple_standin(
    version: str, mode: str = "", *, allow_tmp: bool = False, hang: float | None = 20
) -> Iterator[Standin]:
    """A stand-in with a home of its own, gone with everything of its afterwards."""
    home = Path(tempfile.mkdtemp(prefix="apple-standin-")).resolve()
    try:
        yield make(home, version, mode, allow_tmp=allow_tmp, hang=hang)
    finally:
        clean(home)


def adopt(standin: Standin, image: str, reference: str) -> None:
    """Give a stand-in an image that podman holds as `image`, under Apple's `reference`, as a build would.

    Nothing is copied: several stand-ins share one image of a gigabyte.
    """
    settings = read(standin.env, need_home=True)
    call = Call(settings, {}, Store(settings), Podman(settings), os.environ)
    with call.store.transaction() as state:
        number = next_number(state)
        call.podman.run("tag", image, call.podman.image(number))
        put(call, state, describe(call, number, reference, reference, built=True))


def podman(*words: str) -> list[str]:
    """podman's words, one a line of output; failures are silent, there may be nothing to clean."""
    done = subprocess.run(
        ["podman", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done.stdout.split()


def discard(listing: Sequence[str], removal: Sequence[str]) -> None:
    """Remove what a listing names."""
    names = podman(*listing)
    if names:
        podman(*removal, *names)


def working_containers(scope: str) -> list[str]:
    """What builds that were killed left behind, as far as it stands directly on an image of the stand-in."""
    words = podman("ps", "--all", "--external", "--format", "{{.ID}}={{.Image}}")
    pairs = [word.partition("=") for word in words]
    return [container for container, _, image in pairs if image.startswith(f"localhost/acs-{scope}/")]


def image_names(scope: str) -> list[str]:
    """The stand-in's own names of images, the newest first: what was built on another goes before it.

    podman lists every name of an image that matches a filter, those of others among them: hence no filter.
    """
    names = podman("images", "--format", "{{.Repository}}:{{.Tag}}")
    mine = [name for name in names if name.startswith(f"localhost/acs-{scope}/i:")]
    return sorted(mine, key=lambda name: -int(name.rpartition(":")[2]))


def clean(home: Path) -> None:
    """Remove every container, volume, network and image of the stand-in at `home`, then the home."""
    if shutil.which("podman") is not None:
        scope = read({PREFIX + "HOME": str(home)}, need_home=True).scope
        mine = ("--filter", f"label={LABEL}={scope}", "--quiet")
        discard(("ps", "--all", *mine), ("rm", "--force", "--time", "0"))
        discard(("volume", "ls", *mine), ("volume", "rm", "--force"))
        discard(("network", "ls", *mine), ("network", "rm", "--force"))
        for container in working_containers(scope):
            podman("rm", "--force", container)
        for name in image_names(scope):
            podman("rmi", name)
    shutil.rmtree(home, ignore_errors=True)
