"""How often contenant calls the engine, and what it weighs while a session runs."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contenant.app.run import BRIEF
from tests.real.conftest import Contenant, wait_for

pytestmark = pytest.mark.real

MEMORY_KIB = 30 * 1024
LOGGED = """#!/bin/sh
printf '%s\\n' "$*" >> '{log}'
exec '{real}' "$@"
"""
TAKEN = ("--runtime", "--host", "--context", "--log-level")  # options of the client that take a word


class Calls:
    """An engine on PATH that writes down what it is called with."""

    def __init__(self, contenant: Contenant, place: Path) -> None:
        self._log = place / "calls"
        real = shutil.which(contenant.engine, path=contenant.env["PATH"])
        client = place / "logged" / contenant.engine
        client.parent.mkdir()
        client.write_text(LOGGED.format(log=self._log, real=real))
        client.chmod(0o755)
        contenant.env["PATH"] = f"{client.parent}:{contenant.env['PATH']}"

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """How often each command of the engine's was called meanwhile."""
        self._log.write_text("")
        found: Counter[str] = Counter()
        yield found
        found.update(_command(line) for line in self._log.read_text().splitlines())


def _asked_for_its_version(contenant: Contenant) -> dict[str, int]:
    """Clients of docker before 23 tell theirs by `version` alone."""
    if contenant.engine != "docker":
        return {}
    client = contenant.raw("--version").partition("version ")[2]
    return {"version": 1} if int(client.partition(".")[0]) < 23 else {}


def _command(line: str) -> str:
    words = line.split()
    while words[0].startswith("-") and words[1:]:
        words = words[2:] if words[0] in TAKEN else words[1:]
    return " ".join(words[:2]) if words[0] in ("image", "container") else words[0]


def resident(pid: int) -> int:
    """KiB of a process that are in memory, what it shares with others included."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Rss:"))


CREATION = {
    "podman": {"ps": 1, "image exists": 1, "--version": 1, "create": 1, "start": 1, "exec": 1},
    "docker": {"ps": 1, "image inspect": 1, "info": 1, "create": 1, "start": 1, "exec": 1},
}
IMAGES = {"image ls": 1, "image inspect": 1}
READING = {
    "list": {"ps": 1},
    "show": {"ps": 1},
    "top --once": {"stats": 1},  # which names those that run
    "port list": {"ps": 1},
    "clean --all --dry-run": {"ps": 1},
    "clean --images --dry-run": {"ps": 1, **IMAGES},
    "stop": {"ps": 1},  # none runs
    "image list": IMAGES,
    "image show": IMAGES,
    "image prune --dry-run": {"ps": 1, **IMAGES},
    "image history": {},
    "firewall show": {},
    "firewall log": {"ps": 1},
    "firewall why example.com": {"ps": 1},
    "firewall suggest": {"ps": 1},
    "history": {},
    "history timeline": {},
    "usage": {},
    "verify": {},
    "config show": {},
    "db check": {},
}


def test_calls_and_memory(contenant: Contenant, project: Path, tmp_path: Path) -> None:
    calls, other = Calls(contenant, tmp_path), tmp_path / "other"
    other.mkdir()
    with calls.counted() as creation:
        first = _working(contenant, project)
    weights = [resident(first.pid)]
    creation.pop("run", 0)  # the first of an installation finds out which OCI runtime works here
    assert creation == CREATION[contenant.engine] | _asked_for_its_version(contenant)

    with calls.counted() as warm:
        contenant.ok("--", "true", cwd=project)
    assert warm == {"ps": 1, "exec": 1}
    second = _working(contenant, project)
    weights.append(resident(second.pid))
    assert max(weights) <= MEMORY_KIB, weights
    for process in (first, second):
        process.terminate()
        process.wait(30)
    wait_for(lambda: contenant.rows(project)[0]["state"] == "stopped")

    began = time.monotonic()
    with calls.counted() as cold:
        contenant.ok("--", "true", cwd=project)
    if time.monotonic() - began > BRIEF:  # a busy machine: one that is not brief is asked for its record
        cold["exec"] = min(cold["exec"], 1)
    assert cold == {"ps": 1, "start": 1, "exec": 1, "stop": 1}
    contenant.ok("--", "true", cwd=other)  # a second container makes nothing below ask more
    found = {}
    for words in READING:
        with calls.counted() as found[words]:
            contenant.ok(*words.split(), cwd=project)
    assert found == READING


def _working(contenant: Contenant, project: Path) -> subprocess.Popen[bytes]:
    """A session whose command has begun."""
    process = contenant.start("--", "sh", "-c", "echo there; sleep 1000", cwd=project)
    assert process.stdout is not None
    assert process.stdout.readline() == b"there\n"
    return process
