"""Tokens in the agent's transcripts: one line -> what it used, and what that would cost at list prices. Pure.

The transcripts are Claude Code's own, "internal, changes between versions" as its documentation says; the
keys read here were seen with 2.1.197 and 2.1.330. The agent writes them and may write anything: a line that
is not as expected is no usage, and never an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from contenant.core.ages import from_text, to_text
from contenant.core.records import UsageRecord

MOST_TOKENS = 1_000_000_000  # of one kind in one answer; more is no count
_LONGEST = 200  # characters of an id or a model's name
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOBODY = "<synthetic>"  # the agent's own messages, which no model wrote
# A dated name is that of the model without the date; so are a cloud's name for it and a larger context.
_SUFFIX = re.compile(r"(?:[-@](?:\d{8}|latest|default))?(?:-v\d+(?::\d+)?)?(?:\[[0-9a-z]+\])?")
_PREFIX = re.compile(r"(?:[a-z-]+\.)?anthropic[./]")


class Price(NamedTuple):
    """US dollars for a million tokens of each kind."""

    input: float
    output: float
    cache_read: float
    cache_write_5m: float
    cache_write_1h: float


class Prices(NamedTuple):
    """A dated price list. `long` has the prices of prompts above `long_prompt` tokens, where they differ."""

    date: str
    source: str
    long_prompt: int
    models: Mapping[str, Price]
    long: Mapping[str, Price]


class Lived(NamedTuple):
    """When a session of a container lived, and from which image; `ended` "" while it does."""

    session_id: str
    image: str
    started: str
    ended: str
    agent: bool  # it was the agent that was started, not another command


def parse_line(line: bytes) -> UsageRecord | None:
    """One line of a transcript; None where it tells of no tokens."""
    if b'"usage"' not in line or b'"assistant"' not in line:
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or entry.get("type") != "assistant":
        return None
    message = entry.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("usage"), dict):
        return None
    return _record(entry, message, message["usage"])


def _record(
    entry: Mapping[str, Any], message: Mapping[str, Any], usage: Mapping[str, Any]
) -> UsageRecord | None:
    at, message_id, model = (
        _moment(entry.get("timestamp")),
        _name(message.get("id")),
        _name(message.get("model")),
    )
    if not at or not message_id or not model or model == _NOBODY:
        return None
    five, hour = _written(usage)
    return UsageRecord(
        message_id=message_id,
        request_id=_name(entry.get("requestId")),
        model=model,
        at=at,
        input_tokens=_count(usage.get("input_tokens")),
        output_tokens=_count(usage.get("output_tokens")),
        cache_read_tokens=_count(usage.get("cache_read_input_tokens")),
        cache_write_5m_tokens=five,
        cache_write_1h_tokens=hour,
        conversation=_name(entry.get("sessionId")),
    )


def _written(usage: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens put into the cache for five minutes and for an hour; without the tiers, all for five minutes."""
    total, tiers = _count(usage.get("cache_creation_input_tokens")), usage.get("cache_creation")
    if not isinstance(tiers, dict):
        return total, 0
    five, hour = (_count(tiers.get(f"ephemeral_{tier}_input_tokens")) for tier in ("5m", "1h"))
    return (five, hour) if five or hour else (total, 0)


def _count(value: object) -> int:
    plain = isinstance(value, int) and not isinstance(value, bool)
    return value if plain and 0 <= value <= MOST_TOKENS else 0  # type: ignore[operator, return-value]  # an int


def _name(value: object) -> str:
    """A short text that any terminal and any database takes, "" for all else."""
    good = isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()
    return value if good else ""  # type: ignore[return-value]  # a text


def _moment(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        return ""
    try:
        return to_text(max(from_text(value).astimezone(UTC), _EPOCH))
    except (ValueError, OverflowError):
        return ""


def unique(records: Iterable[UsageRecord]) -> list[UsageRecord]:
    """One for each message and request: an answer has a line for each of its blocks, the first ones of a
    stream with less than the whole."""
    found: dict[tuple[str, str], UsageRecord] = {}
    for record in records:
        key = (record.message_id, record.request_id)
        found[key] = larger(found[key], record) if key in found else record
    return list(found.values())


def larger(one: UsageRecord, other: UsageRecord) -> UsageRecord:
    """The first of two accounts of one answer, with the larger of each count."""
    counts = {name: max(getattr(one, name), getattr(other, name)) for name in COUNTS}
    return one._replace(**counts)


COUNTS = tuple(f"{kind}_tokens" for kind in Price._fields)


def candidates(record: UsageRecord, lived: Iterable[Lived]) -> list[Lived]:
    """The sessions that lived at the moment of an answer; an agent's is likelier than a command's."""
    there = [
        each for each in lived if each.started <= record.at and (not each.ended or record.at <= each.ended)
    ]
    return [each for each in there if each.agent] or there


def attribute(record: UsageRecord, lived: Iterable[Lived], writers: Collection[str] = ()) -> UsageRecord:
    """The record with the session that lived at its moment, and its image, where that is one.

    Where several did, it is the one among them that wrote to the same conversation while it was alone
    (`writers`): an agent keeps its conversation, and no other writes to it meanwhile. Where it is still open,
    the image may be common to all.
    """
    there = candidates(record, lived)
    agents = [each for each in there if each.session_id in writers] if len(there) > 1 else there
    agents = agents if len(agents) == 1 else there
    images = {each.image for each in there}
    return record._replace(
        session_id=agents[0].session_id if len(agents) == 1 else "",
        image=agents[0].image if len(agents) == 1 else images.pop() if len(images) == 1 else "",
    )


def price_of(model: str, prompt_tokens: int, prices: Prices) -> Price | None:
    """What a million tokens of a model cost in a prompt of that length; None where nobody knows.

    Only an exact name counts, but for a date, a cloud's prefix and the mark of a larger context: the price
    of an older model must not pass for that of a newer one.
    """
    bare = _PREFIX.sub("", model, count=1)
    names = sorted(prices.models, key=len, reverse=True)
    name = next((n for n in names if bare.startswith(n) and _SUFFIX.fullmatch(bare[len(n) :])), None)
    if name is None:
        return None
    if prompt_tokens > prices.long_prompt and name in prices.long:
        return prices.long[name]
    return prices.models[name]


def prompt_tokens(record: UsageRecord) -> int:
    """All that the model was given to read, wherever it came from."""
    written = record.cache_write_5m_tokens + record.cache_write_1h_tokens
    return record.input_tokens + record.cache_read_tokens + written


def cost(record: UsageRecord, prices: Prices) -> float | None:
    """US dollars at list prices; None without a price."""
    price = price_of(record.model, prompt_tokens(record), prices)
    return None if price is None else charge(price, [getattr(record, name) for name in COUNTS])


def charge(price: Price, counts: Iterable[int]) -> float:
    """US dollars for tokens of each kind, in the order of `Price`."""
    return sum(each * count for each, count in zip(price, counts, strict=True)) / 1_000_000
