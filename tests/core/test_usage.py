"""One line of a transcript -> tokens; hostile ones -> nothing, and never an error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core.records import UsageRecord
from contenant.core.usage import (
    MOST_TOKENS,
    Lived,
    Price,
    Prices,
    attribute,
    cost,
    parse_line,
    price_of,
    unique,
)

USAGE = {
    "input_tokens": 3,
    "output_tokens": 7,
    "cache_creation_input_tokens": 30,
    "cache_read_input_tokens": 500,
    "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    "service_tier": "standard",
}
PRICE = Price(input=10, output=50, cache_read=1, cache_write_5m=12.5, cache_write_1h=20)
LONG = Price(input=20, output=100, cache_read=2, cache_write_5m=25, cache_write_1h=40)
PRICES = Prices("2026-01-01", "here", 1000, {"claude-a-4": PRICE, "claude-a": LONG}, {"claude-a-4": LONG})


def line(usage: Any = None, **more: Any) -> bytes:
    message = {"id": "msg_1", "model": "claude-a-4-20260101", "usage": USAGE if usage is None else usage}
    entry = {"type": "assistant", "requestId": "req_1", "sessionId": "conv", "isSidechain": True}
    entry |= {"timestamp": "2026-01-31T09:30:00.123Z", "message": message}
    return json.dumps(entry | more).encode()


def record(**more: Any) -> UsageRecord:
    found = parse_line(line())
    assert found is not None
    return found._replace(**more)


def test_a_line_of_an_answer() -> None:
    assert record() == UsageRecord(
        "msg_1", "req_1", "claude-a-4-20260101", "2026-01-31T09:30:00.123Z", 3, 7, 500, 10, 20, "conv"
    )


def test_without_tiers_what_went_to_the_cache_is_for_five_minutes() -> None:
    found = parse_line(line({**USAGE, "cache_creation": None}))
    assert found is not None
    assert (found.cache_write_5m_tokens, found.cache_write_1h_tokens) == (30, 0)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b'{"type":"assistant","message":{"usage":{"input_tok',
        b'"assistant" "usage"',
        b'["assistant", "usage"]',
        b'{"type": "assistant", "usage": 1' + b"[" * 100_000,
        b"[" * 200_000 + b'"usage" "assistant"',
        b'{"type":"assistant","message":{"usage":{"input_tokens":' + b"9" * 10_000 + b"}}}",
        b'\xff\xfe"usage""assistant"',
        line(type="user", toolUseResult="assistant"),
        line(type="cost-state"),
        line(message=[]),
        line(message={"id": "a", "model": "b", "usage": []}),
        line(message={"id": "", "model": "b", "usage": USAGE}),
        line(message={"id": "a\x1b[2J", "model": "b", "usage": USAGE}),
        line(message={"id": "a\ud800", "model": "b", "usage": USAGE}),
        line(message={"id": "a" * 1000, "model": "b", "usage": USAGE}),
        line(message={"id": "a", "model": "<synthetic>", "usage": USAGE}),
        line(message={"id": "a", "usage": USAGE}),
        line(timestamp="yesterday"),
        line(timestamp=None),
        line(timestamp=12),
        line(timestamp="0001-01-01T00:00:00+23:59"),
    ],
)
def test_what_is_no_answer_is_no_usage(text: bytes) -> None:
    found = parse_line(text)
    assert found is None or found.at == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize("value", [-1, True, 1.5, "7", None, [], {}, MOST_TOKENS + 1, 10**30])
def test_what_is_no_count_is_none(value: Any) -> None:
    found = parse_line(
        line({**USAGE, "input_tokens": value, "cache_creation": {"ephemeral_5m_input_tokens": value}})
    )
    assert found is not None
    assert (found.input_tokens, found.cache_write_5m_tokens, found.output_tokens) == (0, 30, 7)


@given(st.binary(max_size=300) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
    lambda value: line(message={"id": value, "model": value, "usage": value})))  # fmt: skip
def test_no_line_is_an_error(text: bytes) -> None:
    parse_line(text + b'"usage" "assistant"')
    parse_line(text)


def test_an_answer_counts_once_with_its_largest_counts() -> None:
    """A streamed answer has a line for each block; the first ones do not know yet how long it gets."""
    first, last = record(output_tokens=1), record(output_tokens=90)
    assert unique([first, last, record(message_id="m2"), first]) == [last, record(message_id="m2")]


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("claude-a-4", PRICE),
        ("claude-a-4-20260101", PRICE),
        ("claude-a-4@20260101", PRICE),
        ("claude-a-4[1m]", PRICE),
        ("us.anthropic.claude-a-4-20260101-v1:0", PRICE),
        ("claude-a-4-1", None),  # a newer one
        ("claude-a-5", None),
        ("claude-a", LONG),
        ("claude-a-latest", LONG),
        ("my-claude-a", None),
        ("", None),
    ],
)
def test_only_the_very_model_has_the_price(model: str, price: Price | None) -> None:
    assert price_of(model, 1000, PRICES) == price


def test_a_long_prompt_has_its_own_price() -> None:
    assert price_of("claude-a-4", 1001, PRICES) == LONG
    assert cost(record(), PRICES) == pytest.approx((3 * 10 + 7 * 50 + 500 + 10 * 12.5 + 20 * 20) / 1e6)
    assert cost(record(input_tokens=471), PRICES) == pytest.approx(
        (471 * 20 + 7 * 100 + 500 * 2 + 10 * 25 + 20 * 40) / 1e6
    )
    assert cost(record(model="gpt"), PRICES) is None


def lived(key: str, start: int, end: int | None, *, agent: bool = True, image: str = "i1") -> Lived:
    ended = "" if end is None else f"2026-01-31T09:{end}:00.000Z"
    return Lived(key, image, f"2026-01-31T09:{start}:00.000Z", ended, agent)


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ([lived("s1", 20, 40)], ("s1", "i1")),
        ([lived("s1", 20, None)], ("s1", "i1")),
        ([lived("s1", 20, 29)], ("", "")),
        ([lived("s1", 31, None)], ("", "")),
        ([lived("s1", 20, 40), lived("s2", 20, 40, agent=False)], ("s1", "i1")),
        ([lived("s1", 20, 40), lived("s2", 20, 40)], ("", "i1")),
        ([lived("s1", 20, 40), lived("s2", 20, 40, image="i2")], ("", "")),
    ],
)
def test_the_session_that_lived_at_that_moment(there: list[Lived], found: tuple[str, str]) -> None:
    got = attribute(record(), there)
    assert (got.session_id, got.image) == found


def test_of_two_agents_it_is_the_one_whose_conversation_it_is() -> None:
    one, other = (Lived(key, "image", "2026-01-31T09:00:00.000Z", "", True) for key in ("one", "other"))
    assert attribute(record(), [one, other]).session_id == ""
    assert attribute(record(), [one, other], {"other"}).session_id == "other"
    assert attribute(record(), [one, other], {"one", "other"}).session_id == ""
    assert attribute(record(), [one, other], {"somebody else"}).session_id == ""
    assert attribute(record(), [one], {"other"}).session_id == "one", "it was resumed"
