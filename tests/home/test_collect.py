"""What is carried of the user's directory: links, secrets, giants, and the word about what is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contenant.core.settings import CUSTOMISATIONS
from contenant.home import customisations as module
from contenant.home.customisations import collect
from contenant.home.readonly import mirror

from .conftest import write


def names(claude_dir: Path) -> set[str]:
    return set(collect(claude_dir, CUSTOMISATIONS).files)


def notes(claude_dir: Path) -> str:
    return "\n".join(collect(claude_dir, CUSTOMISATIONS).notes)


def test_a_directory_of_dotfiles(claude_dir: Path, tmp_path: Path) -> None:
    """The user's own links, of a part, an item or a file, are followed wherever they lead."""
    dotfiles = tmp_path / "dotfiles"
    write(dotfiles / "CLAUDE.md", "mine\n")
    write(dotfiles / "skills" / "deploy" / "SKILL.md")
    write(dotfiles / "workflows" / "w.js")
    (claude_dir / "CLAUDE.md").unlink()
    (claude_dir / "CLAUDE.md").symlink_to(dotfiles / "CLAUDE.md")
    (claude_dir / "skills" / "deploy").symlink_to(dotfiles / "skills" / "deploy")
    (claude_dir / "workflows").symlink_to(dotfiles / "workflows")
    assert {"CLAUDE.md", "skills/deploy/SKILL.md", "workflows/w.js"} <= names(claude_dir)
    assert notes(claude_dir) == ""


def test_links_that_lead_nowhere(claude_dir: Path) -> None:
    (claude_dir / "themes").symlink_to("/nowhere")
    (claude_dir / "skills" / "lost").symlink_to("/nowhere")
    (claude_dir / "skills" / "review" / "lost.md").symlink_to("lost too")
    told = notes(claude_dir)
    for name in ("themes", "skills/lost", "skills/review/lost.md"):
        assert f"{name} stays on the host: it is a link that leads nowhere" in told or f"{name} stays" in told
    assert "skills/review/SKILL.md" in names(claude_dir)


def test_a_link_inside_an_item_leads_nowhere_else(claude_dir: Path, tmp_path: Path) -> None:
    """A skill from somebody else cannot fetch a file of the host's."""
    write(tmp_path / "private.txt", "private")
    review = claude_dir / "skills" / "review"
    (review / "notes.txt").symlink_to(tmp_path / "private.txt")
    (review / "all").symlink_to(tmp_path)
    (review / "self.md").symlink_to("SKILL.md")
    found = names(claude_dir)
    assert "skills/review/self.md" in found
    assert not {name for name in found if name.startswith(("skills/review/notes", "skills/review/all"))}
    assert "leads out of its folder" in notes(claude_dir)


def test_a_link_to_where_secrets_are(claude_dir: Path, tmp_path: Path) -> None:
    write(tmp_path / "user" / ".ssh" / "config")
    (claude_dir / "skills" / "handy").symlink_to(tmp_path / "user" / ".ssh")
    (claude_dir / "rules" / "handy.md").symlink_to(tmp_path / "user" / ".ssh" / "config")
    assert "handy" not in " ".join(names(claude_dir))
    assert notes(claude_dir).count("where secrets are kept") == 2


def test_loops_end(claude_dir: Path) -> None:
    review = claude_dir / "skills" / "review"
    (review / "again").symlink_to(".")
    (review / "sub").mkdir()
    (review / "sub" / "up").symlink_to("..")
    (claude_dir / "rules" / "me").symlink_to("me")
    assert {name for name in names(claude_dir) if name.startswith("skills/review")} == {
        "skills/review/SKILL.md", "skills/review/run.sh",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["id_rsa", "id_ed25519.pub", "server.pem", "tls.KEY", ".env", ".env.local", ".netrc", "credentials.json",
     ".credentials.json", "secrets.yaml", "my-service-account.json", "store.p12", "x.tfstate", ".npmrc"],
)  # fmt: skip
def test_names_of_secrets(claude_dir: Path, name: str) -> None:
    write(claude_dir / "skills" / "review" / name)
    assert f"skills/review/{name}" not in names(claude_dir)
    assert f"skills/review/{name} stays on the host" in notes(claude_dir)


