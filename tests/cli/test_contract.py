"""The promise of what commands write: each called over an engine in memory, keys and types compared."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from contenant.cli.command import LazyGroup
from contenant.cli.keys import KEYS, STREAMS
from contenant.cli.reference import commands
from tests.app.world import World, building_world
from tests.cli.conftest import Run
from tests.cli.contract import CONTRACT, broken, command_of, header_of, records_of
from tests.npm import install

CONTEXTS = [context for context in commands() if not isinstance(context.command, LazyGroup)]
BASES = [name.partition(" --")[0].removesuffix(" NAME") for name in KEYS]


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda context: context.command_path)
def test_every_command_has_formats_or_says_why_not(context: click.Context) -> None:
    name = context.command_path
    options = {option for param in context.command.params for option in param.opts}
    assert ("--json" in options) is (name not in STREAMS)
    if name not in STREAMS:
        assert "--format" in options
        assert name in BASES, f"{name} has no documented keys: add them to contenant/cli/keys.py"


def test_nothing_is_promised_of_what_is_no_command() -> None:
    assert set(BASES).union(STREAMS) <= {
        *(context.command_path for context in CONTEXTS),
        "contenant history",
    }


@pytest.mark.parametrize("name", KEYS)
def test_the_documented_keys_are_those_that_were_promised(name: str) -> None:
    """A key that was promised once stays, in its place; a new one is added to the promise."""
    assert list(KEYS[name]) == list(CONTRACT.get(name, {})), "add what is new to tests/cli/contract.json"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An installation over an engine in memory that builds, by recipes and an npm of the test's own."""
    made = building_world(monkeypatch)
    npm = install(made.home / "npm", monkeypatch)
    npm.publish("2.1.9001")
    monkeypatch.chdir(made.project("shop"))
    monkeypatch.setenv("CONTENANT_KEEP_RUNNING", "true")
    monkeypatch.setenv("EDITOR", "true")
    yield made
    made.close()


STORY = """
image outdated --refresh
image build
run -- true
run -- true
list
show
image list
image show 2.1.330
image history
image log
image upgrade
image rollback
image prune --dry-run
firewall allow example.com --reason why
firewall deny example.org
firewall preset github
firewall mode audit
firewall remove github
firewall show --effective
firewall log
firewall why example.com
firewall suggest
firewall diff wanted
history
history sessions
history events
history policies
history egress
history --with-proof
history diff {0} {1}
usage
verify
verify --drift
top
port add 18080:80
port list
port remove 18080:80
put note.txt
get
get note.txt --to back.txt
auth login
auth status
auth logout
config show
config path
config edit
config trust --yes
config trust --revoke
db backup
db check
db restore --yes
doctor
stop
clean --yes
"""


AGAIN = {  # lines of the story that change nothing a second time, and give something
    *("list", "show", "image list", "image show 2.1.330", "image outdated --refresh", "image build"),
    *("firewall why example.com", "firewall show --effective", "history sessions", "history policies"),
    *("top", "port list", "auth status", "config path", "db check", "verify"),
}


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ({"path": "/x", "size": 1}, ""),
        ({"path": "/x", "size": "1"}, "size is string, promised is integer"),
        ({"path": None, "size": 1}, "path is null, promised is string"),
        ({"path": "/x", "size": 1, "new": True}, "new is boolean, promised is nothing"),
    ],
)
def test_what_breaks_the_promise_is_found(record: dict[str, Any], complaint: str) -> None:
    found = broken("contenant db backup", [record])
    assert found == ([f"contenant db backup: {complaint}"] if complaint else [])


def test_the_promise_leads_into_lists_objects_and_free_names() -> None:
    assert not broken("contenant firewall why", [{"rule": {}, "decisions": [{"port": 443}]}])
    assert broken("contenant firewall why", [{"decisions": [{"port": "443"}]}])
    assert not broken("contenant image show", [{"build": {"steps": {"any name": 1.5}}}])
    assert broken("contenant image show", [{"build": {"steps": {"any name": "1.5"}}}])
    assert not broken("contenant auth logout", [{"sessions": [{"session": "01", "started": ""}]}])


# What the engine in memory cannot say: these are written in other tests, by use cases that are made up.
ELSEWHERE = {
    "contenant wait",
    "contenant send",
    "contenant paste",
    "contenant verify --drift",
    "contenant firewall test",
    "contenant image save",
    "contenant image load",
}


def test_no_command_is_left_out() -> None:
    told = {command_of(line.split()) for line in STORY.splitlines()} - {""}
    assert told | ELSEWHERE >= set(KEYS)


def test_what_every_command_writes(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("note.txt").write_text("note")
    Path(".contenant.toml").write_text('memory = "8g"\n')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"sk-ant-oat01-" + b"x" * 90)))
    for line in STORY.strip().splitlines():
        ids = run("-q", "history", "sessions").out.split() if "{" in line else []
        words = line.format(*ids).split()
        form = () if words[0] == "run" else ("--json",)
        done = run(*words, *form)
        assert done.code in (0, 6), (line, done)
        if line in AGAIN:
            assert header_of(run(*words, "--format", "csv").out) in (
                ["key", "value"],
                list(records_of(done.out, "json")[0]),
            )
            quiet = run(*words, "-q").out.splitlines()
            assert quiet, line
            assert not set(quiet) & set(KEYS[command_of(words)]), (
                f"{line} -q names keys, nothing that is there"
            )
