"""The tools that are compared: how each is told to do the same things, and what it cannot be told.

A tool makes a container and gives a shell in it (`new`), gives another shell in the same one (`existing`),
lists its containers (`listing`) and removes that one (`clean`). What is None has its reason in `missing`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tests.bench.peers_places import PEER, Place
from tests.bench.peers_terminal import SHELL, Shell

Argv = Sequence[str]


class Tool:
    """What all tools have; a subclass is one of them, on one engine."""

    press: bytes | None = None  # see Shell.ready
    throwaway = False  # its container is gone with its first shell, so it is cleaned while that is there
    missing: Mapping[str, str] = MappingProxyType({})  # why: new, existing, list, clean, memory

    def __init__(self, name: str, place: Place, project: Path, env: Mapping[str, str]) -> None:
        self.name, self.place, self.project = name, place, project
        self.env = {"TERM": "xterm", **place.env, **env}
        self.box = f"bench-{project.name}"

    def new(self) -> Argv | None:
        return None

    def existing(self) -> Argv | None:
        return None

    def listing(self) -> Argv | None:
        return None

    def clean(self) -> Argv | None:
        return None

    def noted(self, shell: Shell) -> None:
        """Look at what the first shell's tool wrote, for what the other commands need."""


class Script(Tool):
    """The engine's own command line, as people write it into a script."""

    def new(self) -> Argv:
        mount = ("--volume", f"{self.project}:/project", "--workdir", "/project")
        return (self.place.engine, "run", "-it", "--name", self.box, *mount, PEER, *SHELL)

    def existing(self) -> Argv:
        return (self.place.engine, "exec", "-it", self.box, *SHELL)

    def listing(self) -> Argv:
        return (self.place.engine, "ps", "--all", "--filter", "label=bench")

    def clean(self) -> Argv:
        return (self.place.engine, "rm", "--force", self.box)


class Contenant(Tool):
    """This program."""

    def __init__(self, name: str, place: Place, project: Path, env: Mapping[str, str], program: str) -> None:
        super().__init__(name, place, project, env)
        self.program = program

    def new(self) -> Argv:
        return (self.program, "--", *SHELL)

    def existing(self) -> Argv:
        return (self.program, "--", *SHELL)

    def listing(self) -> Argv:
        return (self.program, "list")

    def clean(self) -> Argv:
        return (self.program, "clean", str(self.project), "--yes")


class Unwalled(Contenant):
    """The same without its firewall, which no other tool here has."""

    missing = MappingProxyType({"list": "the same command as above"})

    def __init__(self, name: str, place: Place, project: Path, env: Mapping[str, str], program: str) -> None:
        super().__init__(name, place, project, {**env, "CONTENANT_FIREWALL_MODE": "off"}, program)


class Vibepod(Tool):
    """vibepod, over docker's API. Its proxy is an image of a registry's, so it runs without."""

    press = b"Attached to container"  # loses what the shell wrote before; an agent draws its screen again
    throwaway = True
    missing = MappingProxyType({"existing": "`vp attach` joins the one shell that is there and starts none"})

    def new(self) -> Argv:
        return ("vp", "run", "claude", "--name", self.box)

    def listing(self) -> Argv:
        return ("vp", "list", "--running")

    def clean(self) -> Argv:
        return ("vp", "stop", self.box, "--force")


class Cubbi(Tool):
    """cubbi, over docker's API."""

    turn, session = 0, ""

    def new(self) -> Argv:
        self.turn += 1
        name = f"{self.box}-{self.turn}"
        return ("cubbi", "session", "create", "--image", PEER, "--name", name, str(self.project))

    def noted(self, shell: Shell) -> None:
        self.session = shell.said(r"Session ID: (\w+)")

    def existing(self) -> Argv:
        return ("cubbi", "session", "connect", self.session)

    def listing(self) -> Argv:
        return ("cubbi", "session", "list")

    def clean(self) -> Argv:
        return ("cubbi", "session", "close", "--kill", self.session)


class Sbclaude(Tool):
    """sbclaude, which calls docker's command line."""

    throwaway = True
    missing = MappingProxyType({"list": "it lists running containers only, and the many here never ran"})

    def __init__(self, name: str, place: Place, project: Path, env: Mapping[str, str], claude: Path) -> None:
        super().__init__(name, place, project, env)
        self.claude = claude

    def new(self) -> Argv:
        own = ("--image", PEER, "--claude-binary", str(self.claude), "--name", self.box)
        return ("sbclaude", "run", *own, "--net", "bridge", "--no-modify")

    def existing(self) -> Argv:
        return ("sbclaude", "shell", "--root", "--name", self.box)

    def clean(self) -> Argv:
        return ("sbclaude", "stop", "--name", self.box)


_PROXY = "a session of it begins with its proxy's image, which is in a registry only"


class Paude(Tool):
    """paude: its list alone."""

    missing = MappingProxyType(dict.fromkeys(("new", "existing", "clean", "memory"), _PROXY))

    def listing(self) -> Argv:
        return ("paude", "list", "--backend", self.place.engine)


class Package(NamedTuple):
    """A peer on PyPI: where its program is, and the Python that it wants at least."""

    name: str
    program: str
    python: tuple[int, int] = (3, 11)


PACKAGES = (
    Package("vibepod", "vp"),
    Package("cubbi", "cubbi", (3, 12)),
    Package("sbclaude", "sbclaude"),
    Package("paude", "paude"),
)

# Tried with the versions of November 2026: installed, and not to be measured here.
LEFT_OUT = {
    "agentcage 0.40": "its egress image is built from mitmproxy's, which is in a registry; no root",
    "agent-circus 0.2": "builds its image from node's, which is in a registry, and takes no other",
    "claude-podman 0.2": "builds its image from ubuntu's, which is in a registry, at every start",
    "claudebox 0.3": "a library without a command line, for micro-VMs from a registry's images",
    "handler-ai 0.2": "a daemon that wants podman without root",
    "kanibako 1.8": "takes an image, but runs it with `--userns keep-id`, which podman refuses root",
    "terok 0.9": "installs its agents from their makers' servers into every image, and none is reached here",
    "trusted-agent 0.12": "wants gVisor's runsc",
}


def install(package: Package, where: Path) -> tuple[Path, str] | str:
    """Install a peer into an environment of its own, once: its `bin` directory and version, or why not."""
    python = python_for(package.python)
    if not python:
        return f"it wants Python {package.python[0]}.{package.python[1]}, which is not here"
    place = where / package.name
    if not (place / "bin" / package.program).exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(place)], check=True)
        pip = [str(place / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", package.name]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(place)
            return f"pip cannot install it: {done.stderr.strip().splitlines()[-1]}"
    code = f"from importlib.metadata import version; print(version({package.name!r}))"
    told = subprocess.run([str(place / "bin/python"), "-c", code], capture_output=True, text=True, check=True)
    return place / "bin", told.stdout.strip()


def python_for(least: tuple[int, int]) -> str:
    """An interpreter that is new enough, "" where there is none: this one, or one that pyenv or PATH has."""
    import sys

    if sys.version_info[:2] >= least:
        return sys.executable
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for minor in range(least[1], 20):
        kept = sorted(root.glob(f"versions/3.{minor}.*/bin/python3"))
        found = str(kept[-1]) if kept else shutil.which(f"python3.{minor}")
        if found:
            return found
    return ""
