"""What a `.git` file may say, and which mounts follow from it, without a disk."""

from __future__ import annotations

import pytest

from contenant.core.values import Mount
from contenant.core.worktree import (
    Listed,
    common_in,
    metadata_of,
    mounts,
    parse_link,
    parse_list,
    shields,
)

OWN = "/srv/shop/.git/worktrees/b"
FOUND = metadata_of(OWN)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_link(end: str) -> None:
    assert parse_link(f"gitdir: {OWN}{end}") == OWN
    assert FOUND == ("/srv/shop/.git", OWN)


@pytest.mark.parametrize(
    "text",
    [
        *("", "\n", OWN, f"gitdir:{OWN}", f"gitdir: {OWN}\nx", f"gitdir: {OWN}\x1b", "gitdir: worktrees/b"),
        *(
            "gitdir: ../.git/worktrees/b",
            f"gitdir: {OWN}/",
            "gitdir: /srv/./worktrees/b",
            "gitdir: /srv/.git",
        ),
        *("gitdir: /srv/worktrees", "gitdir: //srv/worktrees/../b"),
    ],
)
def test_what_is_no_link(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_link(text)


def test_others_worktrees_are_read_only_and_the_own_one_is_not() -> None:
    """Also where the source is another mount of the common directory."""
    assert mounts(FOUND, "/state/git") == (
        Mount("/state/git", "/srv/shop/.git"),
        Mount("/state/git/worktrees", "/srv/shop/.git/worktrees", read_only=True),
        Mount("/state/git/worktrees/b", OWN),
    )


@pytest.mark.parametrize(
    ("mode", "engine", "wanted"),
    [
        ("strict", "podman", ["hooks", "config"]),
        ("strict", "container", ["hooks"]),
        ("warn", "container", ["hooks"]),
        ("warn", "docker", ["hooks", "config"]),
        ("off", "podman", []),
    ],
)
def test_shields(mode: str, engine: str, wanted: list[str]) -> None:
    found = shields(FOUND, FOUND.common, ["hooks"], ["config"], mode, engine)  # type: ignore[arg-type]
    assert [mount.target.removeprefix("/srv/shop/.git/") for mount in found] == wanted
    assert all(mount.read_only for mount in found)


def test_a_containers_repository_is_found_in_its_record() -> None:
    recorded = [mount._asdict() for mount in mounts(FOUND, FOUND.common)]
    plain = [
        Mount("/srv/shop", "/project")._asdict(),
        Mount("/a", "/data/worktrees", read_only=True)._asdict(),
    ]
    assert common_in([*plain, *recorded]) == "/srv/shop/.git"
    assert common_in(plain) == ""


def test_the_list_of_worktrees() -> None:
    text = (
        "worktree /srv/shop\0HEAD 1\0branch refs/heads/main\0\0"
        "worktree /srv/with\nnewline\0HEAD 2\0detached\0locked why\0\0"
        "worktree /srv/bare\0bare\0\0"
    )
    assert list(parse_list(text)) == [
        Listed("/srv/shop", "main", bare=False, locked=False),
        Listed("/srv/with\nnewline", "", bare=False, locked=True),
        Listed("/srv/bare", "", bare=True, locked=False),
    ]
