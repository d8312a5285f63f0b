"""Ids sort by their making."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from contenant.store import ids

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def test_form() -> None:
    made = ids.new_id(NOW)
    assert len(made) == 26
    assert set(made) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_time_comes_first() -> None:
    ids._forget()
    made = [ids.new_id(NOW + timedelta(milliseconds=step)) for step in range(50)]
    assert made == sorted(made)
    ids._forget()
    assert ids.new_id(NOW)[:10] == made[0][:10]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=40))
def test_order_and_uniqueness_whatever_the_clock_does(steps: list[int]) -> None:
    made = [ids.new_id(NOW + timedelta(milliseconds=step)) for step in steps]
    assert made == sorted(set(made))


def test_a_forked_child_makes_ids_of_its_own() -> None:
    ids.new_id(NOW)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, ids.new_id(NOW).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 26).decode()[:20] != ids.new_id(NOW)[:20]
    os.close(reading)
    os.close(writing)


@given(
    st.datetimes(
        NOW.replace(year=1990, tzinfo=None), NOW.replace(year=2900, tzinfo=None), timezones=st.just(UTC)
    )
)
def test_an_id_tells_when_it_was_made(moment: datetime) -> None:
    ids._forget()
    assert abs(ids.moment_of(ids.new_id(moment)) - moment) < timedelta(milliseconds=2)
