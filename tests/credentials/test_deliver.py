"""How each kind of credential travels, per version of the agent."""

from __future__ import annotations

import pytest

from contenant.credentials.deliver import NOTHING, deliver, split_env, wants_credential
from contenant.credentials.values import Credential, Secret, credential

from .conftest import API_KEY, SETUP


def made(kind: str, text: str, **more: str) -> Credential:
    return credential(kind, "environment", "X", text, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "text", "variable"),
    [
        ("oauth", SETUP, "CLAUDE_CODE_OAUTH_TOKEN_FILE_DESCRIPTOR"),
        ("api-key", API_KEY, "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR"),
    ],
)
@pytest.mark.parametrize("version", ["2.1.197", "2.1.330", "3.0.0"])
def test_through_a_pipe(kind: str, text: str, variable: str, version: str) -> None:
    found = deliver(made(kind, text), version)
    assert found == ({variable: "3"}, Secret(text), {})


def test_the_plan_travels_with_an_access_token() -> None:
    found = deliver(made("oauth", SETUP, plan="max", tier="default_claude_max_5x"), "2.1.330")
    assert found.env["CLAUDE_CODE_SUBSCRIPTION_TYPE"] == "max"
    assert found.env["CLAUDE_CODE_RATE_LIMIT_TIER"] == "default_claude_max_5x"


@pytest.mark.parametrize(
    ("kind", "version", "variable"),
    [
        ("auth-token", "2.1.330", "ANTHROPIC_AUTH_TOKEN"),
        ("oauth", "2.1.100", "CLAUDE_CODE_OAUTH_TOKEN"),
        ("api-key", "1.0.3", "ANTHROPIC_API_KEY"),
        ("api-key", "", "ANTHROPIC_API_KEY"),
    ],
)
def test_in_the_environment_where_there_is_no_other_way(kind: str, version: str, variable: str) -> None:
    found = deliver(made(kind, "secret-text-1"), version)
    assert found == ({}, None, {variable: Secret("secret-text-1")})


def test_nothing_to_deliver() -> None:
    assert deliver(None, "2.1.330") is NOTHING


@pytest.mark.parametrize(
    "argv", [(), ("claude",), ("/usr/local/bin/claude", "-p"), ("bash",), ("/bin/sh", "-c", "claude")]
)
def test_who_gets_one(argv: tuple[str, ...]) -> None:
    assert wants_credential(argv)


@pytest.mark.parametrize("argv", [("true",), ("ls", "claude"), ("python3",), ("claude-not",)])
def test_who_gets_none(argv: tuple[str, ...]) -> None:
    assert not wants_credential(argv)


def test_credentials_are_split_off() -> None:
    secret, rest = split_env({"ANTHROPIC_API_KEY": API_KEY, "LANG": "C", "CLAUDE_CODE_OAUTH_TOKEN": SETUP})
    assert secret == {"ANTHROPIC_API_KEY": API_KEY, "CLAUDE_CODE_OAUTH_TOKEN": SETUP}
    assert rest == {"LANG": "C"}
