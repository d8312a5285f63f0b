"""How a command tells what it did: notes for people, rows for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contenant.cli.render import Output, Table, emit


def emit_report(
    rows: Iterable[Mapping[str, Any]],
    fields: Mapping[str, str],
    key: str,
    output: Output,
    *,
    shown: bool = False,
) -> None:
    """Write rows of exactly `fields`; under --quiet the value of `key`.

    People are told by notes, so that a table holds nothing; with `shown`, the value of `key`, a line each.
    """
    if output.format == "table":
        if not shown:
            return
        output = output._replace(format="names")
    emit(rows, Table((), tuple(fields), lambda row: row, lambda row: str(row[key])), output)
