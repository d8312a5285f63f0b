"""The real agent through contenant: a turn against a stand-in of the API, and the prompt on a terminal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import LINUX, Contenant, wait_for
from tests.standins import messages_api
from tests.standins.authority import make_authority

pytestmark = pytest.mark.real
ENGINES = (*LINUX, "container-1.2.2")
TOKEN, KEY = "sk-ant-oat01-stand-in-token", "sk-ant-api03-stand-in-key"
PROMPT = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}"
SIGNED_IN = {"CLAUDE_CODE_OAUTH_TOKEN": TOKEN}
DIALOGS = ("trust", "theme", "custom API key", "I accept", "Select", "Update")


class Api:
    """The stand-in, running in the container that it serves: nothing leaves it."""

    def __init__(self, contenant: Contenant, project: Path, folder: Path) -> None:
        self.contenant, self.project, self.folder = contenant, project, folder
        mounts = ("--mount", f"{folder}:/standin:ro", "--mount", f"{folder}/log:/standin-log")
        contenant.ok(*mounts, "--", "true", cwd=project, env={"CONTENANT_KEEP_RUNNING": "true"})
        self.name = contenant.rows(project)[0]["name"]
        hosts = "echo 127.0.0.1 api.anthropic.com platform.claude.com >>/etc/hosts"
        contenant.raw("exec", "--user", "0", self.name, "sh", "-c", hosts)
        words = ["python3", "/standin/messages_api.py", "--certificate", "/standin/server.crt"]
        words += ["--key", "/standin/server.key", "--log", "/standin-log/requests.jsonl"]
        argv = [contenant.engine, "exec", "--user", "0", self.name, *words, "--token", TOKEN, "--token", KEY]
        self._process = subprocess.Popen(argv, env=contenant.env, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def turns(self) -> list[dict[str, Any]]:
        """Requests for a message, in order."""
        log = self.folder / "log" / "requests.jsonl"
        requests = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [request for request in requests if request["path"] == "/v1/messages"]

    def close(self) -> None:
        """End it, and close its pipe."""
        with self._process:
            self._process.kill()


@pytest.fixture
def api(contenant: Contenant, project: Path, tmp_path: Path) -> Iterator[Api]:
    """The stand-in of the model's API, in the container that the agent is in; nothing leaves it."""
    folder = tmp_path / "standin"
    folder.mkdir()
    make_authority(folder)
    shutil.copy(messages_api.__file__, folder)
    (folder / "log").mkdir()
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    (folder / "log").chmod(0o777)
    made = Api(contenant, project, folder)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("variable", "secret", "header", "value"),
    [
        ("CLAUDE_CODE_OAUTH_TOKEN", TOKEN, "authorization", f"Bearer {TOKEN}"),
        ("ANTHROPIC_API_KEY", KEY, "x-api-key", KEY),
    ],
)
def test_a_turn(api: Api, variable: str, secret: str, header: str, value: str) -> None:
    done = api.contenant(
        *("--env", "NODE_EXTRA_CA_CERTS=/standin/ca.crt", "--", "claude", "-p", "say hi"),
        cwd=api.project,
        env={variable: secret},
    )
    assert (done.returncode, done.stdout) == (0, "Hi from the stand-in.\n"), done.stderr
    turns = api.turns()
    assert turns
    assert {turn["status"] for turn in turns} == {200}
    assert {turn["headers"][header] for turn in turns} == {value}
    told = json.dumps(turns[0]["body"])
    assert "/etc/contenant/policy/README" in told, "what the agent is told about its firewall"
    assert "contenant firewall allow NAME --reason" in told
    session = api.contenant.history(api.project, "--kind", "session")[0]["data"]
    assert session["credential"]
    assert secret not in json.dumps(session)


def test_what_a_turn_used_is_on_record_when_it_ended(api: Api) -> None:
    """From the transcript that the real agent wrote; a command that ends at once reads nothing."""
    words = ("--env", "NODE_EXTRA_CA_CERTS=/standin/ca.crt", "--", "claude", "-p", "say hi")
    done = api.contenant(*words, cwd=api.project, env={"ANTHROPIC_API_KEY": KEY})
    assert done.returncode == 0, done.stderr
    recorded = api.contenant.history(api.project, "--kind", "usage")
    assert {event["kind"] for event in recorded} == {"usage.collected"}
    session = api.contenant.history(api.project, "--kind", "session")[0]["subject"]
    rows = json.loads(api.contenant.ok("usage", "--by", "session", "--json", cwd=api.project))
    (mine,) = [row for row in rows if row["key"] == session]
    assert mine["answers"] >= 1
    assert (mine["input_tokens"], mine["output_tokens"]) == (10 * mine["answers"], 5 * mine["answers"])
    models = json.loads(api.contenant.ok("usage", "--by", "model", "--json", cwd=api.project))
    assert {turn["body"]["model"] for turn in api.turns()} >= {row["key"] for row in models}
    assert api.contenant.history(api.project, "--kind", "usage") == recorded


