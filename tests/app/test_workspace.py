"""Workspaces of jj: made and used again, proven before they are mounted, removed without a loss.

A stand-in of jj keeps its files as jj 0.46 does; tests/real/test_several.py does all of it with jj itself.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contenant import config, jjdir
from contenant.app import clean, wayback, worktree
from contenant.app.ledger import Ledger
from contenant.app.project import Target
from contenant.app.results import CleanRequest, RunRequest
from contenant.app.run import run
from contenant.core.values import ContainerSpec
from contenant.errors import ConfigError, UsageError
from tests.app.world import World

STANDIN = """
import json, os, sys
from pathlib import Path
words = sys.argv[1:]
at = Path(words[words.index("-R") + 1])
link = at / ".jj" / "repo"
repo = link if link.is_dir() else Path(os.path.normpath(at / ".jj" / link.read_text()))
known = repo / "standin.json"
state = json.loads(known.read_text())
with open(state["log"], "a") as log:
    print(*words, file=log)
word = words[words.index("-R") + 2:]
word = [w for w in word if w != "--ignore-working-copy"]

def field(number, data):
    return bytes([number << 3 | 2, len(data)]) + data

def keep():
    known.write_text(json.dumps(state))
    places = {"default": "../..", **{n: os.path.relpath(p, repo) for n, p in state["spaces"].items()}}
    entries = (field(1, n.encode()) + field(2, p.encode()) for n, p in places.items())
    (repo / "workspace_store" / "index").write_bytes(b"".join(field(1, e) for e in entries))

if word[:2] == ["workspace", "list"]:
    print("default", *state["spaces"], sep="\\n")
elif word[:2] == ["workspace", "add"]:
    place = Path(word[-1])
    place.mkdir()  # not its parents, as jj
    (place / ".jj").mkdir()
    (place / ".jj" / "repo").write_text(os.path.relpath(repo, place / ".jj"))
    state["spaces"][word[3]] = str(place)
    state["begun"] = word[4:-1]
    keep()
elif word[:2] == ["workspace", "forget"]:
    del state["spaces"][word[2]]
    keep()
elif word[0] == "status":
    print((at / "status").read_text() if (at / "status").exists() else "The working copy has no changes.")
elif word[0] == "log":
    asked = word[word.index("-r") + 1]
    if asked.startswith("bookmarks(") and asked.split('"')[1] in state["bookmarks"]:
        print("abc")
    elif asked.startswith("@ ~") and (at / "changed").exists():
        print("abc")
    elif asked.startswith("::@-") and (at / "unpushed").exists():
        print("abc")
else:
    sys.exit("Error: no such command")
"""


@pytest.fixture
def shop(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of jj's alone, and a jj on the PATH."""
    monkeypatch.setenv("HOME", str(world.home))
    program = world.home / "bin" / "jj"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{STANDIN}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    path = world.project("shop")
    repo = path / ".jj" / "repo"
    for part in ("store/git/objects", "store/git/refs", "op_heads", "workspace_store"):
        (repo / part).mkdir(parents=True)
    for name, text in (
        ("type", "git"),
        ("git_target", "git"),
        ("git/HEAD", "ref: x\n"),
        ("git/config", "\n"),
    ):
        (repo / "store" / name).write_text(text)
    state = {"spaces": {}, "bookmarks": ["known"], "log": str(world.home / "jj.log")}
    (repo / "standin.json").write_text(json.dumps(state))
    return path


