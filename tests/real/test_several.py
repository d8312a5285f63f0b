"""Several containers of one project, and agents on worktrees of one repository, on real engines."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import Contenant

pytestmark = pytest.mark.real
ENGINES = ("podman", "docker", "container-1.2.2")

Jj = Callable[..., str]  # words -> what jj says of the project
COMMITS = 12
COMMIT = f"""set -e
for n in $(seq {COMMITS}); do
    echo "$1 $n" >>"$1.txt"; git add "$1.txt"; git commit -qm "$1 $n"
done
git status --porcelain"""


def git(place: Path, *words: str) -> str:
    """git on the host, as the user's own."""
    who = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    who |= {
        f"GIT_{role}_{what}": "t@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", "-C", str(place), *words], env=os.environ | who, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout.strip()


@pytest.fixture
def identity(contenant: Contenant, tmp_path: Path) -> None:
    """Who commits."""
    place = tmp_path / "gitconfig"
    place.write_text("[user]\n\tname = T\n\temail = t@example.com\n")
    contenant.env["GIT_CONFIG_GLOBAL"] = str(place)
    contenant.env["HOME"] = str(tmp_path)
    (tmp_path / ".gitconfig").write_text(place.read_text())


@pytest.fixture
def repository(project: Path, identity: None) -> Path:
    """The project as a repository with one commit, and a remote beside it that has it."""
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-qm", "first")
    git(project.parent, "init", "-q", "--bare", "remote.git")
    git(project, "remote", "add", "origin", str(project.parent / "remote.git"))
    git(project, "push", "-q", "origin", "main")
    return project


def test_two_containers_of_one_project(contenant: Contenant, project: Path) -> None:
    def keep(*words: str) -> str:
        return contenant.ok(*words, cwd=project, env={"CONTENANT_KEEP_RUNNING": "true"})

    keep("--", "sh", "-c", "echo one >~/mark")
    keep("--name", "review", "--", "sh", "-c", "echo two >~/mark; echo from review >here.txt")
    assert keep("--", "sh", "-c", "cat ~/mark here.txt") == "one\nfrom review\n"
    assert keep("run", ".@review", "--", "sh", "-c", "cat ~/mark") == "two\n"
    rows = contenant.rows(project)
    assert {(row["variant"], row["state"]) for row in rows} == {("", "running"), ("review", "running")}
    assert len({row["name"] for row in rows}) == 2
    assert "shop@review" in contenant.ok("list", cwd=project)
    shown = json.loads(contenant.ok("show", "--name", "review", "--json", cwd=project))["project"]
    assert (shown["variant"], shown["others"]) == ("review", [""])
    contenant.ok("clean", "--name", "review", "--yes", "--force", cwd=project)
    assert [row["variant"] for row in contenant.rows(project)] == [""]
    assert keep("--", "cat", "here.txt") == "from review\n"


def test_five_agents_commit_on_worktrees_of_one_repository(contenant: Contenant, repository: Path) -> None:
    contenant.ok("--worktree", "b0", "--", "true", cwd=repository)
    branches = [f"b{n}" for n in range(5)]
    running = {
        branch: contenant.start("--worktree", branch, "--", "sh", "-c", COMMIT, "sh", branch, cwd=repository)
        for branch in branches
    }
    for branch, process in running.items():
        out, err = process.communicate(timeout=180)
        assert (process.returncode, out) == (0, b""), f"{branch}: {err.decode()}"
    assert "error" not in git(repository, "fsck", "--full", "--strict")
    for branch in branches:
        assert git(repository, "rev-list", "--count", f"main..{branch}") == str(COMMITS)
        place = repository.parent / "shop.worktrees" / branch
        assert git(place, "status", "--porcelain") == ""
        assert (place / f"{branch}.txt").read_text().splitlines()[-1] == f"{branch} {COMMITS}"
        assert not [name for name in os.listdir(place) if name.startswith("b") and name != f"{branch}.txt"]
    rows = {Path(row["project"]).name for row in contenant.rows(repository)}
    assert rows == set(branches)
    _what_is_reachable(contenant, repository)
    _what_is_cleaned(contenant, repository)


