"""`run -d`, `attach`, `logs`, `wait` and `send`: what each asks its use case for, and what it prints."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from contenant.app import attach, send, waiting
from contenant.app import run as runs
from contenant.app.attach import LogsRequest
from contenant.app.named import Named
from contenant.app.results import RunRequest, Ui
from contenant.cli import logs as logs_command
from contenant.errors import EngineError, NotFoundError
from tests.cli.conftest import Run
from tests.store import samples

ID = "01m8ch256ce6511mcxyhw4mwc4"
NAMED = Named(samples.session(ID), samples.container(), "/work/one")


def test_a_detached_run_prints_the_sessions_id(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[RunRequest] = []

    def fake(request: RunRequest, ui: Ui, begun: Callable[[str], None]) -> int:
        seen.append(request)
        begun(ID)
        return 0

    monkeypatch.setattr(runs, "run", fake)
    for words in (("run", "-d", "--", "make"), ("--detach", "--", "make")):
        done = run(*words)
        assert (done.code, done.out, done.err) == (0, f"{ID}\n", "")
    assert [(request.detach, request.argv) for request in seen] == [(True, ("make",))] * 2
    refused = run("run", "-d", "--ssh")
    assert refused.code == 2 and "--detach and --ssh" in refused.err


def test_wait_prints_each_code_and_passes_one_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Any, ...]] = []

    def fake(
        words: tuple[str, ...], *, notify: bool, told: Callable[[Named, int], None], name: str | None
    ) -> int:
        seen.append((words, notify, name))
        for code in (0, 3):
            told(NAMED, code)
        return 3

    monkeypatch.setattr(waiting, "wait", fake)
    assert run("wait", ID, "/srv/shop") == (3, "0\n3\n", "")
    assert run("-q", "wait", "--notify") == (3, f"{ID}\n{ID}\n", "")
    assert run("-q", "wait", "--name", "review").code == 3
    assert seen == [((ID, "/srv/shop"), False, None), ((), True, None), ((), False, "review")]
    rows = json.loads(run("wait", "--json").out)
    assert [(row["session"], row["project"], row["exit_code"]) for row in rows] == [
        (ID, "/work/one", 0),
        (ID, "/work/one", 3),
    ]
    lines = [json.loads(line) for line in run("wait", "--format", "jsonl").out.splitlines()]
    assert lines == rows
    assert run("wait", "--format", "csv").out.splitlines()[0] == "session,container,project,exit_code"


@pytest.mark.parametrize(
    ("error", "code"), [(EngineError("ended without an exit code"), 125), (NotFoundError("none"), 4)]
)
def test_a_failure_of_our_own_is_no_exit_code_of_a_session(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def fake(*_words: Any, **_given: Any) -> int:
        raise error

    monkeypatch.setattr(waiting, "wait", fake)
    monkeypatch.setattr(attach, "attach", fake)
    for command in ("wait", "attach"):
        done = run(command)
        assert done.code == code
        assert "contenant: error:" in done.err
    done = run("wait", "--json")
    assert (done.code, done.out, json.loads(done.err)["exit_code"]) == (code, "", code)


def test_send_takes_any_text(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str, bool, str | None]] = []

    def fake(word: str, text: str, *, enter: bool, name: str | None) -> Named:
        seen.append((word, text, enter, name))
        return NAMED

    monkeypatch.setattr(send, "send", fake)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from\nthere\n")))
    assert run("send", "run the tests").code == 0
    assert run("send", "--no-enter", ID, "--", "-x\n--y").code == 0
    assert run("send", ID, "-").code == 0
    assert run("send", "--name", "review", "go on").code == 0
    assert seen == [
        (".", "run the tests", True, None),
        (ID, "-x\n--y", False, None),
        (ID, "from\nthere", True, None),
        (".", "go on", True, "review"),
    ]
    assert json.loads(run("send", "four", "--json").out) == [
        {
            "session": ID,
            "container": NAMED.container.name,
            "project": "/work/one",
            "characters": 4,
            "enter": True,
        }
    ]
    assert run("send").code == 2
    assert run("send", "a", "b", "c").code == 2


def test_logs_go_out_as_they_came_but_to_a_terminal_made_harmless(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[LogsRequest] = []

    def fake(request: LogsRequest, write: Callable[[bytes], None]) -> None:
        seen.append(request)
        write(b"\x1b[31mred")
        write(b"\x1b]0;x\x07\n\xff\x1b")

    monkeypatch.setattr(attach, "logs", fake)
    monkeypatch.setattr(sys, "stdout", out := io.TextIOWrapper(io.BytesIO(), errors="surrogateescape"))
    assert run("logs").code == 0
    monkeypatch.setattr(logs_command, "is_terminal", lambda stream: True)
    assert run("logs", "-f", "--tail", "3", ID).code == 0
    assert run("logs", "--raw", "--name", "review").code == 0
    raw = b"\x1b[31mred\x1b]0;x\x07\n\xff\x1b"
    assert out.buffer.getvalue() == raw + "red\n\N{REPLACEMENT CHARACTER}\\x1b".encode() + raw  # type: ignore[attr-defined]
    assert seen == [
        LogsRequest(".", False, None),
        LogsRequest(ID, True, 3),
        LogsRequest(".", False, None, "review"),
    ]