def state_of(shop: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((shop / ".jj" / "repo" / "standin.json").read_text())
    return found


def on(world: World, path: Path, name: str) -> Path:
    """`contenant --worktree NAME -- true`; where it ran."""
    run(RunRequest(path, ("true",), worktree=name), world.ui)
    return path.parent / "shop.worktrees" / name


def spec_of(world: World, path: Path) -> ContainerSpec:
    (spec,) = [s for s in world.engine.specs.values() if any(m.source == str(path) for m in s.mounts)]
    return spec


def cleaned(world: World, path: Path) -> dict[str, tuple[str, str]]:
    request = CleanRequest((Target(path),), force=True)
    done = clean.apply(clean.plan(request, world.ui), request, world.ui)
    return {outcome.verdict.kind: (outcome.result, outcome.detail) for outcome in done}


def test_one_is_made_and_used_again(world: World, shop: Path) -> None:
    place = on(world, shop, "feat/x")
    assert (place / ".jj" / "repo").read_text() == f"{shop}/.jj/repo", "as it is the same in the container"
    assert state_of(shop)["begun"] == []
    assert on(world, shop, "feat/x") == place
    assert [event.kind for event in world.events()].count("worktree.made") == 1
    on(world, place, "known")
    assert state_of(shop)["begun"] == ["-r", 'bookmarks(exact:"known")']
    assert (shop.parent / "shop.worktrees" / "known").is_dir(), (
        "beside the main one, not beside the workspace"
    )


def test_its_repository_is_mounted_where_it_is_recorded(world: World, shop: Path) -> None:
    place, repo = on(world, shop, "b"), f"{shop}/.jj/repo"
    mounts = {mount.target: (mount.source, mount.read_only) for mount in spec_of(world, place).mounts}
    assert mounts[repo] == (repo, False)
    for path in ("workspace_store", "store/git_target", "store/type", "store/git/config"):
        assert mounts[f"{repo}/{path}"] == (f"{repo}/{path}", True), path
    assert mounts["/project/.jj/repo"] == (f"{place}/.jj/repo", True)
    assert str(shop) not in {source for source, _ in mounts.values()}
    assert any(repo in line and "writable" in line for line in world.ui.said)


def test_what_changes_in_the_repository_is_noticed(world: World, shop: Path) -> None:
    place = on(world, shop, "b")
    with Ledger() as ledger:
        view = ledger.snapshot()
        assert view is not None
        (container,) = view.containers()
        assert wayback._beside(container) == ("", f"{shop}/.jj/repo")
        wayback.begin(container, "s1", str(place))
        (shop / ".jj" / "repo" / "config.toml").write_text("[git]\nexecutable-path = 'evil'\n")
        (shop / ".jj" / "repo" / "store" / "git" / "config").write_text("[core]\n\tsshCommand = evil\n")
        (shop / ".jj" / "repo" / "store" / "git_target").write_text("/project/evil")
        wayback.end(ledger, container, "s1", str(place), world.ui)
    said = " ".join(world.ui.said)
    for path in (
        "config.toml appeared: jj",
        "store/git/config changed: it makes git",
        "git_target changed: jj",
    ):
        assert path in said, path


def test_a_workspace_of_the_users_own_is_mounted_only_when_asked(world: World, shop: Path) -> None:
    own = shop.parent / "own"
    (own / ".jj").mkdir(parents=True)
    (own / ".jj" / "repo").write_text(f"{shop}/.jj/repo")
    run(RunRequest(own, ("true",)), world.ui)
    assert any("jj does not work in this container" in line for line in world.ui.said)
    with pytest.raises(ConfigError, match="lists no workspace at"):
        run(RunRequest(own, ("true",), worktree_metadata=True, recreate=True), world.ui)
    state = state_of(shop)
    (shop / ".jj" / "repo" / "workspace_store" / "index").write_bytes(b"\n\x13\n\x03own\x12\x0c../../../own")
    run(RunRequest(own, ("true",), worktree_metadata=True, recreate=True), world.ui)
    assert f"{shop}/.jj/repo" in {mount.target for mount in spec_of(world, own).mounts}
    assert state_of(shop) == state, "jj is not asked for it"
    assert list(cleaned(world, own)) == ["container"], "and never offered for removal"


def test_a_repository_shared_with_git_comes_along(world: World, shop: Path) -> None:
    """A workspace of a colocated repository: the git repository lies beside jj's."""
    git = shop / ".git"
    (shop / ".jj" / "repo" / "store" / "git").rename(git)
    (shop / ".jj" / "repo" / "store" / "git_target").write_text("../../../.git")
    (git / "worktrees").mkdir()
    own = shop.parent / "own"
    (own / ".jj").mkdir(parents=True)
    (own / ".jj" / "repo").write_text(f"{shop}/.jj/repo")
    (shop / ".jj" / "repo" / "workspace_store" / "index").write_bytes(b"\n\x13\n\x03own\x12\x0c../../../own")
    run(RunRequest(own, ("true",), worktree_metadata=True), world.ui)
    mounts = {mount.target: mount.read_only for mount in spec_of(world, own).mounts}
    assert (mounts[str(git)], mounts[f"{git}/config"], mounts[f"{git}/worktrees"]) == (False, True, True)
    with Ledger() as ledger:
        view = ledger.snapshot()
        assert view is not None
        assert wayback._beside(view.containers()[0]) == (str(git), f"{shop}/.jj/repo")
    assert worktree.find(str(own), own.stat().st_uid) == (str(shop), str(git), False), "git's worktrees there"


def prove(path: Path, owner: int | None = None) -> None:
    uid = path.stat().st_uid if owner is None else owner
    jjdir.linked(str(path), uid, config.forbidden_sources(os.environ))


def test_what_a_link_may_not_name(world: World, shop: Path) -> None:
    place = on(world, shop, "b")
    prove(place)
    with pytest.raises(ConfigError, match="somebody else"):
        prove(place, 12345)
    link = world.home / "link"
    link.symlink_to(shop)
    for text in (f"{link}/.jj/repo", "/etc/.jj/repo", "../../../shop/.jj/repo", "", "x" * 2000):
        (place / ".jj" / "repo").write_text(text)
        with pytest.raises(ConfigError, match="cannot be given"):
            prove(place)
    (place / ".jj" / "repo").write_text(f"{shop}/.jj/repo")
    (shop / ".jj" / "repo" / "store" / "git_target").write_text("/srv/other/.git")
    with pytest.raises(ConfigError, match="not the main workspace's own"):
        prove(place)
    (place / ".jj").rename(place / "jj")
    (place / ".jj").symlink_to("jj")
    with pytest.raises(ConfigError, match="is a link"):
        prove(place)


@pytest.mark.parametrize("name", ["-b", "a b", "../x", "a/.b", 'x" | all()', ""])
def test_what_is_no_name(world: World, shop: Path, name: str) -> None:
    with pytest.raises(UsageError, match="not a name for a workspace"):
        worktree.enter(RunRequest(shop), name, world.ui)
    assert not (shop.parent / "shop.worktrees").exists()


def test_where_it_cannot_be_made(world: World, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="default is not at"):
        on(world, shop, "default")
    (shop.parent / "shop.worktrees" / "b").mkdir(parents=True)
    with pytest.raises(UsageError, match="no workspace called b"):
        on(world, shop, "b")
    (shop / ".jj" / "repo" / "config.toml").write_text("")
    with pytest.raises(ConfigError, match="an agent could have written"):
        on(world, shop, "c")
    monkeypatch.setenv("PATH", str(world.home))
    with pytest.raises(ConfigError, match="jj is not on this machine") as caught:
        on(world, shop, "c")
    assert "install jj" in caught.value.hint


def test_one_whose_directory_was_taken_away_is_made_again(world: World, shop: Path) -> None:
    place = on(world, shop, "b")
    place.rename(place.with_name("gone"))
    world.clean(force=True)
    assert on(world, shop, "b") == place
    assert (place / ".jj" / "repo").exists()


def test_one_that_holds_nothing_goes_with_its_container(world: World, shop: Path) -> None:
    place = on(world, shop, "deep/b")
    done = cleaned(world, place)
    assert done["worktree"][0] == "removed"
    assert "its changes stay in the repository" in done["worktree"][1]
    assert not (shop.parent / "shop.worktrees").exists()
    assert state_of(shop)["spaces"] == {}
    asked = (world.home / "jj.log").read_text()
    assert 'snapshot.auto-track="none()"' in asked
    assert 'fsmonitor.backend="none"' in asked


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda place: (place / "changed").touch(), "not empty"),
        (lambda place: (place / "unpushed").touch(), "in no remote and below no other"),
        (lambda place: (place / "status").write_text("Untracked paths:\n? x\n"), "untracked"),
        (
            lambda place: (place / "status").write_text(
                "The working copy has no changes.\nUntracked paths:\n"
            ),
            "untracked",
        ),
        (lambda place: (place / "status").write_text("Die Arbeitskopie ist leer.\n"), "not empty"),
        (lambda place: (place / ".jj" / "repo").write_text("/etc/.jj/repo"), "not known"),
        (lambda place: None, "jj is not on this machine"),
    ],
)
def test_one_that_holds_something_stays(
    world: World, shop: Path, spoil: Callable[[Path], object], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = on(world, shop, "b")
    if "not on this machine" in reason:
        monkeypatch.setenv("PATH", str(world.home))
    else:
        spoil(place)
    done = cleaned(world, place)
    assert done["worktree"][0] == "kept", done
    assert reason in done["worktree"][1]
    assert (place / ".jj" / "repo").exists()
    assert state_of(shop)["spaces"] == {"b": str(place)}
