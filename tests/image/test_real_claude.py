"""Real turns of the real agent in a real container; only the service it talks to is a stand-in."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contenant.core.values import Mount
from tests.image.containers import Box, Screen, new_id
from tests.standins import messages_api
from tests.standins.authority import make_authority
from tests.standins.messages_api import OAUTH_BETA

pytestmark = pytest.mark.real

TOKEN, KEY = "sk-ant-oat01-test", "sk-ant-api03-test"
# What the agent asks for besides a turn, and can do without.
OPTIONAL = {"/api/claude_code/settings", "/api/claude_code/policy_limits", "/api/hello"}
DIALOGS = ("trust", "theme", "custom API key", "I accept", "auto mode", "Select", "MCP server", "Update")


class Api:
    """The stand-in, running in the container it serves."""

    def __init__(self, box: Box, folder: Path) -> None:
        self.box = box
        self._log = folder / "log" / "requests.jsonl"
        script = "echo 127.0.0.1 api.anthropic.com platform.claude.com >>/etc/hosts; ip route flush default"
        assert box.execute("sh", "-c", script).code == 0
        words = ["python3", "/standin/messages_api.py", "--certificate", "/standin/server.crt"]
        words += ["--key", "/standin/server.key", "--log", "/standin-log/requests.jsonl"]
        words += ["--token", TOKEN, "--token", KEY]
        self._process = subprocess.Popen(box.argv(*words), stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []

    def close(self) -> None:
        with self._process:  # closes the pipe
            self._process.kill()

    def claude(self, *words: str, **env: str) -> tuple[int, str, str]:
        return self.box.run("claude", *words, stdin="", **self.env(env))

    def screen(self, **env: str) -> Screen:
        env = {"TERM": "xterm-256color", "COLORTERM": "truecolor"} | self.env(env)
        return self.box.screen("attach", new_id(), "--", "claude", **env)

    @staticmethod
    def env(env: dict[str, str]) -> dict[str, str]:
        return {"NODE_EXTRA_CA_CERTS": "/standin/ca.crt", **(env or {"CLAUDE_CODE_OAUTH_TOKEN": TOKEN})}


@pytest.fixture
def api(quiet_box: Callable[..., Box], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("standin")
    make_authority(folder)
    shutil.copy(messages_api.__file__, folder)
    (folder / "log").mkdir()
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    mounts = (Mount(str(folder), "/standin", True), Mount(str(folder / "log"), "/standin-log"))
    made = Api(quiet_box(*mounts, CONTENANT_KEEP="1"), folder)
    yield made
    made.close()


def test_a_turn_with_an_oauth_token(api: Api) -> None:
    assert api.claude("-p", "say hi") == (0, "Hi from the stand-in.\n", "")
    turns = [request for request in api.requests() if request["path"] == "/v1/messages"]
    assert turns
    assert all(request["status"] == 200 for request in turns)
    assert OAUTH_BETA in turns[-1]["headers"]["anthropic-beta"]
    assert turns[-1]["headers"]["authorization"] == f"Bearer {TOKEN}"
    others = {request["path"] for request in api.requests()} - {"/v1/messages", "/v1/messages/count_tokens"}
    assert others <= OPTIONAL, "the agent is set up to ask for nothing else"
    assert {request["host"] for request in api.requests()} == {"api.anthropic.com"}


def test_a_turn_with_an_api_key(api: Api) -> None:
    assert api.claude("-p", "say hi", ANTHROPIC_API_KEY=KEY) == (0, "Hi from the stand-in.\n", "")


def test_a_refused_credential_is_the_agents_failure(api: Api) -> None:
    code, out, _ = api.claude("-p", "say hi", CLAUDE_CODE_OAUTH_TOKEN="sk-ant-oat01-wrong")
    assert code == 1
    assert "401" in out


def test_the_agent_may_work_in_the_project(api: Api) -> None:
    code, _, _ = api.claude("-p", "use bash: id -u >/project/who; git init -q /project/made")
    assert code == 0
    assert (api.box.project / "who").read_text() == "1000\n"
    assert (api.box.project / "made/.git").is_dir()
    assert (api.box.project / "who").stat().st_uid == 1000


def test_a_hostile_project_cannot_redirect_the_credential(api: Api) -> None:
    settings = api.box.project / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}}))
    assert api.claude("-p", "say hi")[:2] == (0, "Hi from the stand-in.\n")


def test_the_first_start_reaches_the_prompt_without_a_dialog(api: Api) -> None:
    project = api.box.project
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    (project / "CLAUDE.md").write_text("@/etc/hostname\n")
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"x": {"command": "true"}}}))
    assert api.box.execute("chown", "-R", "1000:1000", "/project").code == 0
    screen = api.screen()
    shown = screen.wait_for("bypass permissions on", 60)
    assert not [word for word in DIALOGS if word in shown]
    screen.type("say hi")
    screen.wait_for("say hi")
    screen.type("\r")
    screen.wait_for("Hi from the stand-in.", 60)
    assert "\x1b]0;Gi=" not in screen.raw, "no question about graphics in the terminal's title"
    screen.type("/exit\r")
    assert screen.end(30) == 0


def test_ctrl_z_does_not_lose_the_agent(api: Api) -> None:
    screen = api.screen()
    screen.wait_for("bypass permissions on", 60)
    screen.type("\x1a")
    screen.wait_for("suspended")
    screen.wait_for("bypass permissions on", 60)
    screen.type("still here")
    screen.wait_for("still here")
    screen.type("\x15/exit\r")
    assert screen.end(30) == 0
