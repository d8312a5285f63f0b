"""`contenant usage`: the table with its bars, the machine formats, the chart in a file."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contenant import host
from contenant.app.usage import Usage
from contenant.cli import plot
from contenant.cli.render import Output
from contenant.cli.usage import FIELDS, amount, bar, dollars, table
from contenant.errors import ContenantError, UsageError
from contenant.store.store import open_store
from tests.store.samples import answer, made, piece

Run = Callable[..., Any]


def row(key: str = "2026-01-31", cost: float | None = 1.5, **more: Any) -> Usage:
    fields: dict[str, Any] = {"by": "day", "key": key, "answers": 3, "cost_estimate": cost}
    fields |= {f"{kind}_tokens": 1000 for kind in ("input", "output", "cache_read")}
    fields |= {"cache_write_5m_tokens": 10, "cache_write_1h_tokens": 5, "answers_without_price": 0}
    return Usage(**fields | more)


@pytest.fixture
def recorded(contenant_home: Path) -> None:
    """Answers of two models on two days."""
    from contenant.core import changes

    later = answer("m2", at="2026-02-02T12:00:00.000Z", model="claude-next-9", output_tokens=10**7)
    rows = [answer("m1", output_tokens=10**6), later]
    with open_store(now=host.now, host_id=host.installation_id()) as store:
        store.apply([*made(path="/work/\x1b[31mone"), changes.usage_collected("h", "p1", piece(10), rows)])


def contenant(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    from contenant.cli.entry import main

    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.usefixtures("recorded")
def test_a_table_with_bars_and_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = contenant(capsys, "usage", "--by", "day")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == [
        "DAY",
        "ANSWERS",
        "INPUT",
        "OUTPUT",
        "CACHE",
        "READ",
        "CACHE",
        "WRITE",
        "ESTIMATE",
    ]
    assert "1M" in lines[1]
    assert "$20.00" in lines[1]
    assert "█" * 20 in lines[1] or "#" * 20 in lines[1]
    assert lines[2].split()[-1] == "?"
    assert "an estimate by list prices of 2026-" in err
    assert "not a bill" in err
    assert "no price for claude-next-9" in err


@pytest.mark.usefixtures("recorded")
def test_machine_formats(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = contenant(capsys, "usage", "--by", "model", "--json")
    found = json.loads(out)
    assert [set(each) for each in found] == [set(FIELDS)] * 2
    assert {each["key"]: each["cost_estimate"] is None for each in found} == {
        "claude-next-9": True,
        "claude-opus-5-5": False,
    }
    _, out, _ = contenant(capsys, "usage", "--by", "project", "--format", "csv", "--since", "2026-02-01")
    (only,) = csv.DictReader(io.StringIO(out))
    assert (only["key"], only["answers"], only["cost_estimate"]) == ("/work/\x1b[31mone", "1", "")
    _, out, _ = contenant(capsys, "usage", "--by", "project")
    assert "\x1b" not in out
    assert contenant(capsys, "usage", "--by", "model", "-q")[1].split() == [
        "claude-next-9",
        "claude-opus-5-5",
    ]


def test_nothing_on_record(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = contenant(capsys, "usage")
    assert (code, out) == (0, "")
    assert "no usage on record" in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--by", "colour"), 2),
        (("--since", "2026-02-01", "--until", "2026-01-01"), 2),
        (("--plot", "chart.pdf"), 2),
        (("/absent",), 4),
    ],
)
@pytest.mark.usefixtures("recorded")
def test_wrong_usage(arguments: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert contenant(capsys, "usage", *arguments)[0] == code


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
@pytest.mark.usefixtures("recorded")
def test_a_chart_in_a_file(
    suffix: str, magic: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chart = tmp_path / f"chart.{suffix}"
    code, out, _ = contenant(capsys, "usage", "--by", "project", "--plot", str(chart))
    assert (code, out.count("\n")) == (0, 2)
    assert chart.read_bytes().startswith(magic)


def test_a_chart_of_very_many_groups_shows_the_most_expensive(tmp_path: Path) -> None:
    rows = [row(f"$day_{number}^", float(number)) for number in range(100)]
    assert [each.key for each in plot._shown(rows)] == [each.key for each in rows[40:]]
    plot.draw(rows, str(tmp_path / "a.svg"), "title")
    assert "<svg" in (tmp_path / "a.svg").read_text()
    with pytest.raises(ContenantError, match="cannot write"):
        plot.draw(rows, str(tmp_path / "absent/a.svg"), "title")


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UsageError) as caught:
        plot.check("a.svg")
    assert "contenant[plot]" in caught.value.hint


def test_bars() -> None:
    assert bar(10, 10, True) == "█" * 20
    assert bar(5, 10, True) == "█" * 10
    assert bar(0.01, 10, True) == "▏"
    assert bar(0, 10, True) == ""
    assert bar(0, 0, True) == ""
    assert bar(5, 10, False) == "#" * 10
    assert bar(0.01, 10, False) == "#"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_bar_is_what_the_stream_can_show(encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    shown = table([row()], Output("table", stream), "/home").columns[-1].cell(row())
    assert shown == ("█" if encoding == "utf-8" else "#") * 20


def test_numbers_for_people() -> None:
    counts = (950, 1000, 12_345, 999_999, 1_000_000, 4_560_000_000)
    assert [amount(each) for each in counts] == ["950", "1k", "12.3k", "1000k", "1M", "4.56G"]
    assert [dollars(each) for each in (0, 0.0123, 12.345)] == ["$0.00", "$0.0123", "$12.35"]
