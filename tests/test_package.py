"""What is shipped: the source distribution and the wheel, built and installed far from any checkout."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from contenant import __version__

pytestmark = pytest.mark.untraced

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "dist", "build", ".pytest_cache", ".hypothesis", "*.egg-info"
)
LITTER = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".venv", ".git/")


class Built(NamedTuple):
    sdist: Path
    wheel: Path


class Installed(NamedTuple):
    """A virtual environment with the wheel in it, and an empty directory to stand in."""

    bin: Path
    place: Path
    home: Path

    def run(self, *command: str | Path, path: str = "/nowhere") -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": path,
            "HOME": str(self.home),
            "CONTENANT_HOME": str(self.home / "contenant"),
            "LANG": "C.UTF-8",
        }
        return subprocess.run(
            [str(word) for word in command], cwd=self.place, env=environ, text=True, capture_output=True
        )


def sh(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Both distributions from a copy of the working tree; the wheel is built from the source distribution."""
    place = tmp_path_factory.mktemp("build")
    shutil.copytree(ROOT, place / "tree", ignore=LEFT_OUT, symlinks=True)
    sh(sys.executable, "-m", "build", "--outdir", place / "dist", cwd=place / "tree")
    (sdist,), (wheel,) = (place / "dist").glob("*.tar.gz"), (place / "dist").glob("*.whl")
    return Built(sdist, wheel)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("installed")
    venv.create(place / "venv", with_pip=True)
    sh(place / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", built.wheel, cwd=place)
    for name in ("empty", "home"):
        (place / name).mkdir()
    return Installed(place / "venv/bin", place / "empty", place / "home")


def shipped(folder: str) -> dict[str, bool]:
    """Files of a top-level folder that git would keep -> whether they are executable."""
    found = {}
    for path in sorted((ROOT / folder).rglob("*")):
        if path.is_file() and not any(mark in str(path) for mark in LITTER):
            found[str(path.relative_to(ROOT))] = bool(path.stat().st_mode & stat.S_IXUSR)
    return found


@pytest.mark.parametrize("folder", ["image", "migrations"])
def test_the_wheel_holds_the_assets_with_their_modes(built: Built, folder: str) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        modes = {info.filename: info.external_attr >> 16 for info in wheel.infolist()}
    held = {
        name.removeprefix("contenant/_assets/"): bool(mode & stat.S_IXUSR)
        for name, mode in modes.items()
        if name.startswith(f"contenant/_assets/{folder}/")
    }
    assert held == shipped(folder)
    assert any(held.values()) or folder == "migrations"


def test_the_wheel_holds_what_it_must_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = wheel.namelist()
        info = f"contenant-{__version__}.dist-info"
        metadata = wheel.read(f"{info}/METADATA").decode()
        entries = wheel.read(f"{info}/entry_points.txt").decode()
    assert {"contenant/py.typed", f"{info}/licenses/LICENSE"} <= set(names)
    assert {f"contenant/cli/completions/contenant.{shell}" for shell in ("bash", "zsh", "fish")} <= set(names)
    roots = {name.partition("/")[0] for name in names}
    assert roots <= {"contenant", info, f"contenant-{__version__}.data"}
    assert not [name for name in names if any(mark in name for mark in LITTER)]
    assert "License-Expression: MIT" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert "contenant = contenant.__main__:main" in entries


def test_the_source_distribution_is_whole_and_clean(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    wanted = {"LICENSE", "README.md", "Makefile", "pyproject.toml", "docs/reference.md", "tests/conftest.py"}
    assert wanted <= names
    assert set(shipped("image")) | set(shipped("migrations")) <= names
    assert not [name for name in names if any(mark in name for mark in LITTER)]


def test_version(installed: Installed) -> None:
    done = installed.run(installed.bin / "contenant", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"contenant {__version__}\n", "")
    again = installed.run(installed.bin / "python", "-m", "contenant", "--version")
    assert again.stdout == done.stdout


def test_no_engine_is_said_clearly(installed: Installed) -> None:
    done = installed.run(installed.bin / "contenant", "list")
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("contenant: error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "member"), [("image", "Dockerfile"), ("migrations", "env.py")])
def test_assets_are_found_in_the_wheel(installed: Installed, name: str, member: str) -> None:
    script = f"from contenant.paths import asset; print(asset({name!r}))"
    found = Path(installed.run(installed.bin / "python", "-I", "-c", script).stdout.strip())
    assert found.is_relative_to(installed.bin.parent)
    assert (found / member).is_file()


def test_scripts_of_the_image_are_executable_when_installed(installed: Installed) -> None:
    script = "from contenant.paths import asset; print(asset('image'))"
    image = Path(installed.run(installed.bin / "python", "-I", "-c", script).stdout.strip())
    for name, executable in shipped("image").items():
        assert os.access(image.parent / name, os.X_OK) == executable, name


def test_the_database_is_made_and_read_by_the_wheel(installed: Installed) -> None:
    script = (
        "from datetime import datetime, UTC\n"
        "from contenant import host\n"
        "from contenant.store.store import open_store\n"
        "open_store(now=lambda: datetime.now(UTC), host_id=host.installation_id()).close()"
    )
    done = installed.run(installed.bin / "python", "-I", "-c", script)
    assert done.returncode == 0, done.stderr
    assert (installed.home / "contenant/state/contenant.db").is_file()
    history = installed.run(installed.bin / "contenant", "history", "--json")
    assert (history.returncode, history.stdout, history.stderr) == (0, "[]\n", "")


def test_it_leaves_no_trace_outside_its_directories(installed: Installed) -> None:
    installed.run(installed.bin / "contenant", "list")
    installed.run(installed.bin / "contenant", "history")
    assert list(installed.place.iterdir()) == []
    assert {path.name for path in installed.home.iterdir()} <= {"contenant"}


def test_completion_scripts_are_printed_by_the_wheel(installed: Installed) -> None:
    for shell in ("bash", "zsh", "fish"):
        done = installed.run(installed.bin / "contenant", "completion", shell)
        assert done.returncode == 0
        assert "_CONTENANT_COMPLETE" in done.stdout
