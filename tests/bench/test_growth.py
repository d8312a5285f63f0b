"""The picture of growth, and the rows beside it."""

from __future__ import annotations

from pathlib import Path

from tests.bench.growth_plot import Line, Panel, draw

CONTAINERS = Panel(
    "containers there",
    "containers",
    [Line("list", (1, 100, 1000), (0.1, 0.2, 0.9)), Line("engine's ps", (1, 100, 1000), (0.05, 0.1, 0.8))],
)
RECORDS = Panel("records", "events", [Line("history", (1000, 1_000_000), (0.06, 0.07))])


def test_the_picture_names_its_axes_and_sizes_and_is_read_on_any_background(tmp_path: Path) -> None:
    draw([CONTAINERS, RECORDS], tmp_path / "growth.svg")
    found = (tmp_path / "growth.svg").read_text()
    for words in (
        "seconds, median",
        "containers there",
        ">containers<",
        ">events<",
        "1,000,000",
        "engine's ps",
    ):
        assert words in found, words
    assert "fill: #ffffff" not in found
    assert "stroke: #000000" not in found


def test_the_same_numbers_make_the_same_picture(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        draw([CONTAINERS, RECORDS], tmp_path / name)
    assert (tmp_path / "one.svg").read_text() == (tmp_path / "two.svg").read_text()
