"""A group in which one command need not be written: its options may follow the group's name at once."""

from __future__ import annotations

import os
from typing import Any

import click

from contenant.cli.command import LazyGroup, no_such_command


class ImpliedGroup(LazyGroup):
    """Its first command is the one that is meant where none is written."""

    def __init__(self, name: str, *, usages: tuple[str, str], **kwargs: Any) -> None:
        """`usages`: what may follow without a command, and with one."""
        super().__init__(name, **kwargs)
        self.default = next(iter(self.lazy))
        self.usages = usages

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if not ctx.resilient_parsing:
            self._refuse_slip(first, ctx)
        # An empty command line under completion is a question for commands, not the implied one.
        implied = first not in (*self.lazy, "-h", "--help") and (args or not ctx.resilient_parsing)
        return super().parse_args(ctx, [self.default, *args] if implied else args)

    def _refuse_slip(self, word: str, ctx: click.Context) -> None:
        """Raise UsageError for what is nearly a command, and can be nothing else."""
        if not word or word in self.lazy or word.startswith("-") or "/" in word or os.path.lexists(word):
            return
        from difflib import get_close_matches

        if get_close_matches(word, self.lazy, 1, 0.75):
            raise no_such_command(word, list(self.lazy), ctx.command_path)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        alone, named = self.usages
        formatter.write_usage(ctx.command_path, alone)
        formatter.write_usage(ctx.command_path, named, prefix="       ")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        found = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            return found
        implied = self.get_command(ctx, self.default)
        known = {item.value for item in found}
        more = implied.shell_complete(ctx, incomplete) if implied else []
        return found + [item for item in more if item.value not in known]
