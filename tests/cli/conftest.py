"""Runs command lines in this process, without a terminal, and without the caller's colours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from contenant.cli import entry
from tests.cli.contract import broken, command_of, form_of, records_of
from tests.fresh_database import fresh_database, made_before

__all__ = ["fresh_database", "made_before"]

Run = Callable[..., "Result"]


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "NO_COLOR",
        "FORCE_COLOR",
        "COLUMNS",
        "CONTENANT_COLOR",
        "CONTENANT_QUIET",
        "CONTENANT_DEBUG",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


def _check_promise(arguments: tuple[str, ...], out: str) -> None:
    """Whatever a command writes as JSON in any test is what was promised."""
    form = form_of(arguments)
    if out and form and (command := command_of(arguments)):
        assert broken(command, records_of(out, form)) == []


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """`run("list", "--json")` -> exit code, standard output, standard error."""

    def call(*arguments: str) -> Result:
        code = entry.main(arguments)
        out, err = capfd.readouterr()
        _check_promise(arguments, out)
        return Result(code, out, err)

    return call
