"""The price list: the one of this package, and what the user's own says otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contenant import files
from contenant.core.usage import Price, Prices
from contenant.errors import ConfigError

MAX_BYTES = 256 * 1024
_KEYS = {"date", "source", "long_prompt", "models", "long"}
_SHAPE = "it needs a date and, for each model below [models], all five prices"


def load(path: str) -> Prices:
    """The package's list, overlaid by the file at `path`, model by model; "" for none. Raises ConfigError."""
    own = _read(Path(__file__).with_name("prices.toml"))
    if not path:
        return own
    other = _read(Path(path))
    named = {name: price for name, price in own.long.items() if name not in other.models}
    return Prices(
        date=f"{own.date}, own prices of {other.date}",
        source=f"{own.source} and {path}",
        long_prompt=other.long_prompt or own.long_prompt,
        models={**own.models, **other.models},
        long={**named, **other.long},
    )


def _read(path: Path) -> Prices:
    import tomllib

    try:
        data = files.read(path, MAX_BYTES, follow=True)
        if data is None:
            raise ConfigError(f"{path}: no such file", hint="correct the setting usage.prices")
        return _prices(tomllib.loads(data.decode()))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path}: not a price list: {error}", hint=_SHAPE) from error


def _prices(table: Mapping[str, Any]) -> Prices:
    if unknown := table.keys() - _KEYS:
        raise ValueError(f"unknown key {min(unknown)!r}")
    date, long_prompt = table.get("date"), table.get("long_prompt", 0)
    if not date:
        raise ValueError("it has no date")
    if not isinstance(long_prompt, int) or long_prompt < 0:
        raise ValueError("long_prompt is not a number of tokens")
    models, long = (_models(table.get(part, {})) for part in ("models", "long"))
    return Prices(str(date), str(table.get("source", "")), long_prompt, models, long)


def _models(table: object) -> dict[str, Price]:
    if not isinstance(table, Mapping):
        raise ValueError("models are not a table")
    return {name: _price(name, entry) for name, entry in table.items()}


def _price(name: str, entry: object) -> Price:
    if not isinstance(entry, Mapping) or entry.keys() != set(Price._fields):
        raise ValueError(f"{name} does not have exactly {', '.join(Price._fields)}")
    values = [entry[field] for field in Price._fields]
    good = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if not good or not all(math.isfinite(v) and v >= 0 for v in values):
        raise ValueError(f"a price of {name} is not an amount")
    return Price(*(float(value) for value in values))
