"""`contenant help`: a command's help, or a topic's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from contenant.cli.command import Command, LazyGroup, no_such_command
from contenant.cli.root import COMMANDS
from contenant.cli.root import command as root
from contenant.cli.topics import TOPICS
from contenant.errors import UsageError


class Words(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A topic, or a command as it is typed."""

    name = "words"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        try:
            above = _found(ctx.params.get(param.name or "") or (), ctx).command
        except UsageError:  # the command itself will say what is wrong
            return []
        known = {name: entry.summary for name, entry in getattr(above, "lazy", {}).items()}
        known |= _summaries() if above is root else {}
        return [
            CompletionItem(name, help=text) for name, text in known.items() if name.startswith(incomplete)
        ]


@click.command(
    cls=Command,
    short_help=COMMANDS["help"].summary,
    examples=(
        ("contenant help firewall", "what may leave, and how to change it"),
        ("contenant help image build", "the same as contenant image build --help"),
    ),
)
@click.argument("words", type=Words(), nargs=-1, metavar="[TOPIC|COMMAND...]")
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...]) -> int:
    """Explain a topic or a command.

    Topics: config, firewall, credentials, exit-codes. Without one, they are listed. A word that is a topic
    and a command, such as firewall, is explained as the topic; contenant firewall --help lists its commands.
    """
    sys.stdout.write(_text(words, ctx) + "\n")
    return 0


def _text(words: Sequence[str], ctx: click.Context) -> str:
    if not words:
        lines = [f"  contenant help {name:<12} {text}" for name, text in _summaries().items()]
        return "\n".join(
            [*lines, "", "contenant --help lists the commands; contenant help COMMAND explains one."]
        )
    if len(words) == 1 and words[0] in TOPICS:
        return TOPICS[words[0]][1]
    found = _found(words, ctx)
    return found.command.get_help(found)


def _found(asked: Sequence[str], ctx: click.Context) -> click.Context:
    """What these words name, from the top on. Raises UsageError where they name nothing."""
    found: click.Command = root
    context = click.Context(root, info_name="contenant", obj=ctx.obj)
    for word in asked:
        child = found.get_command(context, word) if isinstance(found, LazyGroup) else None
        if child is None:
            known = list(found.lazy) if isinstance(found, LazyGroup) else []
            words = [*TOPICS, *known] if found is root else known
            raise no_such_command(word, words, f"{context.command_path} help")
        found = child
        context = click.Context(found, info_name=word, parent=context)
    return context


def _summaries() -> dict[str, str]:
    return {name: text for name, (text, _) in TOPICS.items()}
