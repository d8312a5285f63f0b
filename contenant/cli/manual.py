"""The man page, in man(7) macros, from the commands' own help."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

import click

from contenant import __version__
from contenant.cli.command import Command, Examples, LazyGroup
from contenant.cli.exits import EXITS

ENVIRONMENT = (
    ("CONTENANT_HOME", "One directory for state, configuration and cache, instead of the XDG directories."),
    ("CONTENANT_ENGINE", "The engine for new containers: container, podman or docker."),
    ("CONTENANT_COLOR", "As --color: auto, always or never."),
    ("CONTENANT_QUIET", "1: as --quiet."),
    ("CONTENANT_DEBUG", "1: show the traceback of an unexpected failure."),
    ("NO_COLOR, FORCE_COLOR", "No colour; colour although it is no terminal."),
)
FILES = (
    ("$XDG_STATE_HOME/contenant", "Database, logs, backups (~/.local/state/contenant)."),
    ("$XDG_CONFIG_HOME/contenant/config.toml", "The user's settings (~/.config/contenant)."),
    ("$XDG_CACHE_HOME/contenant", "What can be made again (~/.cache/contenant)."),
)


def page(contexts: Sequence[click.Context]) -> str:
    """The whole page; the first context is the root."""
    root = contexts[0].command
    lines = [
        f'.TH CONTENANT 1 "" "contenant {__version__}" "User Commands"',
        ".SH NAME",
        f"contenant \\- {_plain(_summary(root))}",
        ".SH SYNOPSIS",
        ".B contenant",
        f"{_plain('[RUN OPTIONS] [-- CMD...]')}\n.br\n.B contenant\nCOMMAND [ARGS]...",
        ".SH DESCRIPTION",
        _plain("contenant alone is contenant run in the current directory; options of run may follow it."),
        ".SH OPTIONS",
        *_options(contexts[0]),
        ".SH COMMANDS",
    ]
    for context in contexts[1:]:
        lines += _command(context)
    lines += [".SH EXIT STATUS", *_terms((str(code), meaning) for code, meaning in EXITS.items())]
    lines += [".SH ENVIRONMENT", *_terms(ENVIRONMENT), ".SH FILES", *_terms(FILES)]
    lines += [".SH EXAMPLES", *_examples(root)]
    return "\n".join(lines) + "\n"


def _summary(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").partition("\n\n")[0]


def _command(context: click.Context) -> Iterator[str]:
    usage = context.get_usage().removeprefix("Usage: ")
    yield f".SS {_plain(' '.join(usage.split()))}"
    for paragraph in inspect.cleandoc(context.command.help or "").split("\n\n"):
        yield f".PP\n{_plain(' '.join(paragraph.split()))}"
    yield from _options(context)
    yield from _examples(context.command)


def _options(context: click.Context) -> Iterator[str]:
    params = [param for param in context.command.get_params(context) if isinstance(param, click.Option)]
    records = [param.get_help_record(context) for param in params]
    yield from _terms(record for record in records if record is not None)


def _examples(command: click.Command) -> Iterator[str]:
    examples: Examples = command.examples if isinstance(command, (Command, LazyGroup)) else ()
    yield from _terms(examples)


def _terms(pairs: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> Iterator[str]:
    for term, meaning in pairs:
        yield f".TP\n\\fB{_plain(term)}\\fR\n{_plain(meaning)}"


def _plain(text: str) -> str:
    """Text without meaning to troff: backslashes, hyphens that are minus signs, leading dots and quotes."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped[:1] in (".", "'") else escaped
