"""One renderer, four formats and names; what is promised of each."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contenant.cli.render import Column, Format, Output, Table, emit, emit_tree, flatten, plain
from contenant.cli.text import width

PEOPLE = Table(
    columns=(
        Column("NAME", lambda row: row["name"], floor=8),
        Column("PATH", lambda row: row["path"], floor=6),
        Column("STATE", lambda row: row["state"], colour=lambda row: "red" if row["state"] == "off" else ""),
        Column("NOTE", lambda row: row["note"], rank=1),
        Column("AGE", lambda row: row["age"], rank=2),
    ),
    fields=("name", "path", "state", "note", "age"),
    record=lambda row: row,
    name=lambda row: row["name"],
)


def person(**fields: str) -> dict[str, str]:
    return {"name": "ann", "path": "/srv/a", "state": "on", "note": "n", "age": "3d"} | fields


def text(rows: Any, form: Format, **options: Any) -> str:
    stream = io.StringIO()
    emit(rows, PEOPLE, Output(form, stream, **options))
    return stream.getvalue()


def test_table() -> None:
    assert text([person(), person(name="christopher")], "table") == (
        "NAME         PATH    STATE  NOTE  AGE\n"
        "ann          /srv/a  on     n     3d\n"
        "christopher  /srv/a  on     n     3d\n"
    )


def test_nothing_gives_no_header_and_valid_machine_formats() -> None:
    assert text([], "table") == ""
    assert text([], "json") == "[]\n"
    assert text([], "jsonl") == ""
    assert text([], "csv") == "name,path,state,note,age\n"
    assert text([], "names") == ""


def test_machine_formats_carry_the_same_values() -> None:
    rows = [person(path='/srv/a,b\n"c" é\x1b[0m'), person(name="=1+1")]
    assert json.loads(text(rows, "json")) == rows
    assert [json.loads(line) for line in text(rows, "jsonl").splitlines()] == rows
    assert list(csv.DictReader(io.StringIO(text(rows, "csv"), newline=""))) == rows


def test_an_escape_sequence_in_a_path_does_not_reach_the_terminal() -> None:
    shown = text([person(path="/srv/\x1b]0;owned\x07\n/b")], "table")
    assert shown.splitlines()[1].split()[1] == "/srv/\\x1b]0;owned\\x07\\n/b"
    assert "\x1b" not in shown


def test_colour_paints_the_cell_and_keeps_the_columns() -> None:
    shown = text([person(state="off")], "table", colour=True)
    assert "\x1b[31moff\x1b[0m    n" in shown


def test_wide_characters_keep_the_columns() -> None:
    lines = text([person(path="/srv/日本語"), person(path="/srv/e\u0301")], "table").splitlines()
    assert len({width(line[: line.index(" o")]) for line in lines[1:]}) == 1


@pytest.mark.parametrize(
    ("room", "header"),
    [
        (80, "NAME                PATH                  STATE  NOTE  AGE"),
        (50, "NAME                PATH          STATE  NOTE  AGE"),
        (36, "NAME        PATH    STATE  NOTE  AGE"),
        (31, "NAME        PATH    STATE  NOTE"),
        (20, "NAME      P…H  STATE"),
    ],
)
def test_a_narrow_terminal_cuts_paths_then_names_then_leaves_columns_out(room: int, header: str) -> None:
    rows = [person(name="contenant-shop-abc", path="/home/me/work/shop-1")]
    assert text(rows, "table", width=room).splitlines()[0] == header


CELLS = st.text(max_size=30)


@given(
    st.lists(st.fixed_dictionaries(dict.fromkeys(PEOPLE.fields, CELLS)), min_size=1, max_size=5),
    st.integers(40, 120),
)
def test_any_text_gives_one_printable_line_a_row_within_the_terminal(
    rows: list[dict[str, str]], room: int
) -> None:
    rows = [row | {"state": "up"} for row in rows]  # a word of ours, in a column that is never cut
    lines = text(rows, "table", width=room).split("\n")
    assert len(lines) == len(rows) + 2
    assert all(line.isprintable() for line in lines)
    assert all(width(line) <= room for line in lines)


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "names"])
def test_machine_formats_stream(form: Format) -> None:
    """Each row is written before the next one is asked for."""
    stream = io.StringIO()
    written: list[int] = []

    def rows() -> Iterator[dict[str, str]]:
        for index in range(3):
            written.append(stream.getvalue().count("person"))
            yield person(name=f"person{index}")

    emit(rows(), PEOPLE, Output(form, stream))
    assert written == [0, 1, 2]


def test_undecodable_bytes_leave_csv_as_they_came(tmp_path: Any) -> None:
    path = tmp_path / "out"
    with path.open("w", encoding="ascii") as stream:
        emit([person(path="/srv/\udcff é")], PEOPLE, Output("csv", stream))
    assert b"/srv/\xff \xc3\xa9" in path.read_bytes()


def test_a_table_survives_a_locale_that_cannot_show_it(tmp_path: Any) -> None:
    path = tmp_path / "out"
    with path.open("w", encoding="ascii") as stream:
        emit([person(path="/srv/é")], PEOPLE, Output("table", stream))
    assert b"/srv/\\xe9" in path.read_bytes()


TREE = {
    "project": {"path": "/srv/a", "exists": True},
    "sessions": [{"id": "x"}, {"id": "y"}],
    "drift": [],
    "argv": ["a", "b"],
}


def test_a_tree_is_whole_as_json_and_dotted_elsewhere() -> None:
    def shown(form: Format) -> str:
        stream = io.StringIO()
        emit_tree(TREE, Output(form, stream), "project.path")
        return stream.getvalue()

    assert json.loads(shown("json")) == TREE
    assert json.loads(shown("jsonl")) == TREE
    assert shown("jsonl").count("\n") == 1
    assert shown("table").splitlines() == [
        "KEY             VALUE",
        "project.path    /srv/a",
        "project.exists  yes",
        "sessions.0.id   x",
        "sessions.1.id   y",
        "drift           -",
        "argv            a, b",
    ]
    assert 'argv,"[""a"", ""b""]"\n' in shown("csv")
    assert shown("names") == "/srv/a\n", "what it is about, not what is told of it"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-01-31T09:30:00.250Z", "2026-01-31 10:30:00"),
        ("2026-01-31T09:30:00.250", "2026-01-31T09:30:00.250"),
        ("2026-13-31T09:30:00.250Z", "2026-13-31T09:30:00.250Z"),
        ("", "-"),
    ],
)
def test_a_moment_in_a_tree_is_local_for_people_and_utc_for_programs(
    value: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Etc/GMT-1")
    time.tzset()
    try:
        stream = io.StringIO()
        emit_tree({"built": value}, Output("table", stream), "built")
        assert stream.getvalue().splitlines()[1] == f"built  {shown}"
        stream = io.StringIO()
        emit_tree({"built": value}, Output("csv", stream), "built")
        assert stream.getvalue().splitlines()[1] == f"built,{value}"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_long_list_takes_a_line_an_item_and_is_never_cut() -> None:
    stream = io.StringIO()
    emit_tree({"drift": ["x" * 40, "y" * 40], "a": "z" * 90}, Output("table", stream, width=60), "a")
    assert [line.split() for line in stream.getvalue().splitlines()[1:]] == [
        ["drift", "x" * 40],
        ["y" * 40],
        ["a", "z" * 90],
    ]


def test_flatten_keeps_plain_lists_together() -> None:
    assert list(flatten({"a": {"b": [1, 2]}, "c": [[1], [2]]})) == [
        ("a.b", [1, 2]),
        ("c.0", [1]),
        ("c.1", [2]),
    ]


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "-"), ("", "-"), ([], "-"), (0, "0"), (False, "no"), (["a"], "a")]
)
def test_plain(value: object, shown: str) -> None:
    assert plain(value) == shown
