"""`contenant auth`: a secret goes in unseen and never comes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contenant.cli.auth_status import FIELDS
from contenant.credentials.values import fingerprint
from tests.cli.conftest import Run
from tests.cli.test_clean import on_terminal

TOKEN = "sk-ant-oat01-" + "planted" * 12
ARGV = [sys.executable, "-m", "contenant", "auth", "login"]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CLAUDE_CONFIG_DIR", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.chdir(tmp_path)


def login(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(ARGV, input=text, capture_output=True, text=True, check=False)


def sources(run: Run) -> dict[str, dict[str, object]]:
    return {row["source"]: row for row in json.loads(run("auth", "status", "--json").out)}


def test_login_from_a_pipe_then_status_then_logout(run: Run) -> None:
    assert run("auth", "status").code == 1
    done = login(f"{TOKEN}\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert TOKEN not in done.stderr
    assert fingerprint(TOKEN) in done.stderr
    row = sources(run)["file"]
    assert tuple(row) == tuple(FIELDS)
    assert (row["next"], row["fingerprint"], row["sessions"]) == (True, fingerprint(TOKEN), [])
    shown = run("auth", "status")
    assert shown.code == 0
    assert "file*" in shown.out
    assert TOKEN not in shown.out + shown.err
    gone = run("auth", "logout")
    assert (gone.code, gone.out) == (0, "")
    assert fingerprint(TOKEN) in gone.err
    assert run("auth", "logout").err == "contenant: nothing was kept\n"
    assert "file" not in sources(run)


@pytest.mark.parametrize("text", ["", "\n", "hello\n", "sk-ant-ort01-refresh-aaaaaaaaaaaa\n", "\xff" * 9])
def test_what_is_no_token_is_refused_without_being_repeated(text: str) -> None:
    done = login(text)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 2
    assert "refresh-aaaa" not in done.stderr


def test_a_token_is_no_argument(run: Run) -> None:
    result = run("auth", "login", TOKEN)
    assert result.code == 2
    assert sources(run)["store"]["kind"] == ""


@pytest.mark.parametrize("pasted", [TOKEN, f"{TOKEN[:60]}\n{TOKEN[60:]}", f"  {TOKEN}  "])
def test_a_paste_on_the_terminal_is_not_shown(run: Run, pasted: str) -> None:
    shown, code = on_terminal(ARGV, "nothing is shown", pasted + "\n")
    assert code == 0, shown
    assert TOKEN[:20] not in shown
    assert TOKEN[-20:] not in shown
    assert sources(run)["file"]["fingerprint"] == fingerprint(TOKEN)


def test_nothing_is_asked_for_before_it_is_hidden() -> None:
    """Slowly, so that a gap between the question and the silence would be seen."""
    code = (
        "import sys, termios; from contenant.cli import auth_login as login, ui\n"
        "def note(self, text):\n"
        "    hidden = not termios.tcgetattr(0)[3] & termios.ECHO\n"
        "    print('nothing is shown' if hidden else 'it would be seen', flush=True)\n"
        "ui.TerminalUi.note = note\n"
        "sys.argv = ['contenant', 'auth', 'login']\n"
        "from contenant.cli.entry import main; main()"
    )
    told, _ = on_terminal([sys.executable, "-c", code], "shown", "no token\n")
    assert "nothing is shown" in told
    assert "it would be seen" not in told


def test_the_terminal_shows_what_is_typed_again_afterwards() -> None:
    script = f"{' '.join(ARGV)}; stty -a | grep -o -- '-\\?echo\\b'"
    shown, _ = on_terminal(["sh", "-c", script], "nothing is shown", "no token\n")
    assert shown.split()[-1] == "echo"


def test_an_expired_one_makes_status_fail(run: Run, tmp_path: Path) -> None:
    claude = tmp_path / "home" / ".claude"
    claude.mkdir()
    oauth = {"accessToken": TOKEN, "refreshToken": "sk-ant-ort01-secret", "expiresAt": 1000}
    (claude / ".credentials.json").write_text(json.dumps({"claudeAiOauth": oauth}))
    result = run("auth", "status")
    assert result.code == 1
    assert "expired at 1970" in result.out
    assert "sk-ant" not in result.out + result.err


def test_a_fingerprint_is_checked(run: Run) -> None:
    assert run("history", "--credential", "0123456789ab").code == 0
    for wrong in ("0123", TOKEN, "0123456789AB"):
        result = run("history", "--credential", wrong)
        assert result.code == 2
    login(TOKEN)
    rows = json.loads(run("history", "--json", "--credential", fingerprint(TOKEN)).out)
    assert [row["kind"] for row in rows] == ["credential.stored"]
    assert rows[0]["summary"] == f"{fingerprint(TOKEN)}, oauth, file"
    assert os.environ["CONTENANT_HOME"]
