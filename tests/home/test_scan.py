"""The way back to the host: what is planted is found, what is ordinary work is not, and looking is safe."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant import scan as module
from contenant.core import protect
from contenant.core.protect import Entry, Finding, Snapshot, compare, effective_mode, shields
from contenant.scan import existing_shields, scan

from .conftest import write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "shop"
    path.mkdir()
    git(path, "init", "-q")
    write(path / "src" / "main.py")
    return path


def git(project: Path, *argv: str) -> None:
    subprocess.run(
        ["git", "-C", str(project), "-c", "user.name=x", "-c", "user.email=x@x.test", *argv],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip


def after(project: Path, before: Snapshot) -> dict[str, Finding]:
    return {finding.path: finding for finding in compare(before, scan(project))}


def test_ordinary_work_is_no_finding(project: Path) -> None:
    before = scan(project)
    write(project / "src" / "more.py")
    write(project / "package.json", "{}")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "x")
    git(project, "checkout", "-q", "-b", "other")
    assert after(project, before) == {}


@pytest.mark.parametrize(
    "path",
    [
        ".git/hooks/pre-commit", ".git/info/attributes", ".git/config.worktree", ".git/commondir",
        ".gitmodules", ".claude/settings.json", ".claude/settings.local.json", ".claude/hooks/start.sh",
        ".mcp.json", ".envrc",
        ".vscode/tasks.json", ".idea/workspace.xml", ".devcontainer/devcontainer.json", ".devcontainer.json",
        ".husky/pre-commit", ".cargo/config", ".cargo/config.toml", ".npmrc", ".pre-commit-config.yaml",
        ".bashrc", ".mise.toml", "gradle/wrapper/gradle-wrapper.properties", ".yarn/releases/yarn.cjs",
        "packages/web/.envrc", "packages/web/.vscode/settings.json", "packages/.mcp.json",
        ".config/git/config/x",
    ],
)  # fmt: skip
def test_what_is_planted_is_found(project: Path, path: str) -> None:
    (project / "packages" / "web").mkdir(parents=True)
    before = scan(project)
    write(project / path, "one")
    found = after(project, before)[path]
    assert (found.happened, found.level) == ("appeared", "danger")
    assert path in found.text()
    second = scan(project)
    write(project / path, "two")
    assert after(project, second)[path].happened == "changed"
    third = scan(project)
    (project / path).unlink()
    assert (after(project, third)[path].happened, after(project, third)[path].level) == ("removed", "note")


@pytest.mark.parametrize("path", [".claude/skills/x/SKILL.md", "CLAUDE.md", "AGENTS.md", ".contenant.toml"])
def test_instructions_are_worth_a_note(project: Path, path: str) -> None:
    before = scan(project)
    write(project / path)
    assert after(project, before)[path].level == "note"


def test_a_mode_that_makes_a_hook_run(project: Path) -> None:
    hook = write(project / ".git" / "hooks" / "pre-push")
    before = scan(project)
    hook.chmod(0o755)
    assert after(project, before)[".git/hooks/pre-push"].happened == "changed"


def test_gits_configuration(project: Path) -> None:
    before = scan(project)
    git(project, "remote", "add", "origin", "https://example.test/x.git")
    assert after(project, before)[".git/config"].level == "note"
    before = scan(project)
    git(project, "config", "core.fsmonitor", "touch /tmp/owned")
    found = after(project, before)[".git/config"]
    assert found.level == "danger"
    assert "core.fsmonitor" in found.why
    before = scan(project)
    git(project, "config", "core.bare", "false")
    assert (
        ".git/config" not in after(project, before) or after(project, before)[".git/config"].level == "note"
    )
    before = scan(project)
    git(project, "config", "core.fsmonitor", "touch /tmp/owned-more")
    assert after(project, before)[".git/config"].level == "danger"


def test_hooks_that_were_moved(project: Path) -> None:
    git(project, "config", "core.hooksPath", "tools/hooks")
    write(project / "tools" / "hooks" / "pre-commit")
    before = scan(project)
    write(project / "tools" / "hooks" / "pre-commit", "evil")
    assert after(project, before)["tools/hooks/pre-commit"].level == "danger"


def test_submodules_worktrees_and_nested_repositories(project: Path, tmp_path: Path) -> None:
    for path in (".git/modules/lib", ".git/modules/deep/er", ".git/worktrees/side"):
        write(project / path / "HEAD")
        write(project / path / "config", "[core]\n")
    (project / "vendored").mkdir()
    git(project / "vendored", "init", "-q")
    git(project, "init", "-q", "--bare", "fixtures/repo.git")
    before = scan(project)
    planted = [f"{path}/hooks/post-checkout" for path in (".git/modules/lib", ".git/modules/deep/er")]
    planted += [
        ".git/worktrees/side/commondir",
        "vendored/.git/hooks/pre-commit",
        "fixtures/repo.git/hooks/x",
    ]
    for path in planted:
        write(project / path)
    with (project / "fixtures/repo.git/config").open("a") as file:
        file.write("[core]\n\tfsmonitor = x\n")
    found = after(project, before)
    assert set(found) == {*planted, "fixtures/repo.git/config"}
    assert {finding.level for finding in found.values()} == {"danger"}


def test_a_worktrees_gitdir_file(tmp_path: Path, project: Path) -> None:
    """`.git` is a file that names a directory outside: noticed when it changes, never followed."""
    write(project / "x")
    git(project, "add", "x")
    git(project, "commit", "-q", "-m", "x")
    git(project, "worktree", "add", "-q", str(tmp_path / "side"))
    side = tmp_path / "side"
    before = scan(side)
    assert set(before.entries) == {".git"}
    write(side / ".git", "gitdir: evil\n")
    assert after(side, before)[".git"].level == "danger"


def test_links_are_noticed_and_never_followed(project: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside" / "tasks.json", "private")
    write(tmp_path / "outside" / "hooks" / "pre-commit", "private")
    before = scan(project)
    (project / ".vscode").symlink_to(tmp_path / "outside")
    (project / ".envrc").symlink_to("/dev/zero")
    (project / "sub").symlink_to(tmp_path / "outside")
    os.rename(project / ".git", tmp_path / "moved")
    (project / ".git").symlink_to(tmp_path / "moved")
    now = scan(project)
    assert {path for path, entry in now.entries.items() if entry.kind == "link"} == {
        ".vscode",
        ".envrc",
        ".git",
    }
    assert not [path for path in now.entries if path.startswith((".vscode/", "sub", ".git/"))]
    assert "link" in after(project, before)[".vscode"].why


def test_pipes_and_devices_do_not_hold_it_up(project: Path) -> None:
    os.mkfifo(project / ".envrc")
    os.mkfifo(project / ".git" / "hooks" / "pre-commit")
    (project / ".git" / "config").unlink()
    os.mkfifo(project / ".git" / "config")
    started = time.monotonic()
    assert scan(project).entries[".envrc"].kind == "other"
    assert time.monotonic() - started < 5


def test_set_user_id(project: Path) -> None:
    before = scan(project)
    write(project / "tool").chmod(0o4755)
    assert "set-user-id" in after(project, before)["tool"].why


def test_it_is_bounded(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 50)
    monkeypatch.setattr(module, "MAX_FOLDERS", 5)
    for number in range(60):
        write(project / f"d{number:02}" / ".envrc")
    before = scan(project)
    assert len(before.entries) <= 50
    assert before.beyond == (".",)
    for number in range(60):
        write(project / ".vscode" / f"{number}.json")
    found = after(project, before)
    assert found[".vscode"].level == "danger"
    assert len(scan(project).entries) <= 50


def test_the_tail_of_a_large_file_counts(project: Path) -> None:
    large = project / ".envrc"
    large.write_bytes(b"x" * (module.MAX_BYTES + 10))
    os.utime(large, ns=(1, 1))
    before = scan(project)
    large.write_bytes(b"x" * (module.MAX_BYTES + 9) + b"y")
    assert ".envrc" in after(project, before)


def test_a_big_project_is_looked_at_in_no_time(project: Path) -> None:
    for outer in range(60):
        for inner in range(20):
            (project / f"p{outer}" / f"q{inner}" / "r").mkdir(parents=True)
    scan(project)
    started = time.perf_counter()
    scan(project)
    assert time.perf_counter() - started < 0.5


def test_names_that_speak_to_the_terminal(project: Path) -> None:
    before = scan(project)
    write(project / ".vscode" / "a\x1b[31m\nb")
    (found,) = after(project, before).values()
    assert "\x1b" not in found.text() and "\n" not in found.text()


def test_a_project_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        scan(tmp_path / "gone")


def test_shields_are_what_is_there(project: Path) -> None:
    write(project / ".envrc")
    write(project / ".vscode" / "tasks.json")
    (project / ".idea").symlink_to(".vscode")
    write(project / "target.json")
    (project / ".mcp.json").symlink_to("target.json")
    before = sorted(project.rglob("*"))
    directories, files = existing_shields(project)
    assert set(directories) == {".git/hooks", ".vscode"}
    assert set(files) == {".git/config", ".envrc"}
    assert sorted(project.rglob("*")) == before
    assert shields("strict", directories, files, "podman") == (
        ".envrc",
        ".git/config",
        ".git/hooks",
        ".vscode",
    )
    assert shields("strict", directories, files, "container") == (".git/hooks", ".vscode")
    assert shields("warn", directories, files, "podman") == shields("off", directories, files, "docker") == ()


def test_modes() -> None:
    assert effective_mode("auto", "container") == "warn"
    assert effective_mode("auto", "podman") == effective_mode("auto", "docker") == "strict"
    for mode in ("strict", "warn", "off"):
        assert effective_mode(mode, "container") == mode  # type: ignore[arg-type]


entries = st.builds(
    Entry, st.sampled_from(["file", "link", "other"]), st.text("0123456789abcdef", max_size=16),
    st.integers(0, 0o7777), st.lists(st.text(max_size=10), max_size=2).map(tuple),
)  # fmt: skip
snapshots = st.builds(
    Snapshot, st.dictionaries(st.sampled_from([".envrc", ".git/config", "a/.vscode/x", "é"]), entries),
    st.lists(st.text(max_size=5), max_size=2).map(tuple),
)  # fmt: skip


@given(snapshots)
def test_snapshots_survive_as_text(snapshot: Snapshot) -> None:
    assert protect.decode(protect.encode(snapshot)) == snapshot


@given(snapshots, snapshots)
def test_every_difference_is_one_finding(before: Snapshot, now: Snapshot) -> None:
    found = compare(before, now)
    different = {
        p for p in before.entries.keys() | now.entries.keys() if before.entries.get(p) != now.entries.get(p)
    }
    assert {finding.path for finding in found} == different | (set(now.beyond) - set(before.beyond))
    assert compare(now, now) == ()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '{"entries": {"a": 1}, "beyond": []}', '{"entries": 5}']
)
def test_what_is_no_snapshot(text: str) -> None:
    with pytest.raises(ValueError):
        protect.decode(text)
