"""`packaging/dist`: the same bytes from one commit, whatever surrounds the build; and what they hold."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from contenant import __version__

ROOT = Path(__file__).parents[2]
DIST = ROOT / "packaging/dist"
SHARED = {
    "share/bash-completion/completions/contenant": "contenant/cli/completions/contenant.bash",
    "share/zsh/site-functions/_contenant": "contenant/cli/completions/contenant.zsh",
    "share/fish/vendor_completions.d/contenant.fish": "contenant/cli/completions/contenant.fish",
    "share/man/man1/contenant.1": "packaging/contenant.1",
}


class Built(NamedTuple):
    sdist: Path
    wheel: Path
    said: str


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def dist(folder: Path, python: str | Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHON": str(python)}
    return subprocess.run([DIST, folder], env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Of the last commit, in two ways at once, which the script itself compares."""
    folder = tmp_path_factory.mktemp("dist")
    done = dist(folder, sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(sdist, wheel, done.stdout)


def test_the_sums_of_both_are_said(built: Built) -> None:
    said = dict(reversed(line.split()) for line in built.said.splitlines())
    assert said == {path.name: digest(path) for path in (built.sdist, built.wheel)}


def test_nothing_names_this_machine_or_the_moment_of_the_build(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        members = sdist.getmembers()
        packed = int(sdist.getmember(f"contenant-{__version__}/PKG-INFO").mtime)
    assert {int(member.mtime) for member in members} == {packed}
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    assert {member.mode & 0o777 for member in members} <= {0o644, 0o755}
    with zipfile.ZipFile(built.wheel) as wheel:
        assert len({info.date_time for info in wheel.infolist()}) == 1


def test_man_page_and_completions_are_shared_data(built: Built) -> None:
    prefix = f"contenant-{__version__}.data/data/"
    with zipfile.ZipFile(built.wheel) as wheel, tarfile.open(built.sdist) as sdist:
        names = {name.removeprefix(prefix) for name in wheel.namelist() if name.startswith(prefix)}
        assert names == set(SHARED)
        for name, source in SHARED.items():
            member = sdist.extractfile(f"contenant-{__version__}/{source}")
            assert member is not None
            assert wheel.read(prefix + name) == member.read()


def test_builds_that_differ_are_refused(tmp_path: Path) -> None:
    careless = tmp_path / "python"
    careless.write_text('#!/bin/sh\nmkdir -p "$4"\ncd "$4" && pwd >contenant-1.whl\n')
    careless.chmod(0o755)
    done = dist(tmp_path / "out", careless)
    assert done.returncode == 1
    assert "two builds of one commit differ" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_build_that_fails_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no builder here >&2\nexit 3\n")
    broken.chmod(0o755)
    done = dist(tmp_path / "out", broken)
    assert done.returncode != 0
    assert "no builder here" in done.stderr
    assert not (tmp_path / "out").exists()
