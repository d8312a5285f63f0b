"""The one renderer: rows as a table, JSON, JSON lines, CSV or bare names. The only importer of tabulate.

JSON keys are a contract: they are named in `Table.fields`, only ever added to, and documented in
docs/reference.md. The layout of tables is not. Machine formats are exact and always UTF-8; undecodable bytes
of a path come out of CSV as they are and of JSON as lone surrogates (`\\udcff`). CSV is data, not a
spreadsheet: no value is changed to disarm formulas, since a reader could not undo it.
"""

# csv, json and tabulate are imported where they are used: a start pays for one of them at most.

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TextIO

from contenant.cli.colour import paint
from contenant.cli.text import shorten, visible, width

Format = Literal["table", "json", "jsonl", "csv", "names"]
_GAP = 2
_LIST_ROOM = 50  # columns
_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


class Column(NamedTuple):
    """One column of a table."""

    title: str
    cell: Callable[[Any], str]  # what people read; control characters are escaped afterwards
    colour: Callable[[Any], str] = lambda _row: ""  # a name in colour.CODES
    floor: int = 0  # may be cut down to this width; 0: never
    rank: int = 0  # on a narrow terminal the highest rank is left out first; 0: never


def _join(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Lists are what scripts and prompts wait for, and tabulate costs more to import than a list does."""
    return [(" " * _GAP).join(line) for line in (titles, *lines)]


def _draw(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    from tabulate import tabulate

    # Cells come padded: without the large wcwidth package tabulate takes every character for one column.
    text = tabulate(lines, titles, tablefmt="plain", stralign=None, disable_numparse=True)
    return text.split("\n")


class Table(NamedTuple):
    """How one kind of row is shown in every format."""

    columns: tuple[Column, ...]
    fields: tuple[str, ...]  # keys of JSON, columns of CSV
    record: Callable[[Any], Mapping[str, Any]]  # exactly these fields
    name: Callable[[Any], str]  # what --quiet prints
    draw: Callable[[Sequence[str], Sequence[Sequence[str]]], list[str]] = _join  # titles, padded cells


class Output(NamedTuple):
    """Where to, and how."""

    format: Format
    stream: TextIO
    colour: bool = False
    width: int = 0  # columns of the terminal; 0: no limit
    begin: Callable[[], None] = lambda: None  # called before the first row is written


def emit(rows: Iterable[Any], table: Table, output: Output) -> None:
    """Write the rows. json, jsonl, csv and names stream: one row in memory at a time."""
    _prepare(output)
    _WRITERS[output.format](_begun(rows, output.begin), table, output)
    output.stream.flush()  # what is said of them on standard error comes after them, also in a pipe


def _begun(rows: Iterable[Any], begin: Callable[[], None]) -> Iterator[Any]:
    """The rows; `begin` is called once the first is there, or none is."""
    first = True
    for row in rows:
        if first:
            begin()
            first = False
        yield row
    if first:
        begin()


def emit_tree(tree: Mapping[str, Any], output: Output, name: str) -> None:
    """Write nested data: whole as JSON, flattened to dotted keys elsewhere, by `name` under --quiet.

    `name` is the dotted key of what the data is about, such as `image.reference`.
    """
    if output.format in ("json", "jsonl"):
        import json

        output.begin()
        indent = 2 if output.format == "json" else None
        output.stream.write(json.dumps(tree, indent=indent) + "\n")
        output.stream.flush()
        return
    rows = list(flatten(tree))
    if output.format == "names":
        rows = [(key, value) for key, value in rows if key == name]
    emit(list(_spread(rows)) if output.format == "table" else rows, _TREE, output)


def _spread(rows: Iterable[tuple[str, object]]) -> Iterator[tuple[str, object]]:
    """Lists that are too long for a line take one for each item; a sentence is not to be cut."""
    for key, value in rows:
        if isinstance(value, (list, tuple)) and len(plain(value)) > _LIST_ROOM:
            yield from zip((key, *[""] * (len(value) - 1)), value, strict=True)
        else:
            yield key, value


def flatten(value: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Nested mappings and lists of mappings as (dotted key, plain value), in their order."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from flatten(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, (list, tuple)) and any(isinstance(item, (Mapping, list, tuple)) for item in value):
        for index, inner in enumerate(value):
            yield from flatten(inner, f"{key}.{index}")
    else:
        yield key, value


def plain(value: object) -> str:
    """One value for people: `-` for nothing, yes and no, lists with commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "" or value in ([], {}, ()):
        return "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return str(value)


def _for_people(value: object) -> str:
    """As `plain`, a moment as local time."""
    text = plain(value)
    if re.fullmatch(_MOMENT, text):
        from contenant.core.ages import from_text

        with contextlib.suppress(ValueError, OverflowError):  # digits that are no day: somebody's own text
            return f"{from_text(text).astimezone():%Y-%m-%d %H:%M:%S}"
    return text


_TREE = Table(
    columns=(Column("KEY", lambda row: row[0]), Column("VALUE", lambda row: _for_people(row[1]))),
    fields=("key", "value"),
    record=lambda row: {"key": row[0], "value": row[1]},
    name=lambda row: str(row[1]),
    draw=_draw,
)


def _prepare(output: Output) -> None:
    """Machine formats are UTF-8 whatever the locale; a table shows what the locale cannot as escapes."""
    reconfigure = getattr(output.stream, "reconfigure", None)
    if reconfigure is None:
        return
    if output.format == "table":
        reconfigure(errors="backslashreplace")
    else:
        reconfigure(encoding="utf-8", errors="surrogateescape")


def _write_table(rows: Iterable[Any], table: Table, output: Output) -> None:
    found = list(rows)
    if not found:
        return
    cells = [[visible(column.cell(row)) for column in table.columns] for row in found]
    chosen, widths = _fit(table.columns, cells, output.width)
    lines = [
        [_cell(line[at], widths[at], table.columns[at].colour(row) if output.colour else "") for at in chosen]
        for row, line in zip(found, cells, strict=True)
    ]
    titles = [_cell(table.columns[at].title, widths[at], "bold" if output.colour else "") for at in chosen]
    for line in table.draw(titles, lines):
        output.stream.write(line.rstrip() + "\n")


def _cell(text: str, room: int, colour: str) -> str:
    short = shorten(text, room)
    return paint(short, colour) + " " * (room - width(short))


def _fit(columns: Sequence[Column], cells: Sequence[Sequence[str]], room: int) -> tuple[list[int], list[int]]:
    """Which columns to show, and how wide each is: first cut, then leave out by rank, then cut more."""
    full = [
        max(width(column.title), *(width(line[at]) for line in cells)) for at, column in enumerate(columns)
    ]
    chosen = list(range(len(columns)))
    while True:
        widths, over = _squeeze(columns, chosen, full, room, 1)
        last = max(chosen, key=lambda at: columns[at].rank)
        if over <= 0:
            return chosen, widths
        if not columns[last].rank:
            return chosen, _squeeze(columns, chosen, full, room, 2)[0]
        chosen.remove(last)


def _squeeze(
    columns: Sequence[Column], chosen: Sequence[int], full: Sequence[int], room: int, part: int
) -> tuple[list[int], int]:
    """Widths, columns cut down to floor / `part`, the last first; and what is still too much."""
    widths = list(full)
    over = sum(widths[at] for at in chosen) + _GAP * (len(chosen) - 1) - room if room else 0
    for at in reversed(chosen):
        if columns[at].floor:
            give = max(0, min(over, widths[at] - columns[at].floor // part))
            widths[at] -= give
            over -= give
    return widths, over


def _write_json(rows: Iterable[Any], table: Table, output: Output) -> None:
    import json

    lead = "["
    for row in rows:
        output.stream.write(f"{lead}\n  {json.dumps(table.record(row))}")
        lead = ","
    output.stream.write("[]\n" if lead == "[" else "\n]\n")


def _write_jsonl(rows: Iterable[Any], table: Table, output: Output) -> None:
    import json

    for row in rows:
        output.stream.write(json.dumps(table.record(row)) + "\n")


def _write_csv(rows: Iterable[Any], table: Table, output: Output) -> None:
    import csv

    writer = csv.writer(output.stream, lineterminator="\n")
    writer.writerow(table.fields)
    for row in rows:
        record = table.record(row)
        writer.writerow([_csv_value(record[field]) for field in table.fields])


def _csv_value(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (Mapping, list, tuple)):
        return value
    import json

    return json.dumps(value)


def _write_names(rows: Iterable[Any], table: Table, output: Output) -> None:
    for row in rows:
        output.stream.write(table.name(row) + "\n")


_WRITERS: dict[Format, Callable[[Iterable[Any], Table, Output], None]] = {
    "table": _write_table,
    "json": _write_json,
    "jsonl": _write_jsonl,
    "csv": _write_csv,
    "names": _write_names,
}
