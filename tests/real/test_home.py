"""The agent's home on real engines: what stays with a project, what comes from the user, and what goes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contenant.core.names import container_name
from tests.real.conftest import Contenant

pytestmark = pytest.mark.real
LOGIN = '{"claudeAiOauth": {"accessToken": "sk-ant-oat01-of-this-project-only"}}'
WRITE = f"""
mkdir -p "$CLAUDE_CONFIG_DIR/projects/-project"
echo '{{}}' >"$CLAUDE_CONFIG_DIR/projects/-project/talk.jsonl"
echo '{LOGIN}' >"$CLAUDE_CONFIG_DIR/.credentials.json"
ssh -o BatchMode=yes -o StrictHostKeyChecking=no -G there | grep -i ^userknownhostsfile
echo 'there ssh-ed25519 AAAA' >>"$CLAUDE_CONFIG_DIR/ssh/known_hosts"
"""
READ = 'cd "$CLAUDE_CONFIG_DIR" && cat projects/-project/talk.jsonl .credentials.json ssh/known_hosts'


@pytest.fixture
def user(contenant: Contenant, tmp_path: Path) -> Iterator[Path]:
    """A home with a git identity."""
    before, home = dict(contenant.env), tmp_path / "me"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n")
    given = {"HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor", "TZ": "Asia/Tokyo"}
    contenant.env = {**before, **given}
    yield home
    contenant.env = before


def test_what_the_agent_keeps_outlives_its_container_until_it_is_purged(
    contenant: Contenant, user: Path, project: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    home = contenant.home / "state" / "homes" / container_name(str(project))
    told = contenant.ok("--", "bash", "-c", WRITE, cwd=project)
    assert told.split() == ["userknownhostsfile", "/var/lib/claude/ssh/known_hosts"]
    assert [(path.stat().st_mode & 0o777) for path in (home, home / "agent")] == [0o700, 0o700]
    contenant.ok("clean", "--yes", ".", cwd=project)
    kept = contenant.ok("--", "bash", "-c", READ, cwd=project)
    assert kept.splitlines() == ["{}", LOGIN, "there ssh-ed25519 AAAA"]
    assert contenant("--", "bash", "-c", READ, cwd=other).returncode != 0, "it is no other project's"
    rows = json.loads(contenant("auth", "status", "--json", cwd=project).stdout)
    assert [row["source"] for row in rows if row["next"]] == ["login"]
    assert not (user / ".claude").exists(), "a login inside is none of the host's"
    contenant.ok("clean", "--yes", "--purge", ".", cwd=project)
    assert not home.exists()
    assert contenant("--", "bash", "-c", READ, cwd=project).returncode != 0


def test_the_users_ways_come_along(contenant: Contenant, user: Path, project: Path) -> None:
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    script = (
        "git config user.name; git config user.email; git status --porcelain; date +%Z;"
        ' echo "$TERM $COLORTERM $LANG"; jj config get user.email'
    )
    done = contenant("--", "bash", "-c", script, cwd=project)
    assert done.returncode == 0, done.stderr
    lines = ["Ada Lovelace", "ada@example.org", "?? hello.txt", "JST"]
    assert done.stdout.splitlines()[:4] == lines
    assert done.stdout.splitlines()[-1] == "ada@example.org"
    assert user.is_dir()
