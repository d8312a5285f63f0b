"""Writes the documents that follow from the code: `python -m contenant.cli.reference [--check]`.

docs/reference.md from every command's --help, docs/exit-codes.md from the table of exit codes and errors.py,
packaging/contenant.1 (the man page) from both. A maintainer's tool: it works in a checkout only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import click

import contenant.cli.list as list_command
from contenant import errors
from contenant.cli import (
    auth_status,
    config_show,
    db_check,
    doctor,
    drop_options,
    firewall_diff,
    firewall_log,
    firewall_options,
    firewall_probe,
    firewall_show,
    firewall_suggest,
    get,
    history_diff,
    history_egress,
    history_policies,
    history_sessions,
    history_timeline,
    image_list,
    manual,
    outcomes,
    port_list,
    top,
    usage,
    verify,
)
from contenant.cli.command import LazyGroup
from contenant.cli.exits import EXITS
from contenant.cli.root import command as root

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 100
MADE = "<!-- Made by `python -m contenant.cli.reference`; change the code, not this file. -->"

KEYS: Mapping[str, Mapping[str, str]] = {
    "contenant list": list_command.FIELDS,
    "contenant history timeline": history_timeline.FIELDS,
    "contenant history sessions": history_sessions.FIELDS,
    "contenant history events": history_timeline.FIELDS,
    "contenant history egress": history_egress.FIELDS,
    "contenant history policies": history_policies.FIELDS,
    "contenant history diff": history_diff.FIELDS,
    "contenant verify": verify.FIELDS,
    "contenant clean": outcomes.FIELDS,
    "contenant stop": outcomes.FIELDS,
    "contenant firewall show": firewall_show.FIELDS,
    "contenant firewall allow": firewall_options.CHANGE_FIELDS,
    "contenant firewall log": firewall_log.FIELDS,
    "contenant firewall test": firewall_probe.FIELDS,
    "contenant firewall suggest": firewall_suggest.FIELDS,
    "contenant firewall diff": firewall_diff.FIELDS,
    "contenant image list": image_list.FIELDS,
    "contenant auth status": auth_status.FIELDS,
    "contenant config show": config_show.FIELDS,
    "contenant doctor": doctor.FIELDS,
    "contenant db check": db_check.FIELDS,
    "contenant usage": usage.FIELDS,
    "contenant port list": port_list.FIELDS,
    "contenant top": top.FIELDS,
    "contenant put": drop_options.PASSED_FIELDS,
    "contenant get": get.ENTRY_FIELDS,
}

REFERENCE_HEAD = f"""{MADE}

# Command reference

`contenant` alone is `contenant run` in the current directory; options of `run` may follow it directly.
`--color` and `-q` may stand before or after the command. Exit codes: [exit-codes.md](exit-codes.md).

## Output

Data goes to standard output, everything else to standard error. Without a terminal there is no colour and
no line is cut. What stays stable: commands, options, exit codes and JSON keys, which are only ever added to.
The layout of tables may change.

- `table`: for people. Control characters in names and paths are shown as escapes such as `\\x1b`. On a narrow
  terminal paths are cut in the middle, then columns are left out.
- `json`: one array, written row by row. `jsonl`: one object a line. Moments are ISO-8601 UTC. A byte of a
  path that is not UTF-8 is a lone surrogate (`\\udcff`), as Python has it.
- `csv`: a header and the same keys, always UTF-8, values exact. Nothing is changed to disarm what a
  spreadsheet would take for a formula: import it as text.
- `-q`: names only, one a line.

Colour: `--color`, else `CONTENANT_COLOR`, else `NO_COLOR`, else `FORCE_COLOR`, else whether it is a terminal
that can.
"""

EXITS_HEAD = f"""{MADE}

# Exit codes

A failure is one line on standard error, `contenant: error: …`, most often with a hint below it. With `--json`
(or `--format json` or `jsonl`) it is one JSON object there instead: `error` (the kind, such as `not-found`),
`message`, `hint` and `exit_code`.
"""

EXITS_TAIL = """## contenant run

The exit code is the command's own, or 128 + n when signal n ended it. A failure of contenant itself keeps the
code of its kind where there is one, 2 to 6: the command was not started then. Any other failure of contenant
is 125, as with docker and podman, so that 1 is always the command's. Where the command may itself exit with
such a code, the line `contenant: error:` on standard error tells the two apart.
"""


def commands() -> Iterator[click.Context]:
    """A context for every command, groups before their members."""
    yield from _below(_context(root, "contenant", None))


def _below(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, LazyGroup):
        for name in context.command.list_commands(context):
            command = cast(click.Command, context.command.get_command(context, name))
            yield from _below(_context(command, name, context))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return click.Context(
        command, parent=parent, info_name=name, terminal_width=WIDTH, **command.context_settings
    )


def reference() -> str:
    """docs/reference.md."""
    parts = [REFERENCE_HEAD]
    for context in commands():
        parts.append(f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n")
        if keys := KEYS.get(context.command_path):
            parts.append(_table(("Key", "Value"), [(f"`{key}`", text) for key, text in keys.items()]))
    return "\n".join(parts)


def exit_codes() -> str:
    """docs/exit-codes.md."""
    rows = [(str(code), meaning, _kinds(code)) for code, meaning in EXITS.items()]
    return "\n".join((EXITS_HEAD, _table(("Code", "Meaning", "Failures"), rows), EXITS_TAIL))


def _kinds(code: int) -> str:
    named = [kind for kind in error_kinds() if kind.exit_code == code and kind is not errors.ContenantError]
    return "<br>".join(" ".join((kind.__doc__ or "").split()) for kind in named)


def error_kinds() -> list[type[errors.ContenantError]]:
    """Every class of failure, in the order of errors.py."""
    found = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [kind for kind in found if issubclass(kind, errors.ContenantError)]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def man_page() -> str:
    """packaging/contenant.1."""
    return manual.page(list(commands()))


FILES: Mapping[str, Callable[[], str]] = {
    "docs/reference.md": reference,
    "docs/exit-codes.md": exit_codes,
    "packaging/contenant.1": man_page,
}


def main(arguments: Sequence[str]) -> int:
    """Write the documents, or with --check only say which differ; returns the exit code."""
    stale = 0
    for name, make in FILES.items():
        path, text = ROOT / name, make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            sys.stderr.write(f"{name} is not what the code says: run python -m contenant.cli.reference\n")
            stale = 1
        else:
            path.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
