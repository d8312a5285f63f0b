"""Worktrees: made and used again, proven from both ends before they are mounted, removed without a loss."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant import config, gitdir
from contenant.app import clean, metadata, recreate, wayback, worktree
from contenant.app.ledger import Ledger
from contenant.app.project import Target
from contenant.app.results import CleanRequest, RunRequest
from contenant.app.run import run
from contenant.core.records import ContainerRecord
from contenant.core.values import ContainerSpec
from contenant.core.worktree import Metadata
from contenant.errors import ConfigError, NotFoundError, UsageError
from contenant.scan import scan
from tests.app.world import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(monkeypatch)
    monkeypatch.setenv("HOME", str(made.home))
    yield made
    made.close()


def git(place: Path, *words: str) -> str:
    who = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    names = [f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    env = os.environ | who | dict.fromkeys(names, "t@example.com")
    return subprocess.run(
        ["git", "-C", str(place), *words], env=env, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def shop(world: World) -> Path:
    """A repository with a commit."""
    path = world.project("shop")
    git(path, "init", "-q", "-b", "main")
    (path / "hello.txt").write_text("hello\n")
    git(path, "add", ".")
    git(path, "commit", "-qm", "first")
    return path


def on(world: World, path: Path, branch: str, **more: bool) -> Path:
    """`contenant --worktree BRANCH -- true`; where it ran."""
    run(RunRequest(path, ("true",), worktree=branch, **more), world.ui)
    return path.parent / f"{path.name}.worktrees" / branch


def spec_of(world: World, path: Path) -> ContainerSpec:
    (spec,) = [
        spec
        for spec in world.engine.specs.values()
        if any(mount.source == str(path) for mount in spec.mounts)
    ]
    return spec


def planned(world: World, path: Path) -> tuple[str, str]:
    request = CleanRequest((Target(path),), force=True)
    (verdict,) = [v for v in clean.plan(request, world.ui) if v.kind == "worktree"]
    return verdict.action, verdict.reason


def cleaned(world: World, path: Path) -> list[tuple[str, str]]:
    request = CleanRequest((Target(path),), force=True)
    done = clean.apply(clean.plan(request, world.ui), request, world.ui)
    return [(outcome.verdict.kind, outcome.result) for outcome in done]


def test_a_worktree_is_made_and_used_again(world: World, shop: Path) -> None:
    place = on(world, shop, "feature/login")
    assert git(place, "branch", "--show-current") == "feature/login"
    assert [row.project for row in world.list().rows] == [str(place)]
    assert on(world, shop, "feature/login") == place
    assert [event.kind for event in world.events()].count("worktree.made") == 1
    on(world, place, "other")
    assert (shop.parent / "shop.worktrees" / "other").is_dir(), "beside the main one, not beside the worktree"


def test_its_repository_is_mounted_where_it_is_recorded(world: World, shop: Path) -> None:
    place, common = on(world, shop, "b"), f"{shop}/.git"
    mounts = {mount.target: (mount.source, mount.read_only) for mount in spec_of(world, place).mounts}
    assert mounts["/project"] == (str(place), False)
    assert mounts[common] == (common, False)
    assert mounts[f"{common}/worktrees"] == (f"{common}/worktrees", True)
    assert mounts[f"{common}/worktrees/b"] == (f"{common}/worktrees/b", False)
    for path in ("hooks", "info", "config", "worktrees/b/commondir", "worktrees/b/gitdir"):
        assert mounts[f"{common}/{path}"] == (f"{common}/{path}", True), path
    assert mounts["/project/.git"] == (f"{place}/.git", True)
    assert not [source for source, _ in mounts.values() if source == str(shop)]
    pointer = Path(common, "worktrees/b/gitdir")
    assert pointer.stat().st_mtime > time.time() + 86400, "no git in the container writes its own path there"


def test_it_is_known_by_its_record_as_well(world: World, shop: Path) -> None:
    """A container that is made later, without --worktree, is given the repository, too."""
    place = on(world, shop, "b")
    (place / "left.txt").write_text("so that it stays")
    world.clean(force=True)
    run(RunRequest(place, ("true",)), world.ui)
    assert f"{shop}/.git" in {mount.target for mount in spec_of(world, place).mounts}


def test_one_that_is_behind_is_made_anew_with_its_repository(
    world: World, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = on(world, shop, "b")
    before = spec_of(world, place).mounts
    world.engine.add_image("contenant:2-000000000000")
    for module in ("contenant.app.recreate", "contenant.app.desired"):
        monkeypatch.setattr(f"{module}.kept_image", lambda settings: "contenant:2-000000000000")
    with Ledger() as ledger:
        (moved,) = recreate.recreate_idle(ledger, config.load(None, {}, {}), world.ui)
    assert (moved.project, moved.result) == (str(place), "recreated")
    made = spec_of(world, place)
    assert (made.image, made.mounts) == ("contenant:2-000000000000", before)


@pytest.mark.parametrize("branch", ["-b", "a b", "a..b", "", "../x", "a/.b", "x.lock"])
def test_what_is_no_branch(world: World, shop: Path, branch: str) -> None:
    with pytest.raises(UsageError):
        worktree.enter(RunRequest(shop), branch, world.ui)
    assert not (shop.parent / "shop.worktrees").exists()


def test_a_branch_that_is_checked_out_elsewhere_is_said(world: World, shop: Path) -> None:
    with pytest.raises(UsageError, match=f"main is checked out at {shop}"):
        on(world, shop, "main")
    own = shop.parent / "own"
    git(shop, "worktree", "add", "-q", "-b", "mine", str(own))
    with pytest.raises(UsageError, match=r"mine is checked out at .*own") as caught:
        on(world, shop, "mine")
    assert caught.value.exit_code == 2
    assert "contenant run" in caught.value.hint


def test_a_project_that_poses_as_another_repository_gets_nothing_of_it(world: World, shop: Path) -> None:
    link = world.project("link")
    (link / ".git").symlink_to(shop / ".git")
    posing = world.project("posing") / ".git"
    posing.mkdir()
    for name in ("HEAD", "config"):
        (posing / name).write_bytes((shop / ".git" / name).read_bytes())
    (posing / "objects").mkdir()
    (posing / "refs").mkdir()
    (posing / "commondir").write_text(f"{shop}/.git\n")
    for evil in (link, posing.parent):
        with pytest.raises(ConfigError, match="no worktree is made"):
            on(world, evil, "b")
    assert not git(shop, "branch", "--list", "b")
    place = on(world, shop, "b")
    (shop / ".git" / "commondir").write_text("/tmp\n")
    with pytest.raises(ConfigError, match="commondir names another"):
        run(RunRequest(place, ("true",)), world.ui)


def test_a_repository_that_could_not_be_mounted_gets_no_worktree(world: World) -> None:
    inner = world.home / "state" / "cache" / "repository"
    inner.mkdir(parents=True)
    git(inner, "init", "-q", "-b", "main")
    git(inner, "commit", "-q", "--allow-empty", "-m", "first")
    with pytest.raises(ConfigError, match=r"no worktree is made of .*contenant's own directory"):
        on(world, inner, "b")
    assert not git(inner, "branch", "--list", "b")


def test_something_else_in_its_place_is_left_alone(world: World, shop: Path) -> None:
    (shop.parent / "shop.worktrees" / "b").mkdir(parents=True)
    with pytest.raises(UsageError, match="no worktree of b"):
        on(world, shop, "b")


def test_where_there_is_no_repository(world: World) -> None:
    with pytest.raises(UsageError, match="no git repository"):
        on(world, world.project("plain"), "b")
    empty = world.project("empty")
    git(empty, "init", "-q")
    with pytest.raises(UsageError, match="no commit yet"):
        on(world, empty, "b")


def test_one_whose_directory_was_taken_away_is_made_again(world: World, shop: Path) -> None:
    place = on(world, shop, "b")
    cleaned_away = place.with_name("gone")
    place.rename(cleaned_away)
    world.clean(force=True)
    assert on(world, shop, "b") == place
    assert (place / "hello.txt").exists()


def test_the_repositorys_own_programs_are_not_run(world: World, shop: Path) -> None:
    """An agent that could write its configuration gets nothing run on the host."""
    ran = world.home / "ran"
    evil = f"sh -c 'echo $0 >>{ran}; cat'"
    (shop / ".gitattributes").write_text("* filter=evil\n*.b filter=a=b\n")
    (shop / "x.b").write_text("x\n")
    git(shop, "add", ".")
    git(shop, "commit", "-qm", "attributes")
    for key in ("filter.evil.smudge", "filter.evil.clean", "filter.evil.process", "filter.a=b.smudge"):
        with (shop / ".git" / "config").open("a") as file:
            file.write(
                f'[filter "{key.split(".")[1]}"]\n\t{key.split(".")[2]} = "{evil}"\n\trequired = true\n'
            )
    with (shop / ".git" / "config").open("a") as file:
        file.write(f'[core]\n\tfsmonitor = "{evil}"\n\thooksPath = {shop}/evil\n')
    (shop / "evil").mkdir()
    for hook in ("post-checkout", "reference-transaction"):
        (shop / "evil" / hook).write_text(f"#!/bin/sh\necho hook >>{ran}\n")
        (shop / "evil" / hook).chmod(0o755)
    place = on(world, shop, "b")
    assert (place / "x.b").read_text() == "x\n"
    assert any("filter.evil.smudge" in line for line in world.ui.said)
    planned(world, place)
    cleaned(world, place)
    assert not ran.exists()


# What may be removed.


def test_one_that_holds_nothing_goes_with_its_container(world: World, shop: Path) -> None:
    place = on(world, shop, "deep/b")
    assert planned(world, place)[0] == "remove"
    assert place.is_dir(), "a plan changes nothing"
    assert cleaned(world, place) == [("container", "removed"), ("worktree", "removed")]
    assert not (shop.parent / "shop.worktrees").exists()
    assert git(shop, "branch", "--list", "deep/b"), "the branch stays"
    assert not (shop / ".git" / "worktrees").exists() or not os.listdir(shop / ".git" / "worktrees")
    assert world.events()[-1].kind == "worktree.removed"
    with pytest.raises(NotFoundError):
        planned(world, place)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda place: (place / "hello.txt").write_text("other"), "1 file is uncommitted"),
        (lambda place: (place / "new.txt").write_text("other"), "1 file is uncommitted"),
        (lambda place: git(place, "rm", "-q", "hello.txt"), "1 file is uncommitted"),
        (lambda place: git(place, "commit", "-q", "--allow-empty", "-m", "more"), "no remote and no other"),
        (lambda place: git(place, "update-index", "--skip-worktree", "hello.txt"), "overlook"),
        (lambda place: git(place, "update-index", "--assume-unchanged", "hello.txt"), "overlook"),
        (lambda place: (place / ".git").write_text("gitdir: /etc\n"), "not known"),
    ],
)
def test_one_that_holds_something_stays(world: World, shop: Path, spoil: object, reason: str) -> None:
    place = on(world, shop, "b")
    spoil(place)  # type: ignore[operator]  # a function
    action, why = planned(world, place)
    assert (action, reason in why) == ("keep", True), why
    assert ("worktree", "kept") in cleaned(world, place)
    assert (place / ".git").exists()
    assert planned(world, place)[0] == "keep", "and is still known once its container is gone"


def test_a_detached_head_and_what_is_unfinished(world: World, shop: Path) -> None:
    place = on(world, shop, "b")
    git(place, "checkout", "-q", "--detach")
    git(place, "commit", "-q", "--allow-empty", "-m", "more")
    assert "detached HEAD has commits" in planned(world, place)[1]
    git(place, "branch", "keeps")
    assert planned(world, place)[0] == "remove"
    (shop / ".git" / "worktrees" / "b" / "MERGE_HEAD").write_text("x")
    assert "unfinished" in planned(world, place)[1]


def test_what_is_pushed_or_ignored_may_go(world: World, shop: Path) -> None:
    place = on(world, shop, "b")
    (place / ".gitignore").write_text("built\n")
    git(place, "add", ".")
    git(place, "commit", "-qm", "more")
    (place / "built").write_text("x")
    assert planned(world, place)[0] == "keep"
    git(shop, "update-ref", "refs/remotes/origin/b", "b")
    action, reason = planned(world, place)
    assert (action, "1 ignored entry goes with it" in reason) == ("remove", True)


def test_one_that_is_changed_after_the_plan_stays(world: World, shop: Path) -> None:
    place = on(world, shop, "b")
    request = CleanRequest((Target(place),), force=True)
    plan = clean.plan(request, world.ui)
    (place / "new.txt").write_text("x")
    results = {done.verdict.kind: done.result for done in clean.apply(plan, request, world.ui)}
    assert results == {"container": "removed", "worktree": "kept"}


def test_one_with_another_container_stays(world: World, shop: Path) -> None:
    place = on(world, shop, "b")
    run(RunRequest(place, ("true",), variant="review"), world.ui)
    request = CleanRequest((Target(place, "review"),), force=True)
    (verdict,) = [v for v in clean.plan(request, world.ui) if v.kind == "worktree"]
    assert (verdict.action, "stays" in verdict.reason) == ("keep", True)


def test_a_worktree_of_the_users_own_is_never_offered(world: World, shop: Path) -> None:
    own = shop.parent / "own"
    git(shop, "worktree", "add", "-q", "-b", "own", str(own))
    run(RunRequest(own, ("true",), worktree_metadata=True), world.ui)
    assert f"{shop}/.git" in {mount.target for mount in spec_of(world, own).mounts}
    assert [kind for kind, _ in cleaned(world, own)] == ["container"]
    assert own.is_dir()


# What may be mounted.


def test_a_worktree_of_the_users_own_is_mounted_only_when_asked(world: World, shop: Path) -> None:
    own = shop.parent / "own"
    git(shop, "worktree", "add", "-q", "-b", "own", str(own))
    run(RunRequest(own, ("true",)), world.ui)
    assert not [mount for mount in spec_of(world, own).mounts if mount.source.startswith(f"{shop}/")]
    assert any("--worktree-metadata" in line for line in world.ui.said)
    (own / ".contenant.toml").write_text("worktree_metadata = true\n")
    run(RunRequest(own, ("true",), recreate=True), world.ui)
    assert not [mount for mount in spec_of(world, own).mounts if mount.source.startswith(f"{shop}/")]


def prove(path: Path, owner: int | None = None) -> Metadata:
    uid = path.stat().st_uid if owner is None else owner
    return gitdir.linked(str(path), uid, config.forbidden_sources(os.environ))


def test_both_ends_are_proven(world: World, shop: Path) -> None:
    own, other = shop.parent / "own", shop.parent / "other"
    for place in (own, other):
        git(shop, "worktree", "add", "-q", str(place))
    assert prove(own) == (f"{shop}/.git", f"{shop}/.git/worktrees/own")
    with pytest.raises(ConfigError, match="somebody else"):
        prove(own, 12345)
    stolen = f"gitdir: {shop}/.git/worktrees/other\n"
    secret = world.home / ".ssh" / "worktrees" / "x"
    secret.mkdir(parents=True)
    link = world.home / "link"
    link.symlink_to(shop / ".git")
    for text in (
        stolen,
        "gitdir: ../shop/.git/worktrees/own\n",
        f"gitdir: {shop}/.git/worktrees/../worktrees/own\n",
        f"gitdir: {shop}/.git\n",
        f"gitdir: {secret}\n",
        f"gitdir: {link}/worktrees/own\n",
        "gitdir: /etc/worktrees/x\n",
        f"gitdir: {shop}/.git/worktrees/own\nmore\n",
        "",
        "x" * 20000,
    ):
        (own / ".git").write_text(text)
        with pytest.raises(ConfigError):
            prove(own)
    (own / ".git").unlink()
    (own / ".git").symlink_to(other / ".git")
    with pytest.raises(ConfigError):
        prove(own)


def test_a_worktree_that_names_a_repository_in_contenants_own_state(world: World, shop: Path) -> None:
    inner = world.home / "state" / "state" / "repository"
    inner.parent.mkdir(parents=True)
    subprocess.run(["cp", "-a", str(shop), str(inner)], check=True)
    own = shop.parent / "own"
    git(inner, "worktree", "add", "-q", str(own))
    with pytest.raises(ConfigError, match="contenant's own directory"):
        prove(own)


def test_a_lying_commondir_is_refused(world: World, shop: Path) -> None:
    own = shop.parent / "own"
    git(shop, "worktree", "add", "-q", str(own))
    (shop / ".git" / "worktrees" / "own" / "commondir").write_text(f"{world.home}\n")
    with pytest.raises(ConfigError, match="names another repository"):
        prove(own)


def test_what_changes_in_the_repository_is_noticed(world: World, shop: Path) -> None:
    place = on(world, shop, "b")
    with Ledger() as ledger:
        view = ledger.snapshot()
        assert view is not None
        (container,) = view.containers()
        assert wayback._beside(container) == (f"{shop}/.git", "")
        assert wayback._beside(ContainerRecord(*container)._replace(spec="{}")) == ("", "")
        assert metadata.made(ledger, str(place))
        wayback.begin(container, "s1", str(place))
        (shop / ".git" / "commondir").write_text("/tmp/evil\n")
        (shop / ".git" / "worktrees" / "b" / "config.worktree").write_text("[core]\n\tpager = evil\n")
        (shop / ".git" / "hooks" / "pre-commit").write_text("evil")
        wayback.end(ledger, container, "s1", str(place), world.ui)
    said = "\n".join(world.ui.said)
    for path in ("commondir", "worktrees/b/config.worktree", "hooks/pre-commit"):
        assert f"{shop}/.git/{path} appeared" in said
    assert scan(place).entries.keys() < scan(place, f"{shop}/.git").entries.keys()
