"""What a workspace's `.jj/repo` may say, and what follows from it, without a disk."""

from __future__ import annotations

import pytest

from contenant.core.jj import (
    Shared,
    candidates,
    is_name,
    parse_link,
    repo_in,
    shared,
    shields,
    workspaces,
)
from contenant.core.values import Mount

REPO = "/srv/shop/.jj/repo"
# As jj 0.46 writes it.
INDEX = b"\n\x10\n\x07default\x12\x05../..\n\x22\n\x03fix\x12\x1b../../../shop.worktrees/fix"


def test_a_link() -> None:
    assert parse_link(REPO) == parse_link(f"{REPO}\n") == REPO


@pytest.mark.parametrize(
    "text",
    ["", "\n", "../../../shop/.jj/repo", "/srv/shop/.jj/../.jj/repo", "/srv/shop", f"{REPO}\x1b", f"{REPO}/"],
)
def test_what_is_no_link(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_link(text)


def test_where_the_commits_are() -> None:
    assert shared(REPO, "git") == Shared(REPO, f"{REPO}/store/git")
    assert not shared(REPO, "git").colocated
    beside = shared(REPO, "../../../.git\n")
    assert (beside.git, beside.colocated, beside.main) == ("/srv/shop/.git", True, "/srv/shop")
    for target in ("../../../../other/.git", "/home/user/.git", "", ".", "../../.git"):
        with pytest.raises(ValueError, match="not the main workspace's own"):
            shared(REPO, target)


def test_which_workspaces_there_are() -> None:
    assert workspaces(INDEX, REPO) == {"default": "/srv/shop", "fix": "/srv/shop.worktrees/fix"}
    assert workspaces(b"", REPO) == {}
    for data in (INDEX[:-1], b"\n", b"\x08\x01", b"\xff" * 9, b"\n\x02\n\x7f"):
        with pytest.raises(ValueError, match="no"):
            workspaces(data, REPO)


@pytest.mark.parametrize("name", ["fix", "feat/login-2", "a.b", "A_1/b"])
def test_a_name(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", "-x", "../x", "a/../b", "a//b", "/a", "a/", 'a"b', "a b", ".hidden", "a\n", "x" * 201]
)
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_what_the_host_obeys_is_shielded() -> None:
    directories, files = candidates(shared(REPO, "../../../.git"))
    assert {f"{REPO}/workspace_store", "/srv/shop/.git/hooks", "/srv/shop/.git/worktrees"} <= set(directories)
    assert {f"{REPO}/store/git_target", f"{REPO}/config.toml", "/srv/shop/.git/config"} <= set(files)
    sources = {REPO: "/state/jj", "/srv/shop/.git": "/state/jj-git"}
    over = shields(sources, ("/srv/shop/.git/hooks",), (f"{REPO}/store/type",), "podman")
    assert over == (
        Mount("/state/jj-git/hooks", "/srv/shop/.git/hooks", read_only=True),
        Mount("/state/jj/store/type", f"{REPO}/store/type", read_only=True),
    )
    assert [mount.target for mount in shields(sources, (), (f"{REPO}/store/type",), "container")] == []


def test_what_is_found_among_mounts() -> None:
    own = [{"target": "/project"}, {"target": "/project/.jj/repo"}]
    assert repo_in(own) == ("", "")
    assert repo_in([*own, {"target": REPO}]) == (REPO, "")
    assert repo_in([*own, {"target": REPO}, {"target": "/srv/shop/.git"}]) == (REPO, "/srv/shop/.git")
