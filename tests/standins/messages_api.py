"""A strict local stand-in of Anthropic's Messages API: what Claude Code needs for a start and a turn.

Written from the public API reference (headers, bodies, errors, the events of a stream). What is asked wrongly
is refused as the service refuses it, with an error of its shape; every request is kept for assertions.

In a test: `with serve(Rules(...), authority, ("127.0.0.1", 0)) as api: ...; api.seen`.
In a container: `python3 messages_api.py --certificate C --key K --listen 127.0.0.1:443 --log FILE --token T`.
It needs the standard library only. Certificates: `tests.standins.authority`.
"""

from __future__ import annotations

import argparse
import json
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

API_HOST = "api.anthropic.com"
LOGIN_HOST = "platform.claude.com"
VERSION = "2023-06-01"
OAUTH_BETA = "oauth-2025-04-20"
BASH_REQUEST = "use bash: "  # a user's text that begins so is answered with a call of the Bash tool

# Fields of a request body that the API documents, stable and beta.
_FIELDS = frozenset(
    {"model", "messages", "max_tokens", "system", "stream", "temperature", "tools", "tool_choice", "metadata"}
    | {"stop_sequences", "top_p", "top_k", "thinking", "service_tier", "container", "mcp_servers"}
    | {
        "context_management",
        "output_config",
        "output_format",
        "speed",
        "cache_control",
        "diagnostics",
        "fallback",
    }
)
_BLOCKS = frozenset({"text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"})
_STATUS = {"invalid_request_error": 400, "authentication_error": 401, "not_found_error": 404}

Block = dict[str, Any]


class Rules(NamedTuple):
    """Who is let in, and what is said."""

    tokens: frozenset[str] = frozenset()  # OAuth tokens and API keys that are valid
    reply: str = "Hi from the stand-in."


class Authority(NamedTuple):
    """A certificate authority and a server certificate of its making."""

    ca: Path
    certificate: Path
    key: Path


class Seen(NamedTuple):
    """One request."""

    method: str
    host: str
    path: str  # without the query
    headers: dict[str, str]  # names in lower case
    body: Any  # parsed JSON, None where there was none
    status: int  # what was answered


class ApiError(Exception):
    """A refusal, in the API's words."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def check_credentials(headers: dict[str, str], rules: Rules) -> None:
    """Refuse whoever brings no credential, an unknown one, or an OAuth token without its beta header."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    api_key = headers.get("x-api-key", "")
    if api_key:
        if api_key not in rules.tokens or api_key.startswith("sk-ant-oat"):
            raise ApiError("authentication_error", "invalid x-api-key")
    elif scheme != "Bearer" or not bearer:
        raise ApiError("authentication_error", "x-api-key header is required")
    elif bearer not in rules.tokens:
        raise ApiError("authentication_error", "Invalid bearer token")
    elif OAUTH_BETA not in [beta.strip() for beta in headers.get("anthropic-beta", "").split(",")]:
        raise ApiError("authentication_error", "OAuth authentication is currently not supported.")


def check_headers(headers: dict[str, str]) -> None:
    """Refuse a request without the API's version or a JSON body."""
    if headers.get("anthropic-version") != VERSION:
        raise ApiError("invalid_request_error", "anthropic-version: header is required")
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ApiError("invalid_request_error", "content-type: must be application/json")


def check_body(body: Any, *, counting: bool = False) -> None:
    """Refuse what is not a request of the Messages API."""
    if not isinstance(body, dict):
        raise ApiError("invalid_request_error", "The request body is not a JSON object")
    if unknown := sorted(set(body) - _FIELDS):
        raise ApiError("invalid_request_error", f"{unknown[0]}: Extra inputs are not permitted")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise ApiError("invalid_request_error", "model: Field required")
    limit = body.get("max_tokens")
    if not counting and (type(limit) is not int or limit < 1):
        raise ApiError("invalid_request_error", "max_tokens: Field required")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ApiError("invalid_request_error", "messages: at least one message is required")
    for number, message in enumerate(messages):
        _check_message(number, message)
    if messages[0]["role"] != "user":
        raise ApiError("invalid_request_error", "messages: first message must use the user role")


def _check_message(number: int, message: Any) -> None:
    if not isinstance(message, dict) or message.get("role") not in ("user", "assistant", "system"):
        raise ApiError(
            "invalid_request_error", f"messages.{number}.role: Input should be 'user' or 'assistant'"
        )
    content = message.get("content")
    if isinstance(content, str) and content:
        return
    if not isinstance(content, list) or not content:
        raise ApiError("invalid_request_error", f"messages.{number}.content: Field required")
    for place, block in enumerate(content):
        if not isinstance(block, dict) or block.get("type") not in _BLOCKS:
            raise ApiError("invalid_request_error", f"messages.{number}.content.{place}.type: unknown")


