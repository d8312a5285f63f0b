"""Durations and moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core import ages
from contenant.errors import UsageError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("6w", timedelta(weeks=6)),
        ("1y", timedelta(days=365)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert ages.parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    ["-5d", "5", "junk", "", "0d", "1.5h", "d", "5 d x", "99999999d", "999999y", "101y", "\uff11d", "1D"],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a duration"):
        ages.parse_duration(text)


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is given apart
def test_moments_come_back_to_the_millisecond(moment: datetime) -> None:
    text = ages.to_text(moment)
    assert len(text) == 24
    assert abs(ages.from_text(text) - moment) < timedelta(milliseconds=1)


@given(st.lists(st.datetimes(min_value=datetime(1971, 1, 1), timezones=st.just(UTC)), max_size=20))  # noqa: DTZ001 - the zone is given apart
def test_text_order_is_time_order(moments: list[datetime]) -> None:
    texts = [ages.to_text(moment) for moment in sorted(moments)]
    assert texts == sorted(texts)


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(seconds=5), "now"),
        (timedelta(seconds=-60), "now"),  # the clock stepped back
        (timedelta(minutes=5), "5m"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=3), "3d"),
        (timedelta(days=70), "10w"),
        (timedelta(days=800), "2y"),
    ],
)
def test_ages_for_people(ago: timedelta, expected: str) -> None:
    assert ages.age(ages.to_text(NOW - ago), NOW) == expected


def test_no_moment_has_no_age() -> None:
    assert ages.age("", NOW) == "-"


def test_ages_in_a_sentence() -> None:
    assert ages.ago(ages.to_text(NOW), NOW) == "just now"
    assert ages.ago(ages.to_text(NOW - timedelta(hours=3)), NOW) == "3h ago"
