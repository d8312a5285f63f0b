"""An engine that hangs: every command ends within its bound, says what to do, and takes nothing for gone."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from contenant.cli.command import LazyGroup
from contenant.cli.root import command as root
from tests.real.conftest import Contenant

pytestmark = pytest.mark.real
ENGINES = ("container-1.2.2",)
DATABASE = Path("state", "contenant.db")
BOUND = 75.0  # seconds: an answer is waited for 30 s, the rest is this machine's load
# A copy in the installation's own place: where its state lies is what an installation is known by.
INSTEAD = 'mount --bind "$0" "$1" && shift && exec "$@"'
AT_ONCE = 12  # commands; all they do is wait

RESTART = "container system stop && container system start"

# Every command, with arguments under which it has work to do: those that need the engine's answer,
ASKING = {
    "run": ("--", "true"),
    "list": (),
    "show": (),
    "attach": (),
    "wait": (),
    "send": ("text",),
    "stop": (),
    "clean": ("--yes",),
    "image build": (),
    "image list": (),
    "image show": (),
    "image prune": ("--yes",),
    "image sbom": (),
    "image save": ("image.tar",),
    "image upgrade": ("--to", "2.1.330"),
    "image rollback": (),
    "port list": (),
    "top": (),
    "firewall allow": ("example.com", "--reason", "needed"),
    "firewall deny": ("example.org", "--reason", "not needed"),
    "firewall remove": ("example.net",),
    "firewall preset": ("npm", "--reason", "needed"),
    "firewall mode": ("audit", "--reason", "to look"),
    "firewall test": (),
    "verify --drift": (),
    "firewall log": (),
    "firewall why": ("example.com",),
    "firewall suggest": (),
}
# those that ask no engine, or (auth) only where a session holds a credential.
SILENT = {
    "logs": (),
    "auth status": (),
    "auth login": (),
    "auth logout": (),
    "image history": (),
    "image log": (),
    "image load": ("none.tar",),
    "image outdated": (),
    "history diff": ("1", "2"),
    "history egress": (),
    "history events": (),
    "history policies": (),
    "history sessions": (),
    "history timeline": (),
    "usage": (),
    "port add": ("18080:80",),
    "port remove": ("18080:80",),
    "put": ("hello.txt",),
    "get": (),
    "paste": (),
    "verify": (),
    "db backup": ("kept.db",),
    "db check": (),
    "db restore": ("none.db", "--yes"),
    "completion": ("bash",),
    "help": ("config",),
    "config show": (),
    "config path": (),
    "config trust": ("--yes",),
    "config edit": (),
    "firewall show": (),
    "firewall diff": ("current",),
}
ALL = {**ASKING, **SILENT, "doctor": ()}


def commands(group: LazyGroup = root, before: str = "") -> Iterator[str]:
    """The names of all commands, as they are typed."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, LazyGroup):
            yield from commands(found, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_is_tried() -> None:
    assert {name.partition(" --")[0] for name in ALL} == set(commands())


class Ended(NamedTuple):
    """What became of one command, in a copy of the installation."""

    home: Path
    done: subprocess.CompletedProcess[str]
    seconds: float


@pytest.fixture
def ended(contenant: Contenant, project: Path, tmp_path: Path) -> dict[str, Ended]:
    """Every command, run while the engine hangs, on an installation with a running container."""
    contenant.env["CONTENANT_KEEP_RUNNING"] = "true"
    contenant.ok("--", "true", cwd=project)
    contenant.ok("firewall", "allow", "example.net", "--reason", "needed", cwd=project)
    hung = contenant.env | {
        "CONTAINER_STANDIN_MODE": "wedged",
        "CONTAINER_STANDIN_HANG": "",
        "EDITOR": "true",
    }

    def one(name: str) -> Ended:
        home = tmp_path / "copies" / name.replace(" ", "-")
        copy(contenant.home, home)
        words = contenant.argv(*name.split(), *ALL[name])
        began = time.monotonic()
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", INSTEAD, str(home), str(contenant.home), *words],
            cwd=project,
            env=hung,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        return Ended(home, done, time.monotonic() - began)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        names = list(ALL)
        return dict(zip(names, pool.map(one, names), strict=True))


def copy(home: Path, target: Path) -> None:
    """An installation's copy, without the mounts of its containers."""
    shutil.copytree(home, target, symlinks=True, ignore=shutil.ignore_patterns("project", "contenant.db*"))
    with sqlite3.connect(home / DATABASE) as source, sqlite3.connect(target / DATABASE) as database:
        source.backup(database)
    source.close()
    database.close()


def records(home: Path) -> tuple[list[str], int]:
    """States of the containers on record, and how many were ever recorded as gone."""
    with sqlite3.connect(home / DATABASE) as database:
        states = [state for (state,) in database.execute("SELECT state FROM container")]
        (gone,) = database.execute("SELECT count(*) FROM event WHERE kind = 'container.gone'").fetchone()
    database.close()
    return states, gone


@pytest.mark.timeout(600)
def test_every_command_ends_and_says_what_to_do(
    ended: dict[str, Ended], contenant: Contenant, project: Path
) -> None:
    for name, one in ended.items():
        code, out, err = one.done.returncode, one.done.stdout, one.done.stderr
        said = f"{name}: {code} after {one.seconds:.0f} s\n{out}\n{err}"
        assert one.seconds < BOUND, said
        assert "Traceback" not in err, said
        assert records(one.home) == (["running"], 0), said
        if name in SILENT:
            assert one.seconds < BOUND / 3 and code != 3 and RESTART not in err, said
        else:
            assert code == (1 if name == "doctor" else 3), said
            assert RESTART in (out if name == "doctor" else err), said
    (row,) = contenant.rows(project)
    assert row["state"] == "running"
