"""Options that cost a start less than click's own: their help is one line, and in English.

click cleans every help text by `inspect`, which loads the interpreter's parser and disassembler, and looks
for a translation of its own texts, which loads `locale`: together more than half of a bare interpreter.
"""

from __future__ import annotations

import functools
from typing import Any

import click


class Option(click.Option):
    """An option whose help is one clean line."""

    def __init__(self, *args: Any, help: str | None = None, **kwargs: Any) -> None:  # noqa: A002 - click's name
        super().__init__(*args, **kwargs)
        self.help = help


option = functools.partial(click.option, cls=Option)


def _show_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help())
        ctx.exit()


HELP = Option(
    ["-h", "--help"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_help,
    help="Show this message and exit.",
)
