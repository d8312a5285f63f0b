"""The documents that follow from the code say what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from contenant.cli import reference
from contenant.cli.exits import EXITS
from contenant.cli.keys import KEYS, STREAMS
from contenant.cli.reference import FILES, ROOT, commands, error_kinds
from tests.cli.contract import CONTRACT

REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
OUTPUT = (ROOT / "docs/output.md").read_text(encoding="utf-8")
EXIT_CODES = (ROOT / "docs/exit-codes.md").read_text(encoding="utf-8")
MANUAL = (ROOT / "packaging/contenant.1").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_the_document_is_what_the_code_says(name: str) -> None:
    wanted = FILES[name]()
    assert (ROOT / name).read_text(encoding="utf-8") == wanted, "run python -m contenant.cli.reference"


def test_check_names_what_is_stale_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    assert reference.main(["--check"]) == 1
    assert {(tmp_path / name).read_text() for name in FILES} == {"old"}
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0


def test_it_is_a_program() -> None:
    command = [sys.executable, "-m", "contenant.cli.reference", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("context", list(commands()), ids=lambda context: context.command_path)
def test_every_command_and_option_is_documented(context: click.Context) -> None:
    assert f"\n## {context.command_path}\n" in REFERENCE
    section = REFERENCE.partition(f"\n## {context.command_path}\n")[2].partition("\n## ")[0]
    for param in context.command.get_params(context):
        if isinstance(param, click.Option):
            for option in param.opts:
                assert option in section
                assert option.replace("-", "\\-") in MANUAL


@pytest.mark.parametrize("name", KEYS)
def test_every_key_is_documented_with_its_type(name: str) -> None:
    section = OUTPUT.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    for key, text in KEYS[name].items():
        assert f"| `{key}` | {CONTRACT[name][key].replace('|', ' or ')} | {text} |" in section


@pytest.mark.parametrize("name", STREAMS)
def test_what_has_no_formats_is_documented(name: str) -> None:
    assert f"- `{name}`: " in OUTPUT


@pytest.mark.parametrize("code", EXITS)
def test_every_exit_code_is_documented(code: int) -> None:
    assert f"| {code} | {EXITS[code]} |" in EXIT_CODES
    assert f"\\fB{code}\\fR\n" in MANUAL


def test_every_kind_of_failure_is_documented_beside_its_code() -> None:
    for kind in error_kinds()[1:]:
        (row,) = [line for line in EXIT_CODES.splitlines() if line.startswith(f"| {kind.exit_code} |")]
        assert (kind.__doc__ or "").split("\n")[0] in row, kind
