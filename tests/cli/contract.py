"""The promise of every command's keys and their types: what a test compares with what is really written.

`contract.json` holds it: command -> key -> type, `|` between types. Only ever add to it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from contenant.cli.keys import KEYS

CONTRACT: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("contract.json").read_text(encoding="utf-8")
)


def found_types(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every key in a value, dotted, with its type."""
    if key:
        yield key, _type(value)
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from found_types(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, Mapping):
                for name, deeper in inner.items():
                    yield from found_types(deeper, f"{key}[].{name}")


def _type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", list: "list", dict: "object", type(None): "null"}
    return names[type(value)]


def promised(command: str, key: str) -> str:
    """The types that are promised of a key; "" where there is no promise."""
    promise = CONTRACT[command]
    if key in promise:
        return promise[key]
    for mark, kind in ((".", "object"), ("[].", "list")):  # what only leads to promised keys
        if any(name.startswith(key + mark) for name in promise):
            return kind
    parent, _, _ = key.rpartition(".")
    return promise.get(f"{parent}.*", "")


def broken(command: str, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What in the records is not promised, or of another type."""
    found = []
    for record in records:
        for key, kind in found_types(record):
            types = promised(command, key).split("|")
            fits = kind in types or (kind == "integer" and "number" in types)
            if not fits and not _is_free(command, key):
                found.append(f"{command}: {key} is {kind}, promised is {'|'.join(types) or 'nothing'}")
    return sorted(set(found))


def _is_free(command: str, key: str) -> bool:
    """Whether it is inside an object or a list of which nothing is promised but that it is one."""
    while "." in key:
        key = key.rpartition(".")[0].removesuffix("[]")
        inside = any(name.startswith((f"{key}.", f"{key}[].")) for name in CONTRACT[command])
        if promised(command, key) in ("object", "list") and not inside:
            return True
    return False


def command_of(arguments: Sequence[str]) -> str:
    """The heading in the contract of what a command line asks for; "" for none of them."""
    words = [word for word in arguments if not word.startswith("-")]
    names = [name for n in (2, 1) if (name := " ".join(("contenant", *words[:n]))) in KEYS]
    name = (
        names[0]
        if names
        else {"history": "contenant history timeline", "port": "contenant port list"}.get(
            words[0] if words else "", ""
        )
    )
    if "--with-proof" in arguments:
        return "contenant history --with-proof"
    if name == "contenant verify" and "--drift" in arguments:
        return "contenant verify --drift"
    if name == "contenant get" and len(words) > 1:
        return "contenant get NAME"
    return name


def form_of(arguments: Sequence[str]) -> str:
    """json or jsonl, "" where a command line asks for neither."""
    pairs = list(zip(("", *arguments), arguments, strict=False))
    if "--json" in arguments:
        return "json"
    return next((word for before, word in pairs if before == "--format" and word in ("json", "jsonl")), "")


def records_of(text: str, form: str) -> list[dict[str, Any]]:
    """What a command wrote as json or jsonl: its rows, or its one object."""
    if form == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    whole = json.loads(text)
    return whole if isinstance(whole, list) else [whole]


def header_of(text: str) -> list[str]:
    """The first row of CSV."""
    return next(csv.reader(io.StringIO(text)))
