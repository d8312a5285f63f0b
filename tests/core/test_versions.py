"""Versions of the agent, as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.core.choices import Chosen, choice_before
from contenant.core.versions import (
    OLDEST,
    is_unpinned,
    order,
    parse_version,
    tagged_version,
    unpinned,
)
from contenant.errors import UsageError


@pytest.mark.parametrize("good", ["latest", OLDEST, "2.1.330", "3.0.0"])
def test_what_can_be_asked_for(good: str) -> None:
    assert parse_version(good) == good


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "stable",
        "2.1",
        "^2.1.330",
        "2.1.330 ",
        "2.1.330-beta.1",
        "v2.1.330",
        "../2.1.330",
        "2.1.330\n",
        2.1,
        None,
    ],
)
def test_what_cannot(wrong: object) -> None:
    with pytest.raises(UsageError, match="not a version"):
        parse_version(wrong)


@pytest.mark.parametrize("old", ["2.1.196", "1.0.128", "0.2.0"])
def test_an_older_one_than_was_tried_is_refused_with_the_reason(old: str) -> None:
    with pytest.raises(UsageError, match=f"older than {OLDEST}.*credential") as caught:
        parse_version(old)
    assert OLDEST in caught.value.hint


def test_order_is_that_of_numbers() -> None:
    assert sorted(["2.10.0", "2.9.10", "2.9.9", "10.0.0"], key=order) == [
        "2.9.9",
        "2.9.10",
        "2.10.0",
        "10.0.0",
    ]


def test_what_a_tag_says() -> None:
    assert tagged_version("contenant:2.1.330-0123456789ab") == "2.1.330"
    assert tagged_version("localhost/contenant:2.1.330-project-0123456789ab") == "2.1.330"
    assert tagged_version("debian:12-slim") == ""
    assert tagged_version(unpinned("2.1.331")) == "2.1.331"
    assert is_unpinned(unpinned("2.1.331"))
    assert not is_unpinned("contenant:2.1.330-0123456789ab")


def test_the_choice_before() -> None:
    assert choice_before([], "1") == ""
    up = [Chosen("1", "2", "upgrade"), Chosen("2", "3", "upgrade")]
    assert choice_before(up, "3") == "2"
    once = [*up, Chosen("3", "2", "rollback")]
    assert choice_before(once, "2") == "1"
    twice = [*once, Chosen("2", "1", "rollback")]
    assert choice_before(twice, "1") == ""
    again = [*once, Chosen("2", "4", "upgrade")]
    assert choice_before(again, "4") == "2", "not the 3 that was gone back from"
    assert choice_before([*again, Chosen("4", "2", "rollback")], "2") == "1"
    assert choice_before([*up, Chosen("3", "9", "upgrade")], "3") == "2", "9 never took effect"
    onto_other = [*up, Chosen("3", "7", "rollback")]
    assert choice_before(onto_other, "7") == "", "a record that does not fit leads nowhere, and ends"


@given(st.lists(st.sampled_from("123456") | st.just("back")))
def test_it_is_a_stack(steps: list[str]) -> None:
    record, current, before = [], "0", []
    for step in steps:
        found = choice_before(record, current)
        assert found == (before[-1] if before else "")
        if step == "back" and found:
            record.append(Chosen(current, found, "rollback"))
            current = before.pop()
        elif step not in ("back", current):
            record.append(Chosen(current, step, "upgrade"))
            before.append(current)
            current = step
