"""Every mutant of the stand-in makes the test of its behaviour fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.apple.mutants import MUTANTS, Mutant
from tests.standins.apple import fixture

PACKAGE = Path(fixture.__file__).parent
ROOT = Path(__file__).parents[2]
VERSION = "1.2.2"
# Where the tests of the behaviours are, each named by its number.
BEHAVIOURS = ("tests/apple/test_standin_behaviours.py", "tests/apple/test_standin_behaviours_more.py")


def named(mutant: Mutant) -> str:
    """The test's id."""
    return f"{mutant.behaviour:02}-{mutant.file}-{MUTANTS.index(mutant)}"


def test_each_behaviour_has_a_mutant_that_still_applies() -> None:
    assert {mutant.behaviour for mutant in MUTANTS} == set(range(1, 21))
    for mutant in MUTANTS:
        text = (PACKAGE / mutant.file).read_text()
        assert text.count(mutant.old) == 1, mutant
        compile(text.replace(mutant.old, mutant.new), mutant.file, "exec")


def changed_copy(mutant: Mutant, directory: Path) -> Path:
    """The stand-in with the change, in a directory of its own."""
    copy = directory / "apple"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / mutant.file
    path.write_text(path.read_text().replace(mutant.old, mutant.new))
    return copy


@pytest.mark.real
@pytest.mark.timeout(240)
@pytest.mark.parametrize("mutant", MUTANTS, ids=named)
def test_a_mutant_is_caught(mutant: Mutant, tmp_path: Path, archive: Path) -> None:
    copy = changed_copy(mutant, tmp_path)
    words = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "pytest"))
    chosen = ("-k", f"test_{mutant.behaviour:02}_ and {VERSION}", *BEHAVIOURS)
    done = subprocess.run(
        [sys.executable, *words, *chosen],
        cwd=ROOT,
        env={**os.environ, "APPLE_STANDIN_PACKAGE": str(copy)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-2000:]
    assert "1 failed" in done.stdout and " error" not in done.stdout.splitlines()[-1], done.stdout[-2000:]