@pytest.mark.parametrize(
    "name", [".env.example", "keys.md", "monkey", "environment.md", "id.md", "secret-santa.md"]
)
def test_names_that_are_none(claude_dir: Path, name: str) -> None:
    write(claude_dir / "skills" / "review" / name)
    assert f"skills/review/{name}" in names(claude_dir)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", True),
        ("-----BEGIN PRIVATE KEY-----\n", True),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n", True),
        ("key = sk-ant-api03-" + "a" * 24, True),
        ("sk-ant-oat01-" + "A" * 40, True),
        ("ghp_" + "a" * 36, True),
        ("AKIA" + "A" * 16, True),
        ("-----BEGIN PUBLIC KEY-----\n", False),
        ("set it to sk-ant-...", False),
        ("ghp_short", False),
    ],
)
def test_what_looks_like_a_secret(claude_dir: Path, tmp_path: Path, text: str, refused: bool) -> None:
    write(claude_dir / "rules" / "deploy.md", f"some text\n{text}\n")
    done = mirror(tmp_path / "host", collect(claude_dir, CUSTOMISATIONS).files, {})
    assert ("rules/deploy.md" not in done.names) is refused
    assert (tmp_path / "host" / "rules" / "deploy.md").exists() is not refused
    assert bool(done.notes) is refused
    if refused:
        assert text not in " ".join(done.notes)


def test_a_file_that_gets_a_secret_is_taken_away(claude_dir: Path, tmp_path: Path) -> None:
    mirror(tmp_path / "host", collect(claude_dir, CUSTOMISATIONS).files, {})
    write(claude_dir / "rules" / "python.md", "ghp_" + "b" * 36)
    mirror(tmp_path / "host", collect(claude_dir, CUSTOMISATIONS).files, {})
    assert not (tmp_path / "host" / "rules").exists()


def test_giants(claude_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILE", 1000)
    monkeypatch.setattr(module, "MAX_ITEM_BYTES", 3000)
    monkeypatch.setattr(module, "MAX_ITEM_FILES", 10)
    write(claude_dir / "rules" / "long.md", "x" * 1001)
    for number in range(4):
        write(claude_dir / "skills" / "heavy" / f"{number}.md", "x" * 900)
    for number in range(11):
        write(claude_dir / "skills" / "many" / f"{number}.md")
    found, told = names(claude_dir), notes(claude_dir)
    assert not {name for name in found if "long" in name or "heavy" in name or "many" in name}
    assert "skills/review/SKILL.md" in found
    assert all(
        f"{name} stays on the host" in told for name in ("rules/long.md", "skills/heavy", "skills/many")
    )


def test_together_too_much(claude_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 3)
    found = collect(claude_dir, CUSTOMISATIONS)
    assert len(found.files) <= 3
    assert "together" in " ".join(found.notes)


def test_what_is_neither_file_nor_directory(claude_dir: Path) -> None:
    os.mkfifo(claude_dir / "rules" / "pipe")
    os.mkfifo(claude_dir / "skills" / "review" / "pipe")
    assert notes(claude_dir).count("neither a file nor a directory") == 2


def test_leftovers_of_tools_are_skipped_without_a_word(claude_dir: Path) -> None:
    for name in (".git/config", "node_modules/x/index.js", "__pycache__/x.pyc", ".DS_Store"):
        write(claude_dir / "skills" / "review" / name)
    assert notes(claude_dir) == ""
    assert {name for name in names(claude_dir) if name.startswith("skills/")} == {
        "skills/review/SKILL.md", "skills/review/run.sh",
    }  # fmt: skip


def test_plugins_as_a_seed(claude_dir: Path) -> None:
    plugins = claude_dir / "plugins"
    for name in (
        "known_marketplaces.json", "installed_plugins.json", "cache/m/p/1.0/SKILL.md", "cache/m/.npmrc",
        "marketplaces/m/.claude-plugin/marketplace.json", "marketplaces/m/.git/config", "repos/x",
        "blocklist.json",
    ):  # fmt: skip
        write(plugins / name)
    assert {name for name in names(claude_dir) if name.startswith("plugins/")} == {
        "plugins/known_marketplaces.json", "plugins/installed_plugins.json", "plugins/cache/m/p/1.0/SKILL.md",
        "plugins/marketplaces/m/.claude-plugin/marketplace.json",
    }  # fmt: skip


def test_imports(claude_dir: Path, tmp_path: Path) -> None:
    text = "@docs/style.md @~/.claude/RTK.md\n- @deep/a/b.md\nme@example.test @../out.md @~/notes.md"
    more = "@/etc/passwd @projects/other/t.jsonl @history.jsonl @.credentials.json @settings.json @gone.md"
    write(claude_dir / "CLAUDE.md", f"{text}\n{more}\n")
    for name in ("RTK.md", "deep/a/b.md", "deep/a/c.md"):
        write(claude_dir / name)
    write(tmp_path / "user" / "out.md")
    write(tmp_path / "user" / "notes.md")
    imported = names(claude_dir) - {
        name for name in names(claude_dir) if name.partition("/")[0] in CUSTOMISATIONS
    }
    assert imported == {"docs/style.md", "RTK.md", "deep/a/b.md"}
