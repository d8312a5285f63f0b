"""put, get and paste over a real state directory and an engine in memory."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from contenant.app import clipboard, desired
from contenant.app.drop import Request, get, listing, put, put_data
from contenant.app.project import identify
from contenant.errors import (
    BusyError,
    ContenantError,
    NotFoundError,
    PathRefusedError,
    StateError,
    UsageError,
)
from contenant.home import drop
from contenant.paths import home_dir
from tests.app.world import World


def folder(shop: Path) -> Path:
    return home_dir(identify(shop)[1]) / "drop"


def test_in_and_out_again_on_record(world: World, shop: Path, tmp_path: Path) -> None:
    world.run("shop")
    (tmp_path / "my notes.txt").write_text("notes")
    (passed,) = put(Request(shop), [str(tmp_path / "my notes.txt")])
    assert (passed.path, passed.size) == ("/drop/my_notes.txt", 5)
    assert [entry.name for entry in listing(shop)] == ["my_notes.txt"]
    with pytest.raises(BusyError, match="there already"):
        put(Request(shop), [str(tmp_path / "my notes.txt")])
    (back,) = get(Request(shop, to=str(tmp_path)), ["/drop/my_notes.txt"])
    assert Path(back.path).read_text() == "notes"
    events = [
        (event.kind, json.loads(event.data)) for event in world.events() if event.kind.startswith("drop.")
    ]
    assert events == [
        ("drop.put", {"path": "/drop/my_notes.txt", "size": 5}),
        ("drop.got", {"path": "/drop/my_notes.txt", "size": 5}),
    ]


def test_the_folder_is_there_before_the_first_run_and_after_the_container(world: World, shop: Path) -> None:
    (shop / "a").write_text("a")
    put(Request(shop), [str(shop / "a"), str(shop)])
    world.run("shop")
    (spec,) = world.engine.specs.values()
    assert (str(folder(shop)), "/drop", False) in spec.mounts
    world.run("shop", recreate=True)
    world.clean(force=True)
    assert sorted(entry.name for entry in listing(shop)) == ["a", "shop"]


def test_a_container_from_before_says_what_to_do(
    world: World, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "a").write_text("a")
    with monkeypatch.context() as before:
        before.setattr(desired.outfit, "mounts", lambda name: ())
        world.run("shop")
    with pytest.raises(NotFoundError, match="made without a drop folder"):
        put(Request(shop), [str(shop / "a")])
    world.run("shop", recreate=True)
    put(Request(shop), [str(shop / "a")])


def test_links_on_the_command_line_and_contenants_own_state(world: World, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("real")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    (passed,) = put(Request(shop), [str(tmp_path / "link.txt")])
    assert passed.path == "/drop/link.txt"
    for path in (world.home, world.home / "state", folder(shop)):
        with pytest.raises(PathRefusedError, match="own state"):
            put(Request(shop), [str(path)])
    with pytest.raises(NotFoundError, match="no such file"):
        put(Request(shop), [str(tmp_path / "none" / "none")])
    with pytest.raises(UsageError):
        put(Request(shop, to="x"), ["a", "b"])


def test_what_the_agent_planted_leads_nowhere(world: World, shop: Path, tmp_path: Path) -> None:
    put_data(Request(shop), "seed", b"seed")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (folder(shop) / "door").symlink_to(outside)
    for name in ("door", "door/secret", "../agent", "/etc/passwd", "", "none"):
        with pytest.raises(ContenantError):
            get(Request(shop, to=str(tmp_path)), [name])
    (shop / "results").symlink_to(outside)
    (tmp_path / "shortcut").symlink_to(shop)
    for base in (shop, tmp_path / "shortcut"):
        with pytest.raises(NotFoundError, match="no directory"):
            get(Request(shop, to=str(base / "results") + "/"), ["seed"])
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_what_is_missing_says_where_to_look(world: World, shop: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as gone:
        get(Request(shop, to=str(tmp_path)), ["report"])
    assert gone.value.hint == "`contenant get` alone lists what is there"
    with pytest.raises(NotFoundError) as gone:
        put(Request(shop), [str(tmp_path / "report")])
    assert gone.value.hint == "give the path of a file or directory of this machine"


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_a_disk_that_takes_nothing_is_no_bug(
    world: World, shop: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(drop, "prepare", refused)
    with pytest.raises(StateError, match=f"cannot copy the files of {shop}: {os.strerror(number)}"):
        put_data(Request(shop), "a", b"a")


def test_where_to(world: World, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_data(Request(shop), "a", b"a")
    put_data(Request(shop), "b", b"b")
    (tmp_path / "into").mkdir()
    monkeypatch.chdir(tmp_path / "into")
    get(Request(shop), ["a", "b"])
    get(Request(shop, to="c"), ["a"])
    get(Request(shop, to=str(shop)), ["a"])
    assert sorted(path.name for path in Path().iterdir()) == ["a", "b", "c"]
    assert (shop / "a").read_text() == "a"
    with pytest.raises(NotFoundError, match="no such directory"):
        get(Request(shop, to="none"), ["a", "b"])
    with pytest.raises(BusyError):
        get(Request(shop), ["a"])
    get(Request(shop, force=True), ["a"])


def test_a_purge_takes_the_folder(world: World, shop: Path) -> None:
    put_data(Request(shop), "a", b"a")
    from contenant.app import clean
    from contenant.app.project import Target
    from contenant.app.results import CleanRequest

    request = CleanRequest((Target(shop),), purge=True)
    clean.apply(clean.plan(request, world.ui), request, world.ui)
    assert not folder(shop).exists()


WL = """#!/bin/sh
case "$*" in
  *--list-types*) printf '%s\\n' {kinds} ;;
  *image/png*) printf 'PNG\\000\\377' ;;
  *) printf 'text' ;;
