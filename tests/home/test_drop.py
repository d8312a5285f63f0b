"""Copies into and out of the drop folder, where somebody else may have put anything."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from contenant.errors import BusyError, NotFoundError
from contenant.home import drop
from contenant.home.drop import Copied, DropError, Source, Target

MOST = 1 << 20


class Room(NamedTuple):
    """A directory to copy from, one to copy to, and how."""

    here: Path
    there: Path

    def copy(self, name: str, new: str = "", *, force: bool = False, most: int = MOST) -> Copied:
        with drop.opened(self.here) as source, drop.opened(self.there) as target:
            new = new or name
            return drop.copy(Source(source, name, name), Target(target, new, target, new, force), most)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    made = Room(tmp_path / "here", tmp_path / "there")
    yield made
    assert [path.name for path in made.there.iterdir() if path.name.startswith(".")] == [], (
        "nothing half done"
    )


def test_files_and_directories(room: Room) -> None:
    (room.here / "a" / "b").mkdir(parents=True)
    (room.here / "a" / "b" / "text").write_text("text")
    (room.here / "a" / "run").write_bytes(b"x" * 10)
    (room.here / "a" / "run").chmod(0o6755)
    assert room.copy("a", "new") == Copied(14, 4, ())
    assert (room.there / "new" / "b" / "text").read_text() == "text"
    assert (room.there / "new" / "run").stat().st_mode & 0o7777 == 0o755
    assert (room.there / "new" / "b" / "text").stat().st_mode & 0o7777 == 0o644


def test_nothing_is_replaced_unless_it_is_meant(room: Room, tmp_path: Path) -> None:
    (room.here / "file").write_text("new")
    victim = tmp_path / "victim"
    victim.write_text("safe")
    (room.there / "file").symlink_to(victim)
    with pytest.raises(BusyError, match="file is there already"):
        room.copy("file")
    room.copy("file", force=True)
    assert not (room.there / "file").is_symlink()
    assert ((room.there / "file").read_text(), victim.read_text()) == ("new", "safe")
    (room.there / "dir").mkdir()
    (room.there / "dir" / "old").touch()
    room.copy("file", "dir", force=True)
    assert (room.there / "dir").read_text() == "new"


def test_a_dangling_link_is_something(room: Room) -> None:
    (room.here / "file").write_text("new")
    (room.there / "file").symlink_to("/nowhere/at/all")
    with pytest.raises(BusyError):
        room.copy("file")


def test_links_pipes_and_devices_stay_behind(room: Room, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    tree = room.here / "tree"
    tree.mkdir()
    (tree / "kept").write_text("kept")
    (tree / "out").symlink_to(tmp_path / "secret")
    (tree / "up").symlink_to("..")
    os.mkfifo(tree / "pipe")
    (tree / "esc\x1b[2J").write_text("x")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tree / "socket"))
    done = room.copy("tree")
    assert sorted(path.name for path in (room.there / "tree").iterdir()) == ["kept"]
    assert sorted(text.rpartition(": ")[2] for text in done.left_out) == [
        *("a link", "a link", "its name holds control characters"),
        *("neither a file nor a directory", "neither a file nor a directory"),
    ]
    for name in ("out", "pipe"):
        with (
            drop.opened(tree) as source,
            drop.opened(room.there) as target,
            pytest.raises(DropError, match="neither a file nor a directory"),
        ):
            drop.copy(Source(source, name, name), Target(target, name, target, name, False), MOST)
    with pytest.raises(NotFoundError):
        room.copy("none")


def test_the_size_is_bounded_before_anything_is_there(room: Room) -> None:
    (room.here / "tree").mkdir()
    for number in range(3):
        (room.here / "tree" / str(number)).write_bytes(b"x" * (MOST // 2))
    with pytest.raises(DropError, match="more than 1m"):
        room.copy("tree")
    with (room.here / "sparse").open("wb") as file:
        file.truncate(1 << 36)
    with pytest.raises(DropError, match="more than 1m"):
        room.copy("sparse")
    assert list(room.there.iterdir()) == []


def test_many_files_and_deep_trees_are_bounded(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = room.here / "deep"
    for _ in range(drop.DEEPEST + 5):
        deep.mkdir()
        deep /= "d"
    (told,) = room.copy("deep").left_out
    assert told.endswith("directories deep")
    monkeypatch.setattr(drop, "MOST_FILES", 10)
    with pytest.raises(DropError, match="more than 10 files"):
        room.copy("deep", "again")


def test_who_moves_a_directory_away_meanwhile_leads_nowhere(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last look said file; when it is opened it is a link."""
    (tmp_path / "secret").write_text("secret")
    (room.here / "file").write_text("x")
    look = drop._look

    def swap(parent: int, name: str) -> os.stat_result | None:
        status = look(parent, name)
        if status is not None and name == "file" and not (room.here / "file").is_symlink():
            (room.here / "file").unlink()
            (room.here / "file").symlink_to(tmp_path / "secret")
            return status
        return status

    monkeypatch.setattr(drop, "_look", swap)
    monkeypatch.setattr(drop._Job, "_refusal", lambda *given: "")
    with pytest.raises(DropError, match="cannot copy file"):
        room.copy("file")
    assert list(room.there.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a b.png", "a_b.png"),
        ("-rf", "_rf"),
        ("über.txt", "über.txt"),
        ("$(x);`y`\n", "__x___y__"),
        ("..", "file"),
        ("", "file"),
        ("a/../b", "a_.._b"),
        ("\udcff.png", "_.png"),
        ("x" * 300 + ".png", "x" * 116 + ".png"),
    ],
)
def test_names_that_can_be_pasted(text: str, safe: str) -> None:
    assert drop.safe_name(text) == safe


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_root_gives_the_folder_and_what_is_put_there_to_the_agent(room: Room) -> None:
    folder = drop.prepare(room.here, (4321, 4322))
    assert (folder.stat().st_uid, folder.stat().st_gid) == (4321, 4322)
    (room.here / "tree").mkdir()
    (room.here / "tree" / "file").touch()
    with drop.opened(room.here) as source, drop.opened(folder) as target:
        wanted = Target(target, "tree", source, "tree", False, (4321, 4322))
        drop.copy(Source(source, "tree", "tree"), wanted, MOST)
    assert {(folder / name).stat().st_uid for name in ("tree", "tree/file")} == {4321}
    (room.here / "drop" / "tree" / "file").unlink()


def test_entries(room: Room) -> None:
    (room.here / "file").write_text("text")
    (room.here / "dir").mkdir()
    (room.here / "link").symlink_to("/etc/passwd")
    os.mkfifo(room.here / "pipe")
    found = {entry.name: (entry.kind, entry.size) for entry in drop.entries(room.here)}
    assert found == {
        "file": ("file", 4),
        "dir": ("directory", 0),
        "link": ("link", 0),
        "pipe": ("other", 0),
    }
    assert drop.entries(room.here / "none") == []
