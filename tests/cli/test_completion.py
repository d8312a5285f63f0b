"""Completion: what is suggested, and that bash, zsh and fish really insert it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contenant import host
from contenant.app.drop import listing
from contenant.app.ledger import Ledger
from contenant.cli import complete, complete_drop
from contenant.cli.complete import Question, from_bash, lines, suggestions
from contenant.cli.completion import SCRIPTS, SHELLS
from contenant.cli.image import IMAGE_COMMANDS
from contenant.cli.root import COMMANDS
from contenant.core import changes
from contenant.core.names import container_name
from contenant.core.records import ContainerRecord
from contenant.home import layout
from contenant.paths import home_dir, state_dir
from contenant.store import known_paths
from contenant.store.store import open_store
from tests.cli.conftest import Run
from tests.cli.world import MOMENT, populate
from tests.store import samples
from tests.store.samples import container, project


def values(*words: str) -> list[str]:
    return [item.value for item in suggestions(words[:-1], words[-1])]


@pytest.fixture
def projects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two projects that have containers."""
    known = ("/srv/known-one", "/srv/known two")
    monkeypatch.setattr(
        complete, "_known_projects", lambda typed: [path for path in known if path.startswith(typed)]
    )


def test_commands_with_their_summaries() -> None:
    assert values("") == list(COMMANDS)
    assert values("cl") == ["clean"]
    assert values("image", "") == list(IMAGE_COMMANDS)
    (item,) = suggestions([], "cl")
    assert item.help == "Remove containers and images, after showing what and why."


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["list", "--so"], ["--sort"]),
        (["list", "--sort", ""], ["name", "used", "age", "state", "project"]),
        (["list", "--sort", "u"], ["used"]),
        (["list", "--sort=u"], ["used"]),
        (["list", "--format", ""], ["table", "json", "jsonl", "csv"]),
        (["--eng"], ["--engine"]),
        (["--engine", ""], ["container", "podman", "docker"]),
        (["--engine", "podman", "--rec"], ["--recreate"]),
        (["run", "--engine", "d"], ["docker"]),
        (["--color", ""], ["auto", "always", "never"]),
        (["history", "--kind", "se"], ["session", "service"]),
        (["history", "e"], ["events", "egress"]),
        (["history", "--with"], ["--with-proof"]),
        (["history", "sessions", "--exit"], ["--exit-code"]),
        (["history", "egress", "--verdict", "d"], ["deny"]),
        (["verify", "--dr"], ["--drift"]),
        (["--adopt"], ["--adopt-from"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["run", "--", ""], ["claude"]),
        (["--", "l"], []),
        (["send", "--", ""], []),
        (["config", "show", "--key", "firewall.al"], ["firewall.allow"]),
        (["help", "fire"], ["firewall"]),
        (["help", "image", "b"], ["build"]),
        (["help", "list", ""], []),
        (["firewall", "preset", "gith"], ["github"]),
        (["list", "--nonsense", ""], []),
    ],
)
def test_suggestions(words: list[str], expected: list[str]) -> None:
    assert values(*words) == expected


@pytest.mark.usefixtures("projects")
def test_paths_are_directories_and_known_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    for name in ("shop", "a b", ".hidden"):
        (work / name).mkdir(parents=True)
    (work / "file").touch()
    monkeypatch.chdir(work)
    assert values("run", "") == ["/srv/known two", "/srv/known-one", "a b", "shop"]
    assert values("run", "sh") == ["shop"]
    assert values("run", ".h") == [".hidden"]
    assert values("stop", f"{tmp_path}/wo") == [f"{tmp_path}/work"]
    assert values("clean", "shop", "./a") == ["./a b"]
    assert values("show", "/srv/known-") == ["/srv/known-one"]
    assert values("verify", "--drift", "sh") == ["shop"]
    assert values("history", "sessions", "sh") == ["shop"]
    assert values("run", "--adopt-from", "sh") == ["shop"]
    assert values("run", "/nowhere/x") == []


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("image.tar", "image one.tar", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "images").mkdir()
    expected = ["image one.tar", "image.tar", "images"]
    for words in (("image", "load"), ("image", "save"), ("put",), ("db", "backup"), ("db", "restore")):
        assert values(*words, "ima") == expected
    items = suggestions(["put"], "ima")
    assert list(lines("zsh", items, Question(["put"], "ima"))) == ["paths", *expected[:2], "images/"]


AGENT = "--model\t\tModel\n--permission-mode\tplan,auto\tMode\n-p\t\tPrint\nmcp\t\tServers\n"


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A project with a container, a rule and attempts on record, where we are; the container's name."""
    shop = tmp_path / "home" / "shop"
    container = populate(shop, tmp_path / "bin")
    monkeypatch.chdir(shop)
    record(container)
    return container.name


