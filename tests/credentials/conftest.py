"""A machine of its own for each test: home, state, `security`, keyring, clock."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import keyring
import pytest

from contenant.credentials.sources import Host

STANDINS = Path(__file__).parents[1] / "standins"
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ACCESS = "sk-ant-oat01-access-AAAABBBBCCCCDDDDEEEE"
REFRESH = "sk-ant-ort01-refresh-FFFFGGGGHHHHIIIIJJJJ"
SETUP = "sk-ant-oat01-setup-KKKKLLLLMMMMNNNNOOOO"
API_KEY = "sk-ant-api03-PPPPQQQQRRRRSSSSTTTTUUUU"


def claude_json(ends: timedelta = timedelta(hours=5), **changed: Any) -> str:
    """What Claude Code keeps after a login."""
    found = {
        "accessToken": ACCESS,
        "refreshToken": REFRESH,
        "expiresAt": int((NOW + ends).timestamp() * 1000),
        "scopes": ["user:inference", "user:profile"],
        "subscriptionType": "max",
        "rateLimitTier": "default_claude_max_5x",
    }
    return json.dumps({"claudeAiOauth": found | changed, "mcpOAuth": {"secret": "mcp-secret"}})


class Machine:
    """The host of a test and what is on it."""

    def __init__(self, home: Path, tools: Path) -> None:
        self.home, self.tools, self.log = home, tools, tools / "security.log"
        self.host = Host({"USER": "me"}, str(home), "linux", "me")
        self.items: dict[str, str] = {}
        self.set_keychain("ok")

    def set_keychain(self, mode: str, **items: str) -> None:
        data = {"items": {f"Claude Code-credentials\t{who}": text for who, text in items.items()}}
        (self.tools / "security.json").write_text(json.dumps(data | {"mode": mode, "log": str(self.log)}))

    def mac(self, **env: str) -> Host:
        return self.host._replace(platform="darwin", env={**self.host.env, **env})

    def write_claude_file(self, text: str) -> Path:
        path = self.home / ".claude" / ".credentials.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    home, tools = tmp_path / "home", tmp_path / "tools"
    home.mkdir()
    tools.mkdir()
    shutil.copy(STANDINS / "security" / "security", tools / "security")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CONTENANT_HOME", str(tmp_path / "contenant"))
    monkeypatch.setenv("PATH", f"{tools}:/usr/local/bin:/usr/bin:/bin")
    return Machine(home, tools)


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's real keyring is out of reach of every test."""
    before = keyring.get_keyring()
    from keyring.backends.fail import Keyring

    keyring.set_keyring(Keyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def use_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Put a stand-in backend, by class name, behind the real library; returns the file it keeps things in."""
    monkeypatch.syspath_prepend(str(STANDINS / "keyring"))
    monkeypatch.setenv("STANDIN_KEYRING", str(tmp_path / "keyring.json"))

    import standin_keyring

    standin_keyring.Hanging.released.clear()

    def use(name: str) -> Path:
        keyring.set_keyring(getattr(standin_keyring, name)())
        return tmp_path / "keyring.json"

    yield use
    standin_keyring.Hanging.released.set()
