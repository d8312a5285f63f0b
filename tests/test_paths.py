"""Where things live: directories that only their owner can enter."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from contenant.errors import StateError
from contenant.paths import ensure_private, state_dir


def test_what_is_made_on_the_way_is_closed_to_others_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTENANT_HOME", str(tmp_path / "home"))
    deep = ensure_private(state_dir() / "locks" / "deeper")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (deep, deep.parent, state_dir())} == {0o700}
    assert ensure_private(deep) == deep


def test_it_is_closed_where_it_was_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert stat.S_IMODE(ensure_private(tmp_path).stat().st_mode) == 0o700


def test_where_a_file_or_a_dead_link_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(StateError, match=f"cannot use the directory .*{name}/state"):
            ensure_private(tmp_path / name / "state")