def record(container: ContainerRecord) -> None:
    """Attempts, a rule, an image and the agent's options for a recorded project."""
    place = state_dir() / "agent-options" / "2.1.3"
    place.parent.mkdir()
    place.write_text(AGENT)
    with open_store(now=lambda: datetime.now(UTC), host_id=host.installation_id()) as store:
        attempts = [
            samples.attempt(
                container.id, destination=name, verdict=verdict, first_seen=MOMENT, last_seen=MOMENT
            )
            for name, verdict in (("refused.example.com", "deny"), ("reached.example.com", "allow"))
        ]
        rule = samples.rule("r1", container.project_id, text="given.example.com", kind="allow")
        rows = [(f"e{at}", attempt) for at, attempt in enumerate(attempts)]
        store.apply([changes.egress_collected(container, "", "1", rows), changes.rule_added(rule)])
        store.apply([changes.image_built(samples.image(reference="contenant:2.1.3-0123456789ab"))])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["firewall", "allow", ""], ["refused.example.com"]),
        (["firewall", "deny", "rea"], ["reached.example.com"]),
        (["firewall", "why", "re"], ["refused.example.com", "reached.example.com"]),
        (["firewall", "remove", ""], ["given.example.com"]),
        (["image", "show", "2.1"], ["2.1.3-0123456789ab"]),
        (["image", "log", "2.1"], ["2.1.3-0123456789ab"]),
        (["--", "claude", "--m"], ["--model"]),
        (["run", "--", "claude", "-"], ["--model", "--permission-mode", "-p"]),
        (["run", "--new", ".", "--", "claude", "--permission-mode", ""], ["plan", "auto"]),
        (["--", "claude", "m"], ["mcp"]),
        (["--", "claude", "mcp", "m"], []),
        (["--", "bash", "--m"], []),
        (["list", "--", "claude", "--m"], []),
    ],
)
def test_the_record_is_asked(recorded: str, words: list[str], expected: list[str]) -> None:
    assert sorted(values(*words)) == sorted(expected)


def test_containers_by_their_names(recorded: str) -> None:
    for command in ("stop", "clean"):
        assert values(command, "contenant-sh") == [recorded]


@pytest.fixture
def dropped(recorded: str) -> Path:
    """The drop folder of the recorded container, with what an agent may put there."""
    folder = home_dir(recorded) / "drop"
    (folder / "out" / "deep").mkdir(parents=True)
    for name in ("report.pdf", "re view.txt", ".hidden", "--force", "out/rest.csv"):
        (folder / name).touch()
    (folder / "rlink").symlink_to("/etc/passwd")
    (folder / "etc").symlink_to("/etc")
    os.mkfifo(folder / "rpipe")
    return folder


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["r"], ["re view.txt", "report.pdf"]),
        ([""], ["out", "re view.txt", "report.pdf"]),
        (["."], [".hidden"]),
        (["report.pdf", "o"], ["out"]),
        (["out/"], ["out/deep", "out/rest.csv"]),
        (["out/r"], ["out/rest.csv"]),
        (["/drop/rep"], ["/drop/report.pdf"]),
        (["/drop/out/r"], ["/drop/out/rest.csv"]),
        (["etc/pass"], []),
        (["out/../r"], []),
        (["/et"], []),
        (["nowhere/r"], []),
        (["report.pdf/"], []),
        (["--project", "/nowhere", "r"], []),
        (["--name", "Not A Name", "r"], []),
        (["--name", "other", "r"], []),
    ],
)
def test_the_drop_folder_is_looked_into(dropped: Path, words: list[str], expected: list[str]) -> None:
    assert dropped.is_dir() and f"{layout.DROP_TARGET}/" == complete_drop.INSIDE
    assert values("get", *words) == expected


def test_no_file_of_the_agents_is_taken_for_an_option(dropped: Path) -> None:
    assert (dropped / "--force").exists()
    options = values("get", "-")
    assert "--max-size" in options and len(options) == len(set(options))
    assert values("get", "--", "-") == []


