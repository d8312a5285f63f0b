"""Which paths are projects."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contenant.app.project import identify, resolve
from contenant.errors import PathRefusedError
from contenant.paths import state_dir


def test_a_directory_is_a_project_under_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    found = resolve(tmp_path / "link", force=False)
    assert found.path == str(tmp_path / "real")
    assert found.owner == (os.getuid(), os.getgid())
    assert (found.path, found.name) == identify(tmp_path / "real")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such directory"),
        (lambda path: path.write_text(""), "not a directory"),
        (lambda path: path.symlink_to("nowhere"), "no such directory"),
        (lambda path: path.symlink_to(path), "cannot use"),
    ],
)
def test_what_is_no_directory_is_refused(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "it"
    make(path)  # type: ignore[operator]
    with pytest.raises(PathRefusedError, match=message):
        resolve(path, force=True)


def test_too_much_is_refused_without_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "homes" / "me"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    for path in (Path("/"), home, home.parent):
        with pytest.raises(PathRefusedError, match="the agent would get all of it"):
            resolve(path, force=False)
        assert resolve(path, force=True).path == str(path)
    (home / "work").mkdir()
    assert resolve(home / "work", force=False).path == str(home / "work")


def test_the_state_directory_is_never_a_project(tmp_path: Path) -> None:
    inside = state_dir() / "containers"
    inside.mkdir(parents=True)
    for path in (state_dir(), inside):
        with pytest.raises(PathRefusedError, match="own state"):
            resolve(path, force=True)
