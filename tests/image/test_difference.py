"""What is let in of a layer: the script that sifts it, on a tree beside this machine's own files."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from contenant.paths import asset


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script as a module, its tree in a directory of the test's; it writes no cache beside itself."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = str(asset("image") / "stages" / "difference")
    loader = importlib.machinery.SourceFileLoader("difference", path)
    spec = importlib.util.spec_from_loader("difference", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    layer = tmp_path / "layer"
    (layer / ".contenant").mkdir(parents=True)
    monkeypatch.setattr(module, "LAYER", str(layer))
    monkeypatch.setattr(module, "NAMES", ("root",))
    return module


def put(script: Any, path: str, mode: int = 0o644) -> Path:
    place = Path(script.LAYER + path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("x")
    place.chmod(mode)
    return place


def meta(script: Any, name: str, *items: bytes) -> None:
    Path(f"{script.LAYER}/.contenant/{name}").write_bytes(b"".join(item + b"\0" for item in items))


@pytest.mark.parametrize(
    "path", ["/usr/local/lib/contenant/session", "/etc/claude-code/x", "/etc/ld.so.preload", "/project/x",
             "/usr/local/bin/claude", "/run/x", "/tmp/x"]
)  # fmt: skip
def test_what_is_contenants_or_passes_is_left_out(script: Any, path: str) -> None:
    gone, stays = put(script, path), put(script, "/opt/tool", 0o755)
    script.sift()
    assert not gone.exists()
    assert stays.exists()


def test_no_file_gives_a_privilege(script: Any) -> None:
    place = put(script, "/opt/tool", 0o6755)
    script.sift()
    assert place.stat().st_mode & 0o7777 == 0o755
    os.mkfifo(f"{script.LAYER}/opt/pipe")
    script.sift()
    assert not Path(f"{script.LAYER}/opt/pipe").exists()


def refused(script: Any, capsys: pytest.CaptureFixture[str], reason: str) -> None:
    with pytest.raises(SystemExit) as caught:
        script.sift()
    assert caught.value.code == 1
    assert reason in capsys.readouterr().err


def test_sudo_is_refused(script: Any, capsys: pytest.CaptureFixture[str]) -> None:
    put(script, "/usr/bin/sudo", 0o755)
    refused(script, capsys, "nobody in the container may become root")


def test_a_directory_cannot_become_a_link(script: Any, capsys: pytest.CaptureFixture[str]) -> None:
    Path(f"{script.LAYER}/usr").symlink_to("/opt")
    refused(script, capsys, "/usr is a directory in one")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text + "evil:x:0:0::/:/bin/sh\n", "has the number of one"),
        (lambda text: text.replace("root:x:0:0:", "root::0:0:"), "have to stay as they are"),
        (lambda text: text + "root:x:0:0::/:/bin/sh\n", "/etc/passwd: "),
        (lambda text: text + "odd\n", "a name is there twice"),
    ],
)
def test_users_stay_who_they_are(
    script: Any, capsys: pytest.CaptureFixture[str], change: Any, reason: str
) -> None:
    own = Path("/etc/passwd").read_text()
    place = put(script, "/etc/passwd")
    place.write_text(own + "tool:x:64000:64000::/:/bin/sh\n")
    script.sift()
    place.write_text(change(own))
    refused(script, capsys, reason)


def test_variables_and_what_was_removed_are_carried_as_data(
    script: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    meta(script, "gone", b"/usr/share/doc/x", b"/usr/local/lib/contenant/seal", b"/etc/claude-code/CLAUDE.md")
    meta(script, "env", b"A=1\n2", b"B=")
    script.sift()
    tree = Path(script.LAYER)
    assert not (tree / ".contenant").exists()
    assert (tree / "tmp/contenant/gone").read_bytes() == b"/usr/share/doc/x\0"
    assert (tree / "usr/local/lib/contenant/layer.env").read_bytes() == b"A=1\n2\0B=\0"
    (tree / ".contenant").mkdir()
    meta(script, "env", b"$(x)=1")
    refused(script, capsys, "no variable")


def test_the_difference_is_what_is_new_changed_or_gone(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, out = tmp_path / "root", tmp_path / "out"
    for name in ("same", "changed", "removed", "folder/deep"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("x")
    monkeypatch.setattr(script, "BEFORE", str(tmp_path / "before.json"))
    monkeypatch.setattr(script, "OUT", str(out))
    real = script.walk
    monkeypatch.setattr(
        script, "walk", lambda top, skipped: (f"{place}{path}" for path in real(str(place), skipped))
    )
    script.before()
    (place / "changed").write_text("xy")
    (place / "removed").unlink()
    (place / "folder" / "new").write_text("n")
    (place / "link").symlink_to("same")
    monkeypatch.setenv("MINE", "1")
    script.after(["MINE", "ABSENT"])
    tree = Path(f"{out}{place}")
    assert sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*")) == [
        "changed", "folder", "folder/new", "link"
    ]  # fmt: skip
    assert (out / ".contenant/gone").read_bytes() == os.fsencode(f"{place}/removed") + b"\0"
    assert (out / ".contenant/env").read_bytes() == b"MINE=1\0"