esac
"""
OSA = "#!/bin/sh\nprintf '\\302\\253data PNGf%s\\302\\273\\n' 89504E47\n"


def tools(monkeypatch: pytest.MonkeyPatch, place: Path, **programs: str) -> None:
    for name, text in programs.items():
        (place / name).write_text(text)
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")


def test_the_clipboards_image_or_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools(monkeypatch, tmp_path, **{"wl-paste": WL.format(kinds="text/plain image/png")})
    display = {"WAYLAND_DISPLAY": "wayland-0"}
    assert clipboard.read(display) == (b"PNG\0\xff", "png")
    tools(monkeypatch, tmp_path, **{"wl-paste": WL.format(kinds="text/html text/plain")})
    assert clipboard.read(display) == (b"text", "txt")
    tools(monkeypatch, tmp_path, **{"wl-paste": WL.format(kinds="text/html")})
    with pytest.raises(NotFoundError, match="neither an image nor a text"):
        clipboard.read(display)
    tools(monkeypatch, tmp_path, xclip=WL.replace("*--list-types*", "*TARGETS*").format(kinds="image/png"))
    assert clipboard.read({"DISPLAY": ":0"}) == (b"PNG\0\xff", "png")
    tools(monkeypatch, tmp_path, osascript=OSA, pbpaste="#!/bin/sh\n")
    assert clipboard.read({}) == (b"\x89PNG", "png")
    tools(monkeypatch, tmp_path, osascript="#!/bin/sh\nexit 1\n", pbpaste="#!/bin/sh\nprintf text\n")
    assert clipboard.read({}) == (b"text", "txt")


def test_no_clipboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ContenantError, match="no desktop here"):
        clipboard.read({})
    with pytest.raises(ContenantError, match="no program here"):
        clipboard.read({"DISPLAY": ":0"})
    monkeypatch.setattr(clipboard, "_SECONDS", 0.2)
    tools(monkeypatch, tmp_path, xclip="#!/bin/sh\nsleep 5\n")
    with pytest.raises(ContenantError, match="did not end within"):
        clipboard.read({"DISPLAY": ":0"})
    monkeypatch.setattr(clipboard, "MOST", 1000)
    tools(monkeypatch, tmp_path, xclip="#!/bin/sh\nexec cat /dev/zero\n")
    with pytest.raises(ContenantError, match="more than"):
        clipboard.read({"DISPLAY": ":0"})
