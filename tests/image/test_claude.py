"""Claude Code's package from the host's npm."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from contenant.image.claude import obtain
from contenant.image.lock import Lock
from contenant.paths import cache_dir

CONTENT = b"the package"
LOCK = Lock("1.2.3", {"linux-x64": hashlib.sha512(CONTENT).digest(), "linux-arm64": bytes(64)})
NPM = """#!/bin/sh
# pack PACKAGE --pack-destination FOLDER …
echo "$PWD $*" >>"$NPM_LOG"
{}
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where to write an npm; its calls are logged beside it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("NPM_LOG", str(tmp_path / "log"))
    return folder / "npm"


def install(npm: Path, deed: str) -> None:
    npm.write_text(NPM.format(deed))
    npm.chmod(0o755)


def test_npm_fetches_once(npm: Path, tmp_path: Path) -> None:
    install(npm, 'printf "the package" >"$4/some-name.tgz"')
    old = [cache_dir() / "claude" / f"claude-code-linux-x64-1.0.{number}.tgz" for number in range(4)]
    old[0].parent.mkdir(parents=True)
    for age, path in enumerate(old, 1):
        path.write_bytes(b"old")
        os.utime(path, (time.time() - age,) * 2)
    place = obtain(LOCK, "amd64", print)
    assert place == cache_dir() / "claude" / "claude-code-linux-x64-1.2.3.tgz"
    assert place.read_bytes() == CONTENT
    assert set(place.parent.iterdir()) == {place, *old[:2]}, "those that were not used for longest go"
    assert obtain(LOCK, "amd64", print) == place
    (call,) = (tmp_path / "log").read_text().splitlines()
    assert "pack @anthropic-ai/claude-code-linux-x64@1.2.3 --pack-destination" in call
    assert "--prefix" in call, "an .npmrc of the directory at hand must not count"


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (
            "echo 'npm error 404 Not Found' >&2; exit 1",
            "x64@1.2.3 (Not Found)",
        ),
        ('printf "another package" >"$4/x.tgz"', "not what claude.lock says"),
        ("exit 0", "says nothing of it"),
    ],
)
def test_what_fails_is_left_to_the_build(npm: Path, deed: str, told: str) -> None:
    install(npm, deed)
    lines: list[str] = []
    assert obtain(LOCK, "amd64", lines.append) is None
    assert told in "\n".join(lines)
    assert list((cache_dir() / "claude").iterdir()) == []


def test_a_spoilt_cache_is_mended(npm: Path) -> None:
    install(npm, 'printf "the package" >"$4/x.tgz"')
    place = obtain(LOCK, "amd64", print)
    assert place is not None
    place.write_bytes(b"spoilt")
    assert obtain(LOCK, "amd64", print) == place
    assert place.read_bytes() == CONTENT


def test_without_npm_the_build_fetches(npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(npm.parent))
    lines: list[str] = []
    assert obtain(LOCK, "amd64", lines.append) is None
    assert lines == ["no npm here: the build will fetch Claude Code"]