def _what_is_reachable(contenant: Contenant, repository: Path) -> None:
    """The repository's metadata but for what the host runs of it, and nothing of the main work tree."""
    common, place = repository / ".git", repository.parent / "shop.worktrees" / "b0"
    pointer = common / "worktrees" / "b0" / "gitdir"
    os.utime(pointer, (time.time() - 3 * 86400,) * 2)
    apple = contenant.engine == "container"
    script = f"""cd /project
    git status --porcelain; git log -1 --format=%s
    test -e {repository}/hello.txt && echo main tree
    for place in hooks/post-checkout info/attributes worktrees/b1/HEAD worktrees/new; do
        sh -c "echo evil >{common}/$place" 2>/dev/null && echo wrote $place
    done
    for place in config worktrees/b0/commondir worktrees/b0/gitdir; do
        sh -c "echo >>{common}/$place" 2>/dev/null && echo wrote $place
        mv {common}/$place {common}/x 2>/dev/null && echo moved $place && mv {common}/x {common}/$place
    done
    true"""
    done = contenant("--worktree", "b0", "--", "sh", "-c", script, cwd=repository)
    lines = done.stdout.splitlines()
    assert lines[0] == f"b0 {COMMITS}", done
    assert (lines[1:] == []) is not apple, "Apple's engine mounts no single files over it"
    if apple:
        assert {line.split()[1] for line in lines[1:]} <= {
            "config",
            "worktrees/b0/commondir",
            "worktrees/b0/gitdir",
        }
        assert "this session left" in done.stderr, "but what changed there is said"
        git(repository, "status")
        pointer.write_text(f"{place}/.git\n")
    assert pointer.read_text() == f"{place}/.git\n", "the container's path did not get in"


def _what_is_cleaned(contenant: Contenant, repository: Path) -> None:
    places = {branch: repository.parent / "shop.worktrees" / branch for branch in ("b0", "b1", "b2")}
    git(places["b1"], "push", "-q", "origin", "b1")
    (places["b2"] / "left.txt").write_text("x")
    git(repository, "push", "-q", "origin", "b2")

    def plan(*words: str) -> dict[str, tuple[str, str]]:
        rows: list[dict[str, Any]] = json.loads(
            contenant("clean", *map(str, places.values()), *words, "--json", "--force", cwd=repository).stdout
        )
        return {
            Path(row["project"]).name: (
                row.get("result") or row["action"],
                row.get("detail") or row["reason"],
            )
            for row in rows
            if row["kind"] == "worktree"
        }

    told = plan("--dry-run")
    assert {branch: what for branch, (what, _) in told.items()} == {
        "b0": "keep",
        "b1": "remove",
        "b2": "keep",
    }
    assert "no remote" in told["b0"][1]
    assert "uncommitted" in told["b2"][1]
    assert {branch: what for branch, (what, _) in plan("--yes").items()} == {
        "b0": "kept",
        "b1": "removed",
        "b2": "kept",
    }
    assert not places["b1"].exists()
    assert places["b0"].is_dir()
    assert git(repository, "rev-list", "--count", "main..b1") == str(COMMITS), "the branch stays"
    assert "worktrees/b1" not in git(repository, "worktree", "list")


def test_a_worktree_of_the_users_own_is_asked_about_and_a_hostile_one_refused(
    contenant: Contenant, repository: Path
) -> None:
    own = repository.parent / "own"
    git(repository, "worktree", "add", "-q", "-b", "own", str(own))
    done = contenant("--", "git", "status", cwd=own)
    assert done.returncode == 128
    assert "--worktree-metadata" in done.stderr
    done = contenant("--worktree-metadata", "--recreate", "--", "git", "log", "-1", "--format=%s", cwd=own)
    assert (done.returncode, done.stdout) == (0, "first\n"), done.stderr
    evil = repository.parent / "evil"
    evil.mkdir()
    for target in (repository / ".git" / "worktrees" / "own", repository.parent, Path("/etc")):
        (evil / ".git").write_text(f"gitdir: {target}\n")
        refused = contenant("--worktree-metadata", "--", "true", cwd=evil)
        assert refused.returncode == 2
        assert "cannot be given to the container" in refused.stderr
    assert not [row for row in contenant.rows(evil) if row["project"] == str(evil)]


