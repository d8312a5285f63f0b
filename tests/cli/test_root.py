"""The root: what is `run` without saying so, and what is said about a word that is no command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from contenant import __version__
from contenant.app import run as use_case
from contenant.app.results import RunRequest, Ui
from contenant.errors import (
    BusyError,
    ContenantError,
    EngineError,
    EngineUnavailableError,
    FirewallError,
    NotFoundError,
    PathRefusedError,
    StateError,
)
from tests.cli.conftest import Run


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[RunRequest]:
    """Takes the place of the use case, keeps what it was asked for, and answers 17."""
    seen: list[RunRequest] = []

    def fake(request: RunRequest, ui: Ui) -> int:
        seen.append(request)
        return 17

    monkeypatch.setattr(use_case, "run", fake)
    return seen


PLAIN = RunRequest(path=Path())


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("", PLAIN),
        ("run", PLAIN),
        ("run /srv/shop", PLAIN._replace(path=Path("/srv/shop"))),
        ("-- bash", PLAIN._replace(argv=("bash",))),
        ("run -- bash -c --help", PLAIN._replace(argv=("bash", "-c", "--help"))),
        ("run . -- ls -- x", PLAIN._replace(argv=("ls", "--", "x"))),
        ("--new", PLAIN._replace(new=True)),
        ("--name review -- ls", PLAIN._replace(variant="review", argv=("ls",))),
        ("run /srv/shop@review", PLAIN._replace(path=Path("/srv/shop"), variant="review")),
        ("run /srv/@scope", PLAIN._replace(path=Path("/srv"), variant="scope")),
        ("-q --engine podman --recreate", PLAIN._replace(engine="podman", recreate=True)),
        ("--color never --force -- true", PLAIN._replace(force=True, argv=("true",))),
        ("--color=never --read-only", PLAIN._replace(read_only=True)),
        ("run --cpus 4 --memory 4g", PLAIN._replace(cpus=4, memory="4g")),
        ("-e A=1 --env B -- env", PLAIN._replace(env=("A=1", "B"), argv=("env",))),
        ("--mount /a:/b:ro --mount /c:/d", PLAIN._replace(mounts=("/a:/b:ro", "/c:/d"))),
        ("-p 80:80 --publish 127.0.0.1:1:2/udp", PLAIN._replace(publish=("80:80", "127.0.0.1:1:2/udp"))),
    ],
)
def test_what_run_is_asked_for(run: Run, requests: list[RunRequest], line: str, request_: RunRequest) -> None:
    assert run(*line.split()).code == 17
    assert requests == [request_]


def test_run_hands_over_the_terminals(
    run: Run, requests: list[RunRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    run()
    assert (requests[0].stdin_tty, requests[0].stdout_tty) == (True, False)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("lst", "no such command: lst\n  hint: did you mean list?"),
        ("quux", "no such command: quux\n  hint: commands: run, list,"),
        ("/srv", "no such command: /srv"),
        ("--engine podman list", "list must come first\n  hint: its options follow it: contenant list …"),
        ("--new lst", "no such command: lst"),
        (
            "auth",
            "contenant auth needs a command\n  hint: commands: status, login, logout; see contenant",
        ),
        ("image bild", "no such command: bild\n  hint: did you mean build?"),
        (
            "list --sotr name",
            "no such option: --sotr\n  hint: did you mean --sort? see contenant list --help",
        ),
        ("list --foo", "no such option: --foo\n  hint: see contenant list --help"),
        ("run --jason", "no such option: --jason\n  hint: see contenant run --help"),
        ("list --format", "option '--format' requires an argument\n  hint: see contenant list --help"),
        ("--enigne podman", "no such option: --enigne\n  hint: did you mean --engine?"),
        ("run a b", "got unexpected extra argument"),
        ("run --cpus 0", "invalid value for '--cpus'"),
        ("run --engine lxc", "invalid value for '--engine'"),
        ("run --", "no command behind --"),
        ("--color pink list", "invalid value for '--color'"),
        ("stop --all .", "--all excludes a path and --name"),
        ("clean --all --stale 3d", "a path (or --name), --all and --stale exclude each other"),
        ("completion tcsh", "invalid value for"),
    ],
)
def test_wrong_usage_is_one_line_and_a_hint(
    run: Run, requests: list[RunRequest], line: str, message: str
) -> None:
    result = run(*line.split())
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith(f"contenant: error: {message}")
    assert result.err.count("\n") == 2
    assert requests == []


@pytest.mark.parametrize("words", [("run", ""), ("stop", ""), ("clean", ""), ("show", ""), ("history", "")])
def test_an_empty_path_is_never_the_current_directory(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert (result.code, result.err.splitlines()[0]) == (2, "contenant: error: the project path is empty")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PathRefusedError("no such directory: 'x'"), 2),
        (EngineUnavailableError("podman is not installed"), 3),
        (NotFoundError("nothing there"), 4),
        (BusyError("locked"), 5),
        (FirewallError("not proven"), 6),
        (EngineError("start failed"), 125),
        (StateError("disk full"), 125),
        (ContenantError("failed"), 125),
    ],
)
def test_failures_of_run(run: Run, monkeypatch: pytest.MonkeyPatch, error: ContenantError, code: int) -> None:
    def fail(request: RunRequest, ui: Ui) -> int:
        raise error

    monkeypatch.setattr(use_case, "run", fail)
    result = run("--", "true")
    assert (result.code, result.err) == (code, f"contenant: error: {error.message}\n")


def test_version_is_one_line(run: Run) -> None:
    assert run("--version") == (0, f"contenant {__version__}\n", "")
    assert run("-q", "--version").out == f"contenant {__version__}\n"


@pytest.mark.parametrize(
    ("environ", "line", "quiet"),
    [
        ({}, "-- true", False),
        ({}, "-q -- true", True),
        ({}, "run -q -- true", True),
        ({"CONTENANT_QUIET": "1"}, "-- true", True),
        ({"CONTENANT_QUIET": "0"}, "-- true", False),
        ({"CONTENANT_QUIET": ""}, "-- true", False),
    ],
)
def test_quiet_silences_notes(
    run: Run, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], line: str, quiet: bool
) -> None:
    def noted(request: RunRequest, ui: Ui) -> int:
        ui.note("a note")
        ui.warn("a warning")
        return 0

    monkeypatch.setattr(use_case, "run", noted)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    err = run(*line.split()).err
    assert ("contenant: a note\n" in err) is not quiet
    assert "contenant: warning: a warning\n" in err


def test_colour_of_errors_follows_the_option_wherever_it_stands(run: Run) -> None:
    assert "\x1b[31merror:" in run("--color", "always", "list", "--sort", "x").err
    assert "\x1b[31merror:" in run("list", "--color", "always", "--sort", "x").err
    assert "\x1b" not in run("list", "--sort", "x").err


def test_colour_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTENANT_COLOR", "always")
    assert "\x1b[31m" in run("lst").err
    assert "\x1b" not in run("--color", "never", "lst").err
    monkeypatch.setenv("CONTENANT_COLOR", "pink")
    assert run("list").code == 2
    assert os.environ["CONTENANT_COLOR"] == "pink"


def test_an_unknown_word_cannot_steer_the_terminal(run: Run) -> None:
    assert run("\x1b[2Jx\ny").err.startswith("contenant: error: no such command: \\x1b[2Jx\\ny\n")
