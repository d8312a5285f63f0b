"""The stand-in of the Messages API is strict: what is asked wrongly is refused in the service's words."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standins.authority import make_authority
from tests.standins.messages_api import API_HOST, LOGIN_HOST, Api, Authority, Rules, serve

TOKEN, KEY = "sk-ant-oat01-good", "sk-ant-api03-good"
BODY: dict[str, Any] = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "say hi"}]}
HEADERS = {"content-type": "application/json", "anthropic-version": "2023-06-01", "x-api-key": KEY}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def api(authority: Authority) -> Iterator[Api]:
    with serve(Rules(frozenset({TOKEN, KEY}), "Hello."), authority, ("127.0.0.1", 0)) as server:
        yield server


class Client:
    """Asks over TLS, checking the certificate for the name it believes it talks to."""

    def __init__(self, api: Api, authority: Authority) -> None:
        self._port = api.server_address[1]
        self._context = ssl.create_default_context(cafile=str(authority.ca))

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        host: str = API_HOST,
    ) -> tuple[int, str]:
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._context, timeout=10)
        connection._http_vsn = 11  # type: ignore[attr-defined]  # keep-alive as real clients do
        plain = connection._create_connection  # type: ignore[attr-defined]  # no look-up of the name
        connection._create_connection = lambda _address, *rest: plain(("127.0.0.1", self._port), *rest)  # type: ignore[attr-defined]
        connection.host = host
        data = body if isinstance(body, str) or body is None else json.dumps(body)
        connection.request(method, path, data, {"host": host, **(HEADERS if headers is None else headers)})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def refused(self, *args: Any, **options: Any) -> tuple[int, str]:
        """The status and the message of an error of Anthropic's shape."""
        status, text = self.ask(*args, **options)
        error = json.loads(text)
        assert error["type"] == "error"
        assert set(error["error"]) == {"type", "message"}
        return status, error["error"]["message"]


@pytest.fixture
def client(api: Api, authority: Authority) -> Client:
    return Client(api, authority)


def test_a_whole_reply(client: Client, api: Api) -> None:
    status, text = client.ask("POST", "/v1/messages?beta=true", BODY)
    reply = json.loads(text)
    assert status == 200
    assert reply["content"] == [{"type": "text", "text": "Hello."}]
    assert (reply["role"], reply["stop_reason"], reply["model"]) == ("assistant", "end_turn", "m")
    assert api.seen[-1].body == BODY
    assert (api.seen[-1].path, api.seen[-1].status) == ("/v1/messages", 200)


def test_a_streamed_reply(client: Client) -> None:
    status, text = client.ask("POST", "/v1/messages", BODY | {"stream": True})
    events = [
        json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")
    ]
    kinds = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    assert status == 200
    assert kinds == [event["type"] for event in events]
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")
    assert (
        "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
        == "Hello."
    )


def test_an_oauth_token_needs_its_beta_header(client: Client) -> None:
    headers = {**HEADERS, "authorization": f"Bearer {TOKEN}"}
    del headers["x-api-key"]
    assert client.refused("POST", "/v1/messages", BODY, headers)[0] == 401
    headers["anthropic-beta"] = "claude-code-20250219,oauth-2025-04-20"
    assert client.ask("POST", "/v1/messages", BODY, headers)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": ""},
        {"x-api-key": "sk-ant-api03-wrong"},
        {"x-api-key": TOKEN},
        {"x-api-key": "", "authorization": "Bearer wrong", "anthropic-beta": "oauth-2025-04-20"},
        {"x-api-key": "", "authorization": f"Basic {TOKEN}"},
    ],
    ids=str,
)
def test_credentials_are_checked(client: Client, headers: dict[str, str]) -> None:
    assert client.refused("POST", "/v1/messages", BODY, HEADERS | headers)[0] == 401


@pytest.mark.parametrize(
    "headers",
    [{"anthropic-version": ""}, {"anthropic-version": "2020-01-01"}, {"content-type": "text/plain"}],
    ids=str,
)
def test_headers_are_checked(client: Client, headers: dict[str, str]) -> None:
    assert client.refused("POST", "/v1/messages", BODY, HEADERS | headers)[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        BODY | {"model": ""},
        BODY | {"max_tokens": 0},
        BODY | {"max_tokens": "10"},
        BODY | {"messages": []},
        BODY | {"messages": [{"role": "assistant", "content": "x"}]},
        BODY | {"messages": [{"role": "robot", "content": "x"}]},
        BODY | {"messages": [{"role": "user", "content": ""}]},
        BODY | {"messages": [{"role": "user", "content": [{"type": "hologram"}]}]},
        BODY | {"unknown": 1},
    ],
    ids=str,
)
def test_bodies_are_checked(client: Client, body: Any) -> None:
    assert client.refused("POST", "/v1/messages", body)[0] == 400


@pytest.mark.parametrize(
    ("method", "path", "host"),
    [
        ("GET", "/v1/messages", API_HOST),
        ("POST", "/v1/files", API_HOST),
        ("GET", "/api/claude_code/settings", API_HOST),
        ("POST", "/v1/messages", LOGIN_HOST),
        ("GET", "/api/hello", LOGIN_HOST),
    ],
)
def test_nothing_else_is_there(client: Client, method: str, path: str, host: str) -> None:
    status, text = client.refused(method, path, BODY if method == "POST" else None, host=host)
    assert status == 404
    assert path in text


def test_the_small_endpoints(client: Client) -> None:
    assert client.ask("GET", "/api/hello")[0] == 200
    assert client.ask("HEAD", "/api/hello") == (200, "")
    assert client.ask("GET", "/v1/oauth/hello", host=LOGIN_HOST)[0] == 200
    counted = {key: value for key, value in BODY.items() if key != "max_tokens"}
    assert json.loads(client.ask("POST", "/v1/messages/count_tokens", counted)[1]) == {"input_tokens": 10}


def test_bash_is_called_when_asked_for(client: Client) -> None:
    asked = BODY | {"messages": [{"role": "user", "content": "use bash: id -u"}], "tools": [{"name": "Bash"}]}
    reply = json.loads(client.ask("POST", "/v1/messages", asked)[1])
    assert reply["stop_reason"] == "tool_use"
    assert reply["content"][0]["input"]["command"] == "id -u"
    without = json.loads(client.ask("POST", "/v1/messages", asked | {"tools": []})[1])
    assert without["stop_reason"] == "end_turn"


def test_another_authority_is_not_believed(api: Api, tmp_path: Path) -> None:
    stranger = Client(api, make_authority(tmp_path))
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.ask("GET", "/api/hello")
