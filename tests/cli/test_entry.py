"""From any failure to one line and the right exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from contenant import errors
from contenant.app import inventory as use_case
from contenant.cli.complain import wants_json
from contenant.cli.exits import EXITS
from contenant.cli.reference import error_kinds
from tests.cli.conftest import Run

PROGRAM = [sys.executable, "-m", "contenant"]


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(use_case, "inventory", fail)


@pytest.mark.parametrize("kind", error_kinds())
def test_every_kind_of_failure_has_its_code_and_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, kind: type[errors.ContenantError]
) -> None:
    assert kind.exit_code in EXITS
    failing(monkeypatch, kind("it went wrong", hint="mend it"))
    assert run("list") == (kind.exit_code, "", "contenant: error: it went wrong\n  hint: mend it\n")


def test_a_failure_without_a_hint_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errors.ContenantError("a\nb\x1b[0m"))
    assert run("list").err == "contenant: error: a\\nb\\x1b[0m\n"


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_130_and_silent(
    run: Run, monkeypatch: pytest.MonkeyPatch, interrupt: BaseException
) -> None:
    failing(monkeypatch, interrupt)
    assert run("list") == (130, "", "")


def test_a_bug_is_one_line_and_a_private_log_without_arguments(
    run: Run, monkeypatch: pytest.MonkeyPatch, contenant_home: Path
) -> None:
    failing(monkeypatch, ValueError("what\nnobody foresaw"))
    result = run("list", "--project", "s3cret")
    (log,) = (contenant_home / "state" / "logs").iterdir()
    assert result.code == 70
    assert result.out == ""
    first, second = result.err.splitlines()
    assert first == "contenant: error: unexpected ValueError: what\\nnobody foresaw"
    assert str(log) in second
    assert log.name.startswith("crash-")
    assert log.stat().st_mode & 0o777 == 0o600
    text = log.read_text()
    assert "Traceback (most recent call last)" in text
    assert "s3cret" not in text


def test_a_bug_with_debugging_shows_the_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTENANT_DEBUG", "1")
    failing(monkeypatch, ValueError("what nobody foresaw"))
    err = run("list").err
    assert err.startswith("Traceback (most recent call last)")
    assert err.splitlines()[-2] == "contenant: error: unexpected ValueError: what nobody foresaw"


def test_a_bug_where_no_log_can_be_written_still_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONTENANT_HOME", str(tmp_path / "file"))
    failing(monkeypatch, ValueError("x"))
    result = run("list")
    assert result.code == 70
    assert result.err.splitlines()[1].startswith("  hint: this is a bug; run again with CONTENANT_DEBUG=1")


def test_a_full_disk_is_no_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, OSError(28, "No space left on device", "/srv/x"))
    result = run("list")
    assert (result.code, result.err.splitlines()[0]) == (
        1,
        "contenant: error: cannot write /srv/x: No space left on device",
    )


def test_a_full_device_behind_stdout(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PROGRAM, "--version"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        1,
        "contenant: error: cannot write the output: No space left on device",
    )


def test_a_reader_that_went_away_is_silent() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*PROGRAM, "--help"], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_closed_standard_streams_are_survived() -> None:
    """Nothing that is opened later, such as the database, may become standard output."""
    script = (
        "import os,sys; os.closerange(0,3); from contenant.cli.entry import main; code = main(['--version']);"
    )
    script += "os._exit(code if os.readlink('/proc/self/fd/1') == '/dev/null' else 99)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_ctrl_c_during_a_command_ends_it_with_130(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from contenant.app import inventory\n"
        "def wait(*_):\n"
        "    print('waiting', file=sys.stderr, flush=True)\n"
        "    time.sleep(30)\n"
        "inventory.inventory = wait\n"
        "from contenant.__main__ import main\n"
        "sys.argv = ['contenant', 'list']\n"
        "sys.exit(main())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert process.stderr.read() == ""
    process.stderr.close()


def test_the_collector_is_off_while_starting_and_the_heap_is_frozen_at_exit() -> None:
    script = (
        "import atexit, gc\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 0))\n"  # last in, first out: runs after ours
        "import contenant.__main__\n"
        "print(gc.isenabled())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]


class TestJson:
    @pytest.mark.parametrize("words", [("--json",), ("--format", "json"), ("--format=jsonl",)])
    def test_a_failure_is_one_object(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
    ) -> None:
        failing(monkeypatch, errors.BusyError("it is\nheld", hint="wait"))
        result = run("list", *words)
        assert (result.code, result.out) == (5, "")
        wanted = {"error": "busy", "message": "it is\nheld", "hint": "wait", "exit_code": 5}
        assert json.loads(result.err) == wanted

    def test_so_is_a_slip_in_the_command_line(self, run: Run) -> None:
        result = run("list", "--json", "--nothing")
        assert result.code == 2
        found = json.loads(result.err)
        assert (found["error"], found["exit_code"]) == ("usage", 2)
        assert "--nothing" in found["message"]

    def test_so_are_two_formats_at_once(self, run: Run) -> None:
        result = run("list", "--json", "--format", "csv")
        assert result.code == 2
        assert json.loads(result.err)["message"] == "--json and --format csv ask for different things"

    def test_so_is_a_bug(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        failing(monkeypatch, ValueError("nobody foresaw it"))
        found = json.loads(run("list", "--json").err)
        assert (found["error"], found["exit_code"]) == ("bug", 70)
        assert "report" in found["hint"]

    def test_what_stands_behind_the_dashes_asks_for_nothing(self) -> None:
        assert not wants_json(["--", "pip", "list", "--format", "json"])
        assert not wants_json(["list", "--format", "csv"])
        assert wants_json(["list", "--format", "json"])