@pytest.fixture
def jj(contenant: Contenant, project: Path, identity: None) -> Jj:
    """jj on the host: the image's own, copied out of a container."""
    tools = project.parent / "tools"
    tools.mkdir()
    copy = "cp -r /usr/local/lib/jj lib && cp /usr/local/bin/jj jj.bin"
    contenant.ok("--", "sh", "-c", copy, cwd=tools)
    (loader,) = (tools / "lib").glob("ld-linux*")
    (tools / "jj").write_text(f'#!/bin/sh\nexec {loader} --library-path {tools}/lib {tools}/jj.bin "$@"\n')
    (tools / "jj").chmod(0o755)
    contenant.env["PATH"] = f"{tools}:{contenant.env['PATH']}"

    def call(*words: str) -> str:
        done = subprocess.run(
            ["jj", "--no-pager", "--color=never", "-R", str(project), *words],
            env=contenant.env, cwd=project, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    return call


def test_workspaces_of_jj(contenant: Contenant, project: Path, jj: Jj) -> None:
    """A repository of jj's alone, which git then works in, too."""
    subprocess.run(["jj", "git", "init", "--no-colocate"], cwd=project, env=contenant.env, check=True)
    jj("commit", "-m", "first")
    place, repo = project.parent / "shop.worktrees" / "fix", project / ".jj" / "repo"
    begin = (
        "jj st && jj commit --quiet -m 'from the workspace' && jj log --no-graph -r 'fix@-' -T description"
    )
    (project / "dirty.txt").write_text("the main workspace's own")
    out = contenant.ok("--worktree", "fix", "--", "sh", "-c", f"cat hello.txt >new.txt; {begin}", cwd=project)
    assert out.splitlines()[-1] == "from the workspace"
    assert jj("log", "--no-graph", "-r", "fix@-", "-T", "description") == "from the workspace\n"
    assert not (place / "dirty.txt").exists()
    evil = f"""cd {repo}
    for name in workspace_store/index store/git_target store/git/config /project/.jj/repo config.toml; do
        sh -c "echo >>$name" 2>/dev/null && echo wrote $name
    done
    true"""
    done = contenant("--worktree", "fix", "--", "sh", "-c", evil, cwd=project)
    wrote = done.stdout.split()[1::2]
    assert "workspace_store/index" not in wrote
    assert (wrote == ["config.toml"]) is not (contenant.engine == "container"), "it mounts no single files"
    assert "config.toml appeared: jj on the host obeys it" in done.stderr
    refused = contenant("--worktree", "fix", "--", "true", cwd=project)
    assert (refused.returncode, "an agent could have written" in refused.stderr) == (2, True)
    (repo / "config.toml").unlink()
    (repo / "store" / "git_target").write_text("git")
    (place / ".jj" / "repo").write_text(str(repo))

    def plan(*words: str) -> tuple[str, str]:
        told = contenant("clean", str(place), *words, "--json", "--force", cwd=project).stdout
        (row,) = [row for row in json.loads(told) if row["kind"] == "worktree"]
        return row.get("result") or row["action"], row.get("detail") or row["reason"]

    what, why = plan("--dry-run")
    assert (what, "below no other workspace" in why) == ("keep", True), why
    jj("new", "fix@-")
    (place / "left.txt").write_text("x")
    what, why = plan("--dry-run")
    assert (what, "untracked" in why) == ("keep", True), why
    (place / "left.txt").unlink()
    assert plan("--yes")[0] == "removed"
    assert not place.exists()
    assert jj("workspace", "list", "-T", 'name ++ "\n"') == "default\n"
    assert (project / "new.txt").read_text() == (project / "hello.txt").read_text(), (
        "its change is below the main one"
    )
    jj("git", "colocation", "enable")
    contenant.ok("--worktree", "b", "--", "sh", "-c", COMMIT, "sh", "b", cwd=project)
    assert jj("log", "--no-graph", "-r", "b", "-T", "description") == f"b {COMMITS}\n", (
        "a worktree of git's there"
    )
