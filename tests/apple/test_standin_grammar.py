"""The command line as swift-argument-parser reads it, and the gates by release. Nothing here needs podman."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.apple.look import is_new, refused
from tests.standins.apple import grammar
from tests.standins.apple.commands import COMMANDS
from tests.standins.apple.errors import CleanExit, ParseError
from tests.standins.apple.fixture import VERSIONS, Standin
from tests.standins.apple.settings import parse_version

NEWEST = parse_version("1.4.1")


def command(*path: str) -> grammar.Command:
    return next(one for one in COMMANDS if one.path == path)


def parse(path: str, *words: str, version: str = "1.2.2") -> dict[str, object]:
    return grammar.Parser(command(*path.split()), parse_version(version)).parse(words)


def why(path: str, *words: str, version: str = "1.2.2") -> str:
    with pytest.raises(ParseError) as caught:
        parse(path, *words, version=version)
    return caught.value.message


def test_values_come_after_a_space_or_an_equals_sign() -> None:
    args = parse("create", "--name", "a", "--memory=2g", "-e", "A=1", "-e=B=2", "--env", "C", "img", "cmd")
    assert (args["name"], args["memory"], args["env"]) == ("a", "2g", ["A=1", "B=2", "C"])
    assert (args["image"], args["arguments"]) == ("img", ["cmd"])


def test_packed_letters_take_their_values_in_order() -> None:
    args = parse("exec", "-itu", "agent", "-wd", "/w", "id", "sh")
    assert (args["interactive"], args["tty"], args["user"]) == (True, True, "agent")
    assert (args["cwd"], args["detach"]) == ("/w", True)


def test_a_value_never_begins_with_a_dash() -> None:
    assert why("create", "--name", "-x", "img") == "Missing value for '--name <name>'"
    assert why("run", "-c", "-1", "img") == "Missing value for '-c <cpus>'"
    assert why("stop", "-t", "--all") == "Missing value for '-t <time>'"
    assert parse("create", "--name=-x", "img")["name"] == "-x"
    assert parse("build", "-f", "-")["file"] == "-"


@pytest.mark.parametrize("path", ["run", "create", "exec"])
def test_everything_after_the_first_positional_is_verbatim(path: str) -> None:
    args = parse(path, "-e", "A=1", "first", "--name", "x", "--", "-t", "--help")
    assert args["arguments"] == ["--name", "x", "--", "-t", "--help"]
    assert (args["env"], args["tty"]) == (["A=1"], False)


def test_elsewhere_options_and_positionals_mix() -> None:
    args = parse("delete", "one", "-f", "two", "--", "-three")
    assert (args["force"], args["container_ids"]) == (True, ["one", "two", "-three"])


def test_what_is_unknown_too_much_or_missing() -> None:
    assert why("list", "--filter", "a=b") == "Unknown option '--filter'"
    assert why("list", "-n", "3") == "Unknown option '-n'"
    assert why("create", "--nam", "x", "img") == "Unknown option '--nam'. Did you mean '--name'?"
    assert why("create", "--rm") == "Missing expected argument '<image>'"
    assert why("exec", "id") == "Missing expected argument '<arguments> ...'"
    assert why("start", "a", "b") == "Unexpected argument 'b'"
    assert why("start", "a", "b", "c") == "2 unexpected arguments: 'b', 'c'"
    assert why("run", "--detach=yes", "img").startswith("The option '--detach' does not take any value")
    assert why("run", "--cpus", "two", "img") == "The value 'two' is invalid for '--cpus <cpus>'"
    assert why("run", "--unknown", "--name", "x").startswith("Unknown option '--unknown'")


def test_formats_by_release() -> None:
    text = why("list", "--format", "yaml", version="0.11.0")
    assert (
        text
        == "The value 'yaml' is invalid for '--format <format>'. Please provide one of 'json' and 'table'."
    )
    assert parse("list", "--format", "yaml", version="0.12.3")["format"] == "yaml"
    assert "'toml' is invalid" in why("list", "--format", "toml", version="0.12.3")
    assert parse("list", "--format", "toml", version="1.0.0")["format"] == "toml"


FIRST = [
    ("--cap-add=X", "0.12.0", "0.11.0"),
    ("--cap-drop=X", "0.12.0", "0.11.0"),
    ("--init", "0.10.0", "0.9.0"),
    ("--init-image=X", "0.10.0", "0.9.0"),
    ("--runtime=X", "0.10.0", "0.9.0"),
    ("--ulimit=nofile=1", "0.9.0", "0.8.0"),
    ("--read-only", "0.8.0", "0.7.1"),
    ("--max-concurrent-downloads=1", "0.7.1", "0.7.0"),
    ("--rosetta", "0.7.0", "0.6.0"),
    ("--shm-size=1m", "1.0.0", "0.12.3"),
    ("--kernel-arg=X", "1.2.0", "1.1.0"),
    ("--masked-path=/x", "1.2.1", "1.2.0"),
    ("--read-only-path=/x", "1.2.1", "1.2.0"),
]


@pytest.mark.parametrize(("flag", "first", "before"), FIRST)
def test_flags_of_create_by_release(flag: str, first: str, before: str) -> None:
    parse("create", flag, "img", version=first)
    assert why("create", flag, "img", version=before).startswith(f"Unknown option '{flag.partition('=')[0]}'")


@pytest.mark.parametrize(
    ("path", "first", "before"),
    [("copy", "1.0.0", "0.12.3"), ("clean", "1.4.1", "1.3.1"), ("export", "0.10.0", "0.9.0")],
)
def test_subcommands_by_release(path: str, first: str, before: str) -> None:
    assert grammar.known(command(path), parse_version(first))
    assert not grammar.known(command(path), parse_version(before))


def test_progress_belongs_to_run_and_not_to_create() -> None:
    assert parse("run", "--progress", "plain", "img")["progress"] == "plain"
    assert "'plain' is invalid" in why("run", "--progress", "plain", "img", version="0.11.0")
    assert why("create", "--progress", "plain", "img") == "Unknown option '--progress'"


@pytest.mark.parametrize("one", COMMANDS, ids=lambda one: "-".join(one.path))
def test_every_subcommand_has_help_and_refuses_the_unknown(one: grammar.Command) -> None:
    parser = grammar.Parser(one, NEWEST)
    with pytest.raises(CleanExit) as caught:
        parser.parse(["--help"])
    assert f"USAGE: {one.title}" in caught.value.text
    with pytest.raises(ParseError, match="Unknown option '--zzzzzzzz'"):
        grammar.Parser(one, NEWEST).parse(["--zzzzzzzz"])


@pytest.mark.parametrize(
    "word", ["restart", "ps", "attach", "wait", "rename", "commit", "events", "rmi", "foo"]
)
def test_a_word_that_is_no_subcommand_is_looked_up_as_a_plugin(newest: Standin, word: str) -> None:
    error = refused(newest, word, "x", code=64, text=f"Plugin 'container-{word}' not found.")
    assert "container system start" in error
    newest.ok("system", "stop")
    refused(
        newest, word, code=64, text="Plugins are unavailable. Start the container system services and retry:"
    )


def test_groups_and_their_aliases(newest: Standin) -> None:
    for group, alias in (("image", "i"), ("volume", "v"), ("machine", "m"), ("registry", "r")):
        assert newest.run(group, "ls").returncode == newest.run(alias, "list").returncode == 0
    assert newest.run("s", "status").returncode == 0
    assert "SUBCOMMANDS" in newest.ok("image")
    refused(newest, "image", "frobnicate", code=64, text="Unexpected argument 'frobnicate'")
    refused(newest, "b", "start", code=64, text="Plugin 'container-b' not found")


def test_options_of_the_root(standin: Standin) -> None:
    version = standin.env["CONTAINER_STANDIN_VERSION"]
    assert standin.ok("--version") == f"container CLI version {version} (build: release, commit: abc1234)\n"
    assert "SUBCOMMANDS" in standin.ok("--help") and "SUBCOMMANDS" in standin.ok()
    assert standin.ok("--debug", "list", "-q") == ""
    refused(standin, "--frob", code=64, text="unknown option '--frob'")


def test_errors_follow_apples_layout(standin: Standin) -> None:
    done = standin.run("create", "--memory")
    assert done.returncode == 64 and done.stdout == ""
    assert re.fullmatch(
        r"Error: Missing value for '--memory <memory>'\nHelp:  .*\n"
        r"Usage: container create \[<options>\] <image> \[<arguments> \.\.\.\]\n"
        r"  See 'container create --help' for more information\.\n",
        done.stderr,
    )
    error = refused(standin, "stop", text="no containers specified and --all not supplied")
    assert "Usage" not in error


def test_no_dns_conflicts_since_1_0(standin: Standin) -> None:
    words = ("create", "--no-dns", "--dns", "192.0.2.1", "nothing")
    done = standin.run(*words)
    assert done.returncode == (64 if is_new(standin) else 1)


def test_the_launcher_needs_no_path_and_no_home_for_its_version(tmp_path: Path) -> None:
    launcher = Path(__file__).parents[1] / "standins/apple/bin/container"
    for words in ([str(launcher)], [sys.executable, "-I", str(launcher)]):
        done = subprocess.run(
            [*words, "--version"], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True
        )
        assert done.returncode == 0 and done.stdout.startswith(b"container CLI version 1.2.2 ")
    done = subprocess.run([str(launcher), "list"], env={"PATH": "/usr/bin:/bin"}, capture_output=True)
    assert (done.returncode, done.stdout) == (70, b"") and b"CONTAINER_STANDIN_HOME is not set" in done.stderr


def test_the_four_releases_are_those_of_the_issue() -> None:
    assert VERSIONS == ("0.12.3", "1.0.0", "1.2.2", "1.4.1")