@pytest.mark.parametrize("way", ["short", "long"])
def test_the_drop_folder_is_that_of_the_container_that_get_means(
    dropped: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "long":  # as with a database server
        monkeypatch.setattr(known_paths, "known_variants", lambda *_asked: None)
    shop, own = Path.cwd(), home_dir(container_name(str(Path.cwd()), "review")) / "drop"
    own.mkdir(parents=True)
    (own / "of-review").touch()
    for words in (("--name", "review"), ("--project", f"{shop}@review")):
        assert values("get", *words, "") == ["of-review"]
    with Ledger() as ledger:
        (known,) = ledger.snapshot().containers()
        further = container("c2", known.project_id, variant="review", last_used="2027-01-01T10:00:00.000Z")
        ledger.store().apply([changes.container_creating(further)])
        assert "of-review" not in values("get", ""), "the first goes before"
        assert [entry.name for entry in listing(shop)] == sorted(os.listdir(dropped))
        ledger.store().apply([changes.container_gone(known, "removed")])
    assert values("get", "") == ["of-review"] == [entry.name for entry in listing(shop)]


@pytest.mark.usefixtures("projects")
def test_a_tilde_stays(tmp_path: Path) -> None:
    (tmp_path / "home" / "shop").mkdir()
    assert values("run", "~/s") == ["~/shop"]
    assert values("run", "~nobody-here/s") == []


@pytest.mark.parametrize(
    ("line", "current", "expected"),
    [
        ("contenant ", "", Question([], "")),
        ("contenant l", "l", Question([], "l")),
        ("contenant list --sort ", "", Question(["list", "--sort"], "")),
        ("contenant list --sort=u", "u", Question(["list"], "--sort=u", 7)),
        ("contenant list --sort=", "=", Question(["list"], "--sort=", 7)),
        ("contenant run 'a b", "'a b", Question(["run"], "a b")),
        ("contenant run a\\ b", "a\\ b", Question(["run"], "a b")),
        ("contenant run a\\ ", "a\\ ", Question(["run"], "a ")),
        ("contenant run /x:y", "y", Question(["run"], "/x:y", 3)),
        ("contenant run /x:", ":", Question(["run"], "/x:", 3)),
        ("contenant run a@b", "b", Question(["run"], "a@b", 1)),
        ("contenant run a@", "@", Question(["run"], "a@", 1)),
        ("contenant run a@", "", Question(["run"], "a@", 1)),
        ("contenant run a@b", "a@b", Question(["run"], "a@b")),
    ],
)
def test_bash_lines(line: str, current: str, expected: Question) -> None:
    environ = {"COMP_LINE": line + "ignored", "COMP_POINT": str(len(line)), "COMP_CURRENT": current}
    assert from_bash(environ) == expected


def test_the_cursor_counts_bytes() -> None:
    line = "contenant run é"
    environ = {"COMP_LINE": line, "COMP_POINT": str(len(line.encode())), "COMP_CURRENT": "é"}
    assert from_bash(environ) == Question(["run"], "é")


def test_what_each_script_reads() -> None:
    items = suggestions(["list"], "--sort=")
    question = Question(["list"], "--sort=", 7)
    assert list(lines("bash", items, question))[:2] == ["words", "name"]
    assert list(lines("zsh", items, question))[:2] == ["words", "--sort=name"]
    assert next(lines("fish", items, question)) == "--sort=name"
    items = suggestions([], "cl")
    assert list(lines("zsh", items, Question([], "cl")))[1].startswith("clean:Remove")
    assert next(lines("fish", items, Question([], "cl"))).startswith("clean\tRemove")


@pytest.mark.usefixtures("projects")
def test_a_name_with_a_newline_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x\nrm -rf").mkdir()
    monkeypatch.chdir(tmp_path)
    items = suggestions(["run"], "x")
    assert len(items) == 1
    assert list(lines("bash", items, Question(["run"], "x"))) == ["words"]


def test_completion_prints_the_script(run: Run) -> None:
    for shell in SHELLS:
        assert run("completion", shell) == (0, (SCRIPTS / f"contenant.{shell}").read_text(), "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_scripts_are_valid(shell: str) -> None:
    subprocess.run([found(shell), "-n", str(SCRIPTS / f"contenant.{shell}")], check=True)


def found(program: str) -> str:
    path = shutil.which(program)
    assert path, f"{program} is needed to test its completion; packaging/setup test installs it"
    return path


# A terminal with a real shell in it. Everything is told through files: what a shell draws is its own affair.

START = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i"],
}
LOAD = {
    "bash": "source <(contenant completion bash); echo > ready",
    "zsh": "autoload -U compinit; compinit -u -D; source <(contenant completion zsh); echo > ready",
    "fish": "contenant completion fish | source; echo > ready",
}

# The real program where the shell asks it; otherwise it keeps its arguments, one a line.
PROGRAM = """#!/bin/sh
if [ -n "$_CONTENANT_COMPLETE" ] || [ "$1" = completion ]; then
    {python} -m contenant "$@"
    [ "$1" = completion ] || echo > answered
else
    printf '%s\\n' "$@" > arguments.new
    mv arguments.new arguments
fi
"""


class Shell:
    """An interactive shell on a pseudo-terminal, in a directory of its own, for one test after another."""

    def __init__(self, name: str, home: Path, bin_: Path) -> None:
        self.name = name
        self.home = home
        self.leader, follower = pty.openpty()
        environ = {
            "HOME": str(home),
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "CONTENANT_HOME": os.environ["CONTENANT_HOME"],
        }
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), follower)
        command = [found(name), *START[name]]
        self.process = subprocess.Popen(
            command, cwd=home, env=environ, start_new_session=True, preexec_fn=_own_the_terminal, **streams
        )
        os.close(follower)
        self.drawn = b""

    def type(self, text: str, then: str) -> str:
        """Type, wait until a file is there, return its text. A shell that does not answer serves no more."""
        assert self.process.returncode is None, "it did not answer before"
        path, deadline = self.home / then, time.monotonic() + 30
        path.unlink(missing_ok=True)
        os.write(self.leader, text.encode())
        while not path.exists() or not path.read_text():
            if time.monotonic() > deadline:
                self.close()
                pytest.fail(f"no {then} after {text!r}: {self.drawn!r}")
            self._read(0.05)
        return path.read_text()

    def complete(self, typed: str, closing: str = "") -> list[str]:
        """Type a command line, Tab, the end of the line; the words that contenant is given."""
        self.drawn = b""
        while self._read(0.1):  # until it waits for the line
            pass
        self.type(f"contenant {typed}\t", "answered")
        time.sleep(0.3)  # the shell now draws what it was told
        return self.type(f"{closing}\r", "arguments").splitlines()

    def _read(self, seconds: float) -> bool:
        there = bool(select.select([self.leader], [], [], seconds)[0])
        self.drawn += os.read(self.leader, 65536) if there else b""
        return there

    def close(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
            os.close(self.leader)


def _own_the_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # fish insists on job control


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell with completion loaded, in a home that holds directories and is a project."""
    place = tmp_path_factory.mktemp(request.param)
    home, bin_ = place / "home", place / "bin"
    for path in (home / "shop", home / "my project", home / "x:y", bin_):
        path.mkdir(parents=True)
    (home / "notes.txt").touch()
    program = bin_ / "contenant"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTENANT_HOME", str(place / "contenant"))
        fill(home, place / "engine")
        opened = Shell(request.param, home, bin_)
    try:
        opened.type(LOAD[request.param] + "\r", "ready")
        yield opened
    finally:
        opened.close()


def fill(home: Path, engine: Path) -> None:
    """The record and the drop folder of a home that is a project; one below it has a container `review`."""
    made = populate(home, engine, made=True)
    record(made)
    folder = home_dir(made.name) / "drop"
    folder.mkdir(parents=True)
    (folder / "report 1.pdf").touch()
    with Ledger() as ledger:
        ledger.store().apply([changes.project_added(project("p1", str(home / "shop")))])
        ledger.store().apply([changes.container_creating(container(variant="review"))])


@pytest.mark.parametrize(
    ("typed", "arguments"),
    [
        ("cle", ["clean"]),
        ("run --engine pod", ["run", "--engine", "podman"]),
        ("run --engine=pod", ["run", "--engine=podman"]),
        ("list --format jsonl --rev", ["list", "--format", "jsonl", "--reverse"]),
        ("run sh", ["run", "shop/"]),
        ("run my", ["run", "my project/"]),
        ("run ~/sh", ["run", "HOME/shop/"]),
        ("run x", ["run", "x:y/"]),
        ("image bu", ["image", "build"]),
        ("firewall deny ref", ["firewall", "deny", "refused.example.com"]),
        ("image show 2.1", ["image", "show", "2.1.3-0123456789ab"]),
        ("-- claude --perm", ["--", "claude", "--permission-mode"]),
        ("config show --key firewall.al", ["config", "show", "--key", "firewall.allow"]),
        ("help cred", ["help", "credentials"]),
        ("put note", ["put", "notes.txt"]),
        ("get rep", ["get", "report 1.pdf"]),
        ("stop shop@re", ["stop", "shop@review"]),
        ("stop ~/shop@", ["stop", "HOME/shop@review"]),
        ("stop shop --name re", ["stop", "shop", "--name", "review"]),
    ],
)
def test_the_shell_inserts_it(shell: Shell, typed: str, arguments: list[str]) -> None:
    assert shell.complete(typed) == [word.replace("HOME", str(shell.home)) for word in arguments]


def test_within_an_open_quote(shell: Shell) -> None:
    # bash closes the quote itself; zsh and fish leave it open behind a directory.
    closing = "" if shell.name == "bash" else "'"
    assert shell.complete("run 'my", closing) == ["run", "my project/"]
