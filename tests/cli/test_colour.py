"""When there is colour: flag, then NO_COLOR, FORCE_COLOR, TERM, terminal."""

from __future__ import annotations

import io

import click
import pytest

from contenant.cli.colour import ColourMode, help_width, is_terminal, terminal_width, wants_colour


@pytest.mark.parametrize(
    ("mode", "terminal", "environ", "wanted"),
    [
        ("auto", True, {"TERM": "xterm"}, True),
        ("auto", False, {"TERM": "xterm"}, False),
        ("auto", True, {"TERM": "dumb"}, False),
        ("auto", True, {}, False),
        ("auto", True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        ("auto", True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", False, {"FORCE_COLOR": "0"}, False),
        ("auto", False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {"TERM": "xterm", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(mode: ColourMode, terminal: bool, environ: dict[str, str], wanted: bool) -> None:
    assert wants_colour(mode, terminal, environ) is wanted


def test_no_terminal_has_no_width_whatever_columns_says() -> None:
    assert terminal_width(io.StringIO(), {"COLUMNS": "40"}) == 0


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not is_terminal(stream)


@pytest.mark.parametrize("columns", ["", "0", "20", "60", "500", "wide"])
def test_help_is_as_wide_as_click_makes_it(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.__stdout__", io.StringIO())  # no terminal, wherever the tests run
    assert help_width(io.StringIO(), {"COLUMNS": columns}) == click.HelpFormatter().width
