"""What was measured, as Markdown between two markers of a page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.bench.peers_stats import APART, Summary


class Missing(NamedTuple):
    """What has no value, and why."""

    why: str


Cell = Summary | Missing


class Column(NamedTuple):
    """A kind of measurement: its key in the data, what stands above it, and what divides its values."""

    key: str
    title: str
    unit: float = 1.0
    digits: int = 2


class Row(NamedTuple):
    """One tool, and a cell for each key of a column."""

    tool: str
    cells: Mapping[str, Cell]


def table(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """Lines of a Markdown table, with a numbered reason below it for each cell that has no value."""
    reasons: list[str] = []
    titles = ["", *(column.title for column in columns)]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for row in rows:
        cells = [_cell(row.cells[column.key], column, reasons) for column in columns]
        lines.append(f"| {' | '.join([row.tool, *cells])} |")
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([*lines, "", *notes] if notes else lines) + "\n"


def _cell(cell: Cell, column: Column, reasons: list[str]) -> str:
    if isinstance(cell, Missing):
        if cell.why not in reasons:
            reasons.append(cell.why)
        return f"- ({reasons.index(cell.why) + 1})"
    shown = [f"{value / column.unit:.{column.digits}f}" for value in (cell.p50, cell.p90, *cell.halves)]
    if cell.steady:
        return f"{shown[0]} / {shown[1]}"
    return f"rejected ({shown[2]}, {shown[3]})"


def counts(rows: Sequence[Row]) -> tuple[int, int]:
    """How many series there are, and how many of them are rejected."""
    found = [cell for row in rows for cell in row.cells.values() if isinstance(cell, Summary)]
    return len(found), sum(not cell.steady for cell in found)


def verdict(rows: Sequence[Row]) -> str:
    """One sentence on what was rejected."""
    whole, bad = counts(rows)
    if not bad:
        return f"None of the {whole} series was rejected."
    return (
        f"{bad} of the {whole} series are rejected: the medians of their first half and of their last differ "
        f"by more than {APART:.0%}; both are shown."
    )


def marks(name: str) -> tuple[str, str]:
    """The lines between which a program writes."""
    return f"<!-- begin: made by `make {name}` -->", f"<!-- end: made by `make {name}` -->"


def replaced(page: str, name: str, text: str) -> str:
    """The page with `text` between the markers. Raises ValueError where they are not there once, in order."""
    begin, end = marks(name)
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"the page has not both markers of {name}, once each")
    before, rest = page.split(begin)
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{rest.split(end)[1]}"
