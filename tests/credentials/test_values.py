"""Secrets stay secret; tokens are told apart; the end of a credential is known."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core.ages import from_text, to_text
from contenant.credentials import values
from contenant.credentials.values import CredentialError, Secret
from contenant.errors import UsageError

from .conftest import ACCESS, API_KEY, NOW, REFRESH, SETUP, claude_json

tokens = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=200)


@given(tokens)
def test_a_secret_is_never_shown(text: str) -> None:
    secret = Secret(text)
    found = values.credential("oauth", "environment", "X", text)
    record = logging.LogRecord("x", 1, "x", 1, "%s %r", (secret, found), None)
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>40}",
        record.getMessage(),
        repr([found]),
        str(found),
    ]
    assert all(text not in part.replace(found.fingerprint, "") for part in shown)
    assert secret.reveal() == text


def test_a_secret_is_not_pickled_or_put_into_json() -> None:
    for attempt in (lambda: pickle.dumps(Secret("abcdefgh")), lambda: copy.deepcopy(Secret("abcdefgh"))):
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(TypeError):
        json.dumps(Secret("abcdefgh"))


def test_secrets_are_compared_by_what_they_are() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


@given(tokens, tokens)
def test_fingerprints(one: str, other: str) -> None:
    assert len(values.fingerprint(one)) == 12
    assert int(values.fingerprint(one), 16) >= 0
    assert (values.fingerprint(one) == values.fingerprint(other)) == (one == other)


def test_a_fingerprint_is_not_the_bare_hash() -> None:
    import hashlib

    assert values.fingerprint(SETUP) != hashlib.sha256(SETUP.encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("pasted", "kind"),
    [
        (SETUP, "oauth"),
        (f"  {SETUP}\n", "oauth"),
        (f"{SETUP[:20]}\r\n  {SETUP[20:]}", "oauth"),
        (API_KEY, "api-key"),
    ],
)
def test_pasted_tokens(pasted: str, kind: str) -> None:
    assert values.classify(pasted) == (kind, "".join(pasted.split()))


@pytest.mark.parametrize(
    "pasted", ["", "  ", "sk-ant-oat", "sk-ant-", "hello", "sk-ant-oat01-é1234567890", API_KEY[3:]]
)
def test_what_is_no_token(pasted: str) -> None:
    with pytest.raises(UsageError) as caught:
        values.classify(pasted)
    assert not pasted.strip() or pasted not in caught.value.message


def test_a_refresh_token_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="refresh token"):
        values.classify(REFRESH)


def test_only_the_access_token_is_taken() -> None:
    found = values.from_claude(claude_json(), "claude-file", "f")
    assert found is not None
    assert (found.secret.reveal(), found.kind, found.plan, found.tier) == (
        ACCESS, "oauth", "max", "default_claude_max_5x",
    )  # fmt: skip
    assert from_text(found.expires) == NOW + timedelta(hours=5)
    assert REFRESH not in repr([*found, found.secret.reveal()])


@pytest.mark.parametrize(
    "text", ["{}", "[]", "null", '{"claudeAiOauth": null}', '{"claudeAiOauth": {"accessToken": ""}}']
)
def test_not_signed_in(text: str) -> None:
    assert values.from_claude(text, "claude-file", "f") is None


@pytest.mark.parametrize(
    "text", ["", "{", "x" * 100, "[" * 100_000, '{"claudeAiOauth": {"accessToken": "a b c d e"}}']
)
def test_damage_is_named_and_tells_nothing(text: str) -> None:
    with pytest.raises(CredentialError) as caught:
        values.from_claude(text, "claude-file", "the file")
    assert "the file" in caught.value.message
    if text:
        assert text not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("end", [None, "soon", -1, 0, 1e300, True, float("nan"), [], 10**20])
def test_an_odd_end_is_no_end(end: object) -> None:
    found = values.from_claude(claude_json(expiresAt=end), "claude-file", "f")
    assert found is not None
    assert found.expires == ""
    assert not values.is_expired(found, NOW)


@pytest.mark.parametrize("name", [None, 5, "a b", "x" * 65, "max\n", ["max"]])
def test_an_odd_plan_is_no_plan(name: object) -> None:
    found = values.from_claude(claude_json(subscriptionType=name), "claude-file", "f")
    assert found is not None
    assert found.plan == ""


@pytest.mark.parametrize(
    ("left", "expired", "warned"),
    [
        (timedelta(hours=5), False, False),
        (timedelta(minutes=31), False, False),
        (timedelta(minutes=30), False, True),
        (timedelta(seconds=30), False, True),
        (timedelta(), True, False),
        (-timedelta(days=1), True, False),
    ],
)
def test_the_end(left: timedelta, expired: bool, warned: bool) -> None:
    found = values.credential("oauth", "claude-file", "the file", ACCESS, expires=to_text(NOW + left))
    assert values.is_expired(found, NOW) is expired
    assert bool(values.warning(found, NOW)) is warned
    if expired:
        with pytest.raises(CredentialError) as caught:
            values.refuse_expired(found, NOW)
        assert "claude" in caught.value.hint
        assert "the file" in caught.value.message
    else:
        values.refuse_expired(found, NOW)
