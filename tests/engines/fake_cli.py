"""An executable on PATH that notes how it was called and answers as it was told."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from contenant.core.values import ContainerSpec, EngineName, ExecSpec, Mount, Publish
from contenant.engines.apple import Apple
from contenant.engines.apple import connect as connect_apple
from contenant.engines.call import Timeouts
from contenant.engines.docker import Docker
from contenant.engines.docker import connect as connect_docker
from contenant.engines.podman import Limits, Podman
from contenant.engines.podman import connect as connect_podman

RECORDED = Path(__file__).parent / "recorded"
NO_LIMITS = Limits(0, 0)
HASTY = Timeouts(quick=0.5, change=0.5, transfer=0.5, build=0.5)

SPEC = ContainerSpec(
    name="contenant-app-00000001",
    image="contenant:1",
    labels={"dev.contenant.managed": "1", "dev.contenant.project": "/p/a%20b"},
    mounts=(Mount("/p/a b", "/project"), Mount("/s", "/var/lib/contenant/sessions", read_only=True)),
    env={"CONTENANT_UID": "501", "NOTE": "a=b c"},
    publish=(Publish("127.0.0.1", 8080, 80), Publish("::1", 53, 53, "udp")),
    cpus=2,
    memory=3 << 30,
    hostname="contenant-app-00000001",
    cap_add=("NET_ADMIN", "SETUID"),
    owner=(501, 20),
)
BARE = ContainerSpec("contenant-app-00000001", "contenant:1", {}, (), {})
EXEC = ExecSpec(
    ("/usr/local/lib/contenant/session", "run", "s1", "--", "ls", "-l"),
    env_names=("CONTENANT_ENV_TERM", "CONTENANT_WORKDIR"),
    interactive=True,
    tty=True,
    workdir="/project",
)


class FakeCli:
    """`<place>/bin/<name>`, first on PATH."""

    def __init__(self, name: str, place: Path, patch: pytest.MonkeyPatch) -> None:
        self._name = name
        self._place = place
        self._rules: list[str] = []
        (place / "bin").mkdir(exist_ok=True)
        patch.setenv("PATH", f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}")
        self._write()

    def answer(self, pattern: str, stdout: str = "", *, stderr: str = "", code: int = 0) -> None:
        """What to say to a call whose arguments match a shell pattern; later rules come first."""
        out, err = (self._place / f"{self._name}-{len(self._rules)}-{kind}" for kind in ("out", "err"))
        out.write_text(stdout)
        err.write_text(stderr)
        self._rules.insert(
            0, f"{pattern}) cat {shlex.quote(str(out))}; cat {shlex.quote(str(err))} >&2; exit {code};;"
        )
        self._write()

    def hang(self) -> None:
        """Never answer anything."""
        self._rules.insert(0, "*) sleep 60;;")
        self._write()

    def calls(self) -> list[list[str]]:
        """The arguments of each call so far."""
        log = self._place / f"{self._name}.log"
        text = log.read_text() if log.exists() else ""
        return [call.split("\0")[:-1] for call in text.split("\1")[:-1]]

    def _write(self) -> None:
        log = shlex.quote(str(self._place / f"{self._name}.log"))
        lines = ["#!/bin/sh", '{ for a in "$@"; do printf "%s\\0" "$a"; done; printf "\\001"; } >> ' + log]
        lines += ['case "$*" in', *self._rules, "esac"]
        program = self._place / "bin" / self._name
        program.write_text("\n".join(lines) + "\n")
        program.chmod(0o755)


def podman(
    rootless: bool = False, limits: Limits = NO_LIMITS, selinux: bool = False, runtime: str = ""
) -> Podman:
    """podman as on a host with these properties, whatever this one is."""
    caller = connect_podman(runtime)._caller
    return Podman(caller, selinux=selinux, limits=limits, rootless=rootless)


def docker(selinux: bool = False) -> Docker:
    return Docker(connect_docker()._caller, selinux=selinux)


def apple() -> Apple:
    return connect_apple()


def engine_of(name: EngineName) -> Podman | Docker | Apple:
    """Each engine, on a plain host."""
    return {"podman": podman, "docker": docker, "container": apple}[name]()


def hurry(engine: Any) -> Any:
    """The engine with short timeouts."""
    engine._caller = engine._caller._replace(timeouts=HASTY)
    return engine


def recorded(name: str) -> str:
    return (RECORDED / name).read_text()
