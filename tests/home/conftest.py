"""A user with a Claude Code directory, and a home of the agent's that is not there yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from contenant.core.settings import CUSTOMISATIONS
from contenant.home import Identity, Wanted

SETTINGS = '{"model": "opus", "hooks": {"Stop": []}, "env": {"TOKEN": "x"}, "theme": "dark"}'


def write(path: Path, text: str = "text\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def claude_dir(tmp_path: Path) -> Path:
    """What a user has: a file of each kind, and what is private to the host."""
    base = tmp_path / "user" / ".claude"
    write(base / "CLAUDE.md", "Be brief. @docs/style.md\n")
    write(base / "docs" / "style.md", "style\n")
    write(base / "rules" / "python.md")
    write(base / "commands" / "team" / "deploy.md")
    write(base / "skills" / "review" / "SKILL.md")
    write(base / "skills" / "review" / "run.sh").chmod(0o755)
    write(base / "agents" / "critic.md")
    write(base / "output-styles" / "terse.md")
    write(base / "keybindings.json", "{}")
    write(base / "settings.json", SETTINGS)
    write(base / ".credentials.json", '{"claudeAiOauth": {"accessToken": "sk-ant-oat01-' + "x" * 30 + '"}}')
    write(base / "history.jsonl", "private\n")
    write(base / "projects" / "other" / "t.jsonl", "private\n")
    return base


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "homes" / "contenant-shop-1234"


@pytest.fixture
def wanted(claude_dir: Path) -> Wanted:
    import os

    me = Identity("Ada", "ada@example.test")
    return Wanted(claude_dir, CUSTOMISATIONS, "/project", me, (os.getuid(), os.getgid()))
