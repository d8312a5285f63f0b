"""docs/output.md: what every command promises to write, made from its keys and their types."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from contenant.cli.keys import KEYS, STREAMS

CONTRACT = Path(__file__).resolve().parents[2] / "tests" / "cli" / "contract.json"
MADE = "<!-- Made by `python -m contenant.cli.reference`; change the code, not this file. -->"

HEAD = f"""{MADE}

# Output

Data goes to standard output, everything else to standard error. What stays stable: commands, options, exit
codes, and the keys and types below, which are only ever added to. The layout of tables may change, and so may
the wording of messages.

## Formats

Every command that gives data or reports what it did takes `--format`; `--json` is short for `--format json`.

- `table`: for people. A command that only reports what it did says so on standard error. Times are relative
  or local. Control characters in names and paths are shown as escapes such as `\\x1b`. On a narrow terminal
  paths are cut in the middle, then columns are left out; without a terminal no line is cut.
- `json`: one array, written row by row; or one object where the keys below have dots. `jsonl`: one object a
  line. Keys come in the order below. Moments are ISO-8601 UTC. A byte of a path that is not UTF-8 is a lone
  surrogate (`\\udcff`), as Python has it.
- `csv`: a header and the same keys, always UTF-8, values exact; an object becomes rows of `key` and `value`.
  Nothing is changed to disarm what a spreadsheet would take for a formula: import it as text.
- `-q`: names or ids only, one a line, and no notes; of one object, the name of what it is about.

## Colour and width

Colour: `--color`, else `CONTENANT_COLOR`, else `NO_COLOR`, else `FORCE_COLOR`, else whether it is a terminal
that can: not where `TERM` is `dumb` or not set. The width is the terminal's, or `COLUMNS`. A reader that goes
away (`contenant history | head`) ends it without a message, with exit code 141.

## Failures

A failure is one line on standard error, with a hint below it. With `--json` (or `--format json` or `jsonl`)
it is one JSON object there: `error` (the kind, such as `not-found`), `message`, `hint` and `exit_code`. The
codes: [exit-codes.md](exit-codes.md). Notes and warnings, which are text, may stand before it. Rows together
with an exit code (such as 3, where one of several engines does not answer) are no failure: a warning says
what is wrong.

## Keys

A dot leads into an object, `[]` into each item of a list, `*` stands for any name. `null` beside a type: it
is null where the text says so.
"""


def page() -> str:
    """The whole document."""
    types = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return "\n".join((HEAD, *_commands(types), *_streams()))


def _commands(types: dict[str, dict[str, str]]) -> Iterator[str]:
    for name, keys in KEYS.items():
        known = types.get(name, {})
        rows = [(f"`{key}`", known.get(key, "").replace("|", " or "), text) for key, text in keys.items()]
        yield f"### {name}\n\n{table(('Key', 'Type', 'Value'), rows)}"


def _streams() -> Iterator[str]:
    yield "## Without formats\n"
    yield "".join(f"- `{name}`: {why}.\n" for name, why in STREAMS.items())


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