def answer(body: dict[str, Any], rules: Rules) -> list[Block]:
    """The content of the reply: a call of the Bash tool when the user asked for one, else the set text."""
    content = [one for one in body["messages"] if one["role"] == "user"][-1]["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    names = {tool.get("name") for tool in body.get("tools") or ()}
    for block in blocks:
        if block["type"] == "text" and block["text"].startswith(BASH_REQUEST) and "Bash" in names:
            call = {"command": block["text"].removeprefix(BASH_REQUEST).strip(), "description": "as asked"}
            return [
                {"type": "tool_use", "id": f"toolu_{uuid.uuid4().hex[:24]}", "name": "Bash", "input": call}
            ]
    return [{"type": "text", "text": rules.reply}]


def message(body: dict[str, Any], content: list[Block]) -> dict[str, Any]:
    """A whole reply."""
    calls = any(block["type"] == "tool_use" for block in content)
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "output_tokens": 5,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "service_tier": "standard",
        },
    }


def events(reply: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same reply as the events of a stream."""
    start = reply | {"content": [], "stop_reason": None, "usage": reply["usage"] | {"output_tokens": 1}}
    yield {"type": "message_start", "message": start}
    yield {"type": "ping"}
    for index, block in enumerate(reply["content"]):
        if block["type"] == "text":
            empty, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty = block | {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    end = {"stop_reason": reply["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": 5}}
    yield {"type": "message_stop"}


class Api(ThreadingHTTPServer):
    """The server. `seen` holds every request, in order of the answers."""

    daemon_threads = True

    def __init__(self, rules: Rules, address: tuple[str, int], note: Callable[[Seen], None]) -> None:
        super().__init__(address, _Handler)
        self.rules = rules
        self.seen: list[Seen] = []
        self._note = note

    def keep(self, seen: Seen) -> None:
        self.seen.append(seen)
        self._note(seen)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Api

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the base class names them so

    def log_message(self, *_args: Any) -> None:
        """Requests are kept in `seen`."""

    def _serve(self) -> None:
        self.names = {name.lower(): value for name, value in self.headers.items()}
        self.place = self.path.partition("?")[0]
        raw = self.rfile.read(int(self.names.get("content-length", "0")))
        self.body: Any = None
        try:
            try:
                self.body = json.loads(raw) if raw else None
            except ValueError:
                raise ApiError("invalid_request_error", "The request body is not valid JSON") from None
            self._route()
        except ApiError as error:
            kind, text = error.kind, str(error)
            self._json(_STATUS[kind], {"type": "error", "error": {"type": kind, "message": text}})

    def _route(self) -> None:
        host = self.names.get("host", "").partition(":")[0]
        match (host, self.command, self.place):
            case (h, "GET" | "HEAD", "/api/hello") if h == API_HOST:
                self._json(200, {"message": "hello"})
            case (h, "GET" | "HEAD", "/v1/oauth/hello") if h == LOGIN_HOST:
                self._json(200, {"message": "hello"})
            case (h, "POST", "/v1/messages") if h == API_HOST:
                self._messages()
            case (h, "POST", "/v1/messages/count_tokens") if h == API_HOST:
                self._checked(counting=True)
                self._json(200, {"input_tokens": 10})
            case _:
                raise ApiError("not_found_error", f"{self.command} {host}{self.place}: Not Found")

    def _checked(self, *, counting: bool = False) -> None:
        check_credentials(self.names, self.server.rules)
        check_headers(self.names)
        check_body(self.body, counting=counting)

    def _messages(self) -> None:
        self._checked()
        reply = message(self.body, answer(self.body, self.server.rules))
        if not self.body.get("stream"):
            self._json(200, reply)
            return
        self._keep(200)
        self._head(200, "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events(reply):
            self._chunk(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _json(self, status: int, data: dict[str, Any]) -> None:
        self._keep(status)
        content = json.dumps(data).encode()
        self._head(status, "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _head(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("request-id", f"req_{uuid.uuid4().hex[:24]}")

    def _keep(self, status: int) -> None:
        host = self.names.get("host", "")
        self.server.keep(Seen(self.command, host, self.place, self.names, self.body, status))


@contextmanager
def serve(
    rules: Rules,
    authority: Authority,
    address: tuple[str, int],
    note: Callable[[Seen], None] = lambda _seen: None,
) -> Iterator[Api]:
    """Serve over TLS in a thread while the block runs; port 0 is any free one (`api.server_address`)."""
    api = Api(rules, address, note)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    api.socket = context.wrap_socket(api.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.shutdown()
        api.server_close()
        thread.join(5)


def main() -> None:
    """Serve until killed; each request becomes a line of JSON in the log."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--listen", default="127.0.0.1:443")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--token", action="append", default=[])
    parser.add_argument("--reply", default=Rules().reply)
    options = parser.parse_args()
    host, _, port = options.listen.rpartition(":")
    lock = threading.Lock()

    def note(seen: Seen) -> None:
        with lock, options.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(seen._asdict()) + "\n")

    authority = Authority(options.certificate, options.certificate, options.key)
    with serve(Rules(frozenset(options.token), options.reply), authority, (host, int(port)), note):
        print("ready", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
