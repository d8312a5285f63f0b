"""Writes the documents that follow from the code: `python -m contenant.cli.reference [--check]`.

docs/reference.md from every command's --help, docs/output.md from the keys of what it writes,
docs/exit-codes.md from the table of exit codes and errors.py, packaging/contenant.1 (the man page) from all.
A maintainer's tool: it works in a checkout only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import click

from contenant import errors
from contenant.cli import manual, output_page
from contenant.cli.command import LazyGroup
from contenant.cli.exits import EXITS
from contenant.cli.output_page import MADE, table
from contenant.cli.root import command as root

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 100

REFERENCE_HEAD = f"""{MADE}

# Command reference

`contenant` alone is `contenant run` in the current directory; options of `run` may follow it directly.
`--color` and `-q` may stand before or after the command. Exit codes: [exit-codes.md](exit-codes.md).

What each command writes, in which formats and under which keys: [output.md](output.md).
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
    parts = [f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n" for context in commands()]
    return "\n".join((REFERENCE_HEAD, *parts))


def exit_codes() -> str:
    """docs/exit-codes.md."""
    rows = [(str(code), meaning, _kinds(code)) for code, meaning in EXITS.items()]
    return "\n".join((EXITS_HEAD, table(("Code", "Meaning", "Failures"), rows), EXITS_TAIL))


def _kinds(code: int) -> str:
    named = [kind for kind in error_kinds() if kind.exit_code == code and kind is not errors.ContenantError]
    return "<br>".join(" ".join((kind.__doc__ or "").split()) for kind in named)


def error_kinds() -> list[type[errors.ContenantError]]:
    """Every class of failure, in the order of errors.py."""
    found = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [kind for kind in found if issubclass(kind, errors.ContenantError)]


def man_page() -> str:
    """packaging/contenant.1."""
    return manual.page(list(commands()))


FILES: Mapping[str, Callable[[], str]] = {
    "docs/reference.md": reference,
    "docs/output.md": output_page.page,
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
