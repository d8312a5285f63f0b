"""How every command looks: examples first, exit codes last, groups that import a command only when used."""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click

from contenant.cli.colour import help_width
from contenant.cli.exits import EXITS
from contenant.cli.option import HELP
from contenant.cli.settings import global_options
from contenant.errors import UsageError

Examples = Sequence[tuple[str, str]]  # a command line, what it is for


class Lazy(NamedTuple):
    """A command that is not imported yet."""

    module: str  # under contenant.cli; holds a click command named `command`
    summary: str  # one line of help, equal to the command's own


class _Plain(click.Command):
    """Help in English, as wide as the terminal, without the modules that click loads for either."""

    def get_help_option(self, ctx: click.Context) -> click.Option:
        return HELP

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # click's parser does not say whose option lacks its argument
            raise

    def get_help(self, ctx: click.Context) -> str:
        ctx.terminal_width = ctx.terminal_width or help_width(sys.stdout, os.environ)
        return super().get_help(ctx)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix="Usage: ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = [p.get_help_record(ctx) for p in self.get_params(ctx) if not isinstance(p, click.Argument)]
        with formatter.section("Options"):
            formatter.write_dl([record for record in found if record is not None])


class Command(_Plain):
    """A command with examples and named exit codes in its help."""

    def __init__(
        self, name: str | None, *, examples: Examples = (), exits: Sequence[int] = (0, 2), **kwargs: Any
    ) -> None:
        super().__init__(name, **kwargs)
        self.examples = examples
        self.exits = exits
        self.params.extend(global_options(environment=False))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_text(self.help or "", self.examples, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_exits(self.exits, formatter)


class LazyGroup(_Plain, click.Group):
    """A group that knows its commands by name and summary, and imports the one that is called."""

    def __init__(
        self, name: str, *, lazy: Mapping[str, Lazy], examples: Examples = (), **kwargs: Any
    ) -> None:
        super().__init__(name, **kwargs)
        self.lazy = lazy
        self.examples = examples

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            raise UsageError(
                f"{ctx.command_path} needs a command",
                hint=f"commands: {', '.join(self.lazy)}; see {ctx.command_path} --help",
            )
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        module = importlib.import_module(f"contenant.cli.{self.lazy[cmd_name].module}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        command = self.get_command(ctx, args[0])
        if command is None and not ctx.resilient_parsing:
            raise no_such_command(args[0], list(self.lazy), ctx.command_path)
        return (args[0] if command else None), command, args[1:]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_text(self.help or "", self.examples, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.lazy.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        names = [name for name in self.lazy if name.startswith(incomplete)]
        found = [CompletionItem(name, help=self.lazy[name].summary) for name in names]
        return found + click.Command.shell_complete(self, ctx, incomplete)


def no_such_command(word: str, known: Sequence[str], path: str) -> UsageError:
    """The error for an unknown word, with what was probably meant."""
    from difflib import get_close_matches

    close = get_close_matches(word, dict.fromkeys(known), n=2)
    hint = f"did you mean {' or '.join(close)}?" if close else f"commands: {', '.join(known)}"
    if path == "contenant":
        hint += " (a project path goes behind run)"
    return UsageError(f"no such command: {word}", hint=hint)


def write_text(text: str, examples: Examples, formatter: click.HelpFormatter) -> None:
    """The first paragraph, the examples, then the rest: what most people look for comes first."""
    if "\n" in text:
        import inspect  # costs as much as half of click

        text = inspect.cleandoc(text)
    summary, _, rest = text.partition("\n\n")
    _write_paragraphs(summary, formatter)
    if examples:
        with formatter.section("Examples"):
            formatter.write_dl(list(examples), col_max=40)
    if rest:
        _write_paragraphs(rest, formatter)


def _write_paragraphs(text: str, formatter: click.HelpFormatter) -> None:
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(text)


def write_exits(codes: Sequence[int], formatter: click.HelpFormatter) -> None:
    """The section "Exit codes"."""
    if codes:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), EXITS[code]) for code in codes])
