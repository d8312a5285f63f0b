"""JSON as Foundation writes it, YAML and TOML as the later releases offer them."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

from .settings import Settings

REFERENCE_DATE = 978307200.0  # 2001-01-01T00:00:00Z, from which Foundation counts


def iso(moment: float) -> str:
    """ISO-8601 without a fraction, as JSONEncoder's .iso8601 strategy writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def since_reference(moment: float) -> float:
    """Seconds since 2001, JSONEncoder's default before 1.0."""
    return moment - REFERENCE_DATE


def string(text: str, slashes: bool) -> str:
    """One JSON string; Foundation writes `/` as `\\/` unless told otherwise."""
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted.replace("/", "\\/") if slashes else quoted


class Encoder:
    """JSONEncoder: `slashes` escapes them, `pretty` spreads the output, `ordered` sorts the keys."""

    def __init__(self, slashes: bool, pretty: bool, ordered: bool) -> None:
        self.slashes = slashes
        self.pretty = pretty
        self.ordered = ordered

    def encode(self, value: Any, depth: int = 0) -> str:
        """The text of one value."""
        if isinstance(value, str):
            return string(value, self.slashes)
        if isinstance(value, dict):
            pairs = list(value.items())
            if self.ordered:
                pairs.sort()
            else:
                random.shuffle(pairs)
            colon = " : " if self.pretty else ":"
            items = [string(key, self.slashes) + colon + self.encode(item, depth + 1) for key, item in pairs]
            return self._join("{", items, "}", depth)
        if isinstance(value, list | tuple):
            return self._join("[", [self.encode(item, depth + 1) for item in value], "]", depth)
        return json.dumps(value)

    def _join(self, left: str, items: list[str], right: str, depth: int) -> str:
        if not self.pretty:
            return left + ",".join(items) + right
        inner, outer = "  " * (depth + 1), "  " * depth
        body = ",\n".join(inner + item for item in items)
        return f"{left}\n{body}\n{outer}{right}" if items else f"{left}\n\n{outer}{right}"


def to_json(settings: Settings, value: Any, pretty: bool = False) -> str:
    """JSON as the release prints it: slashes escaped before 1.4, keys in no order before 0.12."""
    return Encoder(not settings.at_least(1, 4), pretty, settings.at_least(0, 12)).encode(value)


def to_yaml(value: Any, indent: int = 0) -> str:
    """Block YAML; scalars in JSON's form, which YAML reads."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        rows = []
        for key, item in sorted(value.items()):
            nested = isinstance(item, dict | list) and bool(item)
            rows.append(
                f"{pad}{key}:" + ("\n" + to_yaml(item, indent + 1) if nested else " " + json.dumps(item))
            )
        return "\n".join(rows)
    if isinstance(value, list) and value:
        return "\n".join(f"{pad}-\n{to_yaml(item, indent + 1)}" for item in value)
    return pad + json.dumps(value)


def to_toml(value: Any) -> str:
    """TOML has no array at the top: an array goes under `items`."""
    table = {"items": value} if isinstance(value, list) else value
    return "\n".join(f"{key} = {toml_value(item)}" for key, item in sorted(table.items()))


def toml_value(value: Any) -> str:
    """One TOML value, tables inline."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key)} = {toml_value(item)}" for key, item in sorted(value.items()))
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def table(rows: list[list[str]]) -> str:
    """Columns padded by two spaces, as TableOutput does."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def render(
    settings: Settings,
    form: str | None,
    value: Any,
    rows: list[list[str]],
    quiet: list[str] | None,
    pretty: bool = False,
) -> str:
    """What a list command prints: --format beats --quiet from 1.0, quiet beats the format before."""
    chosen = form or "table"
    if quiet is not None and (chosen == "table" or not settings.at_least(1)):
        return "\n".join(quiet)
    if chosen == "json":
        return to_json(settings, value, pretty)
    if chosen == "yaml":
        return to_yaml(value)
    if chosen == "toml":
        return to_toml(value)
    return table(rows)
