"""What the comparison with peers says of its numbers: quantiles, rejection, table."""

from __future__ import annotations

import pytest

from tests.bench.peers_stats import Summary, summarise
from tests.bench.peers_table import Column, Missing, Row, counts, marks, replaced, table, verdict


def test_quantiles_are_of_all_values_and_halves_of_their_order() -> None:
    found = summarise([1.0, 1.1, 1.2, 9.0, 1.3, 1.0, 1.1, 1.2, 1.1, 1.2])
    assert found.n == 10
    assert found.p50 == pytest.approx(1.15)
    assert found.p90 == pytest.approx(2.07)
    assert found.halves == (pytest.approx(1.2), pytest.approx(1.1))


def test_the_middle_of_an_odd_number_is_in_neither_half() -> None:
    assert summarise([1.0, 1.0, 50.0, 2.0, 2.0]).halves == (1.0, 2.0)


def test_three_values_are_no_series() -> None:
    with pytest.raises(ValueError, match="3 values"):
        summarise([1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("halves", "steady"),
    [
        ((1.0, 1.0), True),
        ((1.0, 1.149), True),
        ((1.149, 1.0), True),
        ((1.0, 1.16), False),
        ((1.16, 1.0), False),
    ],
)
def test_halves_may_differ_by_fifteen_percent_in_either_direction(
    halves: tuple[float, float], steady: bool
) -> None:
    assert Summary(10, 1.0, 1.2, halves).steady is steady


COLUMNS = (Column("new", "new container"), Column("memory", "memory, MiB", 1 << 20, 0))


def rows() -> list[Row]:
    good = Summary(10, 0.512, 0.75, (0.5, 0.52))
    bad = Summary(10, 3.0, 4.0, (2.0, 4.0))
    return [
        Row("script", {"new": good, "memory": Summary(10, 40 << 20, 41 << 20, (40 << 20, 40 << 20))}),
        Row("peer", {"new": bad, "memory": Missing("it has no process of its own")}),
        Row("other", {"new": Missing("needs a login"), "memory": Missing("it has no process of its own")}),
    ]


def test_a_table_says_what_was_measured_what_was_rejected_and_why_there_is_nothing() -> None:
    assert table(rows(), COLUMNS).splitlines() == [
        "|  | new container | memory, MiB |",
        "|---|---|---|",
        "| script | 0.51 / 0.75 | 40 / 41 |",
        "| peer | rejected (2.00, 4.00) | - (1) |",
        "| other | - (2) | - (1) |",
        "",
        "1. it has no process of its own",
        "2. needs a login",
    ]


def test_a_rejected_series_is_counted_and_what_is_missing_is_none() -> None:
    assert counts(rows()) == (3, 1)
    assert verdict(rows()).startswith("1 of the 3 series are rejected")
    assert verdict(rows()[:1]) == "None of the 2 series was rejected."


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    begin, end = marks("bench-peers")
    page = f"before\n{begin}\nold\n{end}\nafter\n"
    once = replaced(page, "bench-peers", "new\n")
    assert once == f"before\n{begin}\n\nnew\n\n{end}\nafter\n"
    assert replaced(once, "bench-peers", "new") == once


@pytest.mark.parametrize("page", ["", "{0}", "{1}\n{0}", "{0}\n{0}\n{1}"])
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="markers"):
        replaced(page.format(*marks("bench-peers")), "bench-peers", "text")