def test_the_agent_begins_at_its_prompt_and_survives_its_terminal(
    contenant: Contenant, project: Path
) -> None:
    screen = Tmux(contenant, project)
    try:
        wait_for(lambda: PROMPT in screen.text(), 60, "the prompt")
        assert not [word for word in DIALOGS if word in screen.text()], screen.text()
        screen.type("a draft")
        wait_for(lambda: "a draft" in screen.text(), 20, "the draft")
        screen.close()
        row = wait_for(
            lambda: [row for row in contenant.rows(project) if row["sessions_live"] == 1], 30, "it lives on"
        )[0]
        assert row["state"] == "running"
        screen = Tmux(contenant, project)
        wait_for(lambda: "a draft" in screen.text(), 60, "the same session")
        screen.type("C-u", "/exit", "Enter")
        wait_for(lambda: contenant.rows(project)[0]["state"] == "stopped", 60, "the end")
    finally:
        screen.close()
    sessions = contenant.history(project, "--kind", "session")
    assert [(s["data"]["how"], s["data"]["exit_code"]) for s in sessions] == [("exited", 0)]


@pytest.mark.parametrize("source", ["flag", "environment", "file", "shell"])
def test_an_api_key_is_not_asked_about(contenant: Contenant, project: Path, source: str) -> None:
    """Wherever it comes from; also where the agent is started from a shell."""
    before, words, given = dict(contenant.env), (), {"ANTHROPIC_API_KEY": KEY}
    if source == "flag":
        words, given = ("--env", f"ANTHROPIC_API_KEY={KEY}"), {}
    elif source == "file":
        contenant.env = {**before, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
        contenant.ok("auth", "login", cwd=project, stdin=KEY)
        given = {}
    elif source == "shell":
        words = ("--", "bash", "-c", "claude")
    screen = Tmux(contenant, project, *words, given=given)
    try:
        wait_for(lambda: PROMPT in screen.text(), 60, "the prompt")
        assert not [word for word in DIALOGS if word in screen.text()], screen.text()
        wait_for(lambda: "API Usage Billing" in screen.text(), 20, screen.text())
        screen.type("/exit", "Enter")
        wait_for(lambda: contenant.rows(project)[0]["state"] == "stopped", 60, "the end")
    finally:
        screen.close()
        contenant.env = before


def test_a_key_in_a_variable_would_be_asked_about(contenant: Contenant, project: Path) -> None:
    """Else the test above could not fail."""
    screen = Tmux(contenant, project, "--", "bash", "-c", f"ANTHROPIC_API_KEY={KEY} claude", given={})
    try:
        wait_for(lambda: "custom API key" in screen.text(), 60, "the dialog")
    finally:
        screen.type("C-c", "C-c")
        screen.close()


class Tmux:
    """contenant on a terminal of its own."""

    def __init__(
        self, contenant: Contenant, project: Path, *words: str, given: Mapping[str, str] = SIGNED_IN
    ) -> None:
        self._socket = f"contenant-{uuid.uuid4().hex[:8]}"
        self._env = {**contenant.env, "TERM": "xterm-256color", **given}
        start = ("new-session", "-d", "-x", "100", "-y", "30", "-c", str(project), "--")
        self._tmux("-f", os.devnull, *start, *contenant.argv(*words))

    def _tmux(self, *words: str) -> str:
        argv = ["tmux", "-L", self._socket, *words]
        done = subprocess.run(argv, env=self._env, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout

    def text(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p")

    def type(self, *keys: str) -> None:
        """Press keys, as tmux names them."""
        for key in keys:
            self._tmux("send-keys", key)

    def kill(self) -> None:
        """End contenant as nothing else does: it gets to do nothing more."""
        os.kill(int(self._tmux("display-message", "-p", "#{pane_pid}")), signal.SIGKILL)

    def close(self) -> None:
        """Close the terminal, as its window's button does."""
        self._tmux("kill-server")
