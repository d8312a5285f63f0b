"""Help: everywhere, examples first, exit codes last, no wider than a terminal."""

from __future__ import annotations

import click
import pytest

from contenant.cli.command import Command, LazyGroup
from contenant.cli.exits import EXITS
from contenant.cli.reference import commands
from tests.cli.conftest import Run

PATHS = [context.command_path for context in commands()]
COMMANDS = {context.command_path: context.command for context in commands()}


def test_the_commands_stand_in_the_order_of_their_use() -> None:
    wanted = [
        "contenant",
        "contenant run",
        "contenant list",
        "contenant show",
        "contenant stop",
        "contenant clean",
        "contenant history",
        "contenant image",
        "contenant image build",
        "contenant image list",
        "contenant image outdated",
        "contenant image upgrade",
        "contenant image rollback",
        "contenant completion",
    ]
    assert [path for path in PATHS if path in wanted] == wanted


@pytest.mark.parametrize("path", PATHS)
def test_help(run: Run, path: str) -> None:
    words = path.split()[1:]
    result = run(*words, "--help")
    assert (result.code, result.err) == (0, "")
    assert run(*words, "-h").out == result.out
    assert result.out.startswith(f"Usage: {path} [")
    assert all(len(line) <= 80 for line in result.out.splitlines())
    assert result.out.index("Examples:") < result.out.index("Options:")
    if isinstance(COMMANDS[path], Command):
        assert result.out.index("Options:") < result.out.index("Exit codes:")


@pytest.mark.parametrize("path", PATHS)
def test_every_option_says_what_it_does(path: str) -> None:
    context = next(context for context in commands() if context.command_path == path)
    for param in context.command.get_params(context):
        if isinstance(param, click.Option):
            assert param.help, f"{path} {param.name}"
            assert param.help.rstrip("]").endswith((".", "1", "R", "T", "Y")), (
                f"{path} {param.name}: {param.help}"
            )


@pytest.mark.parametrize("path", PATHS)
def test_the_summary_in_the_group_is_the_commands_own(path: str) -> None:
    command = COMMANDS[path]
    if isinstance(command, LazyGroup):
        for name, lazy in command.lazy.items():
            assert COMMANDS[f"{path} {name}"].short_help == lazy.summary


@pytest.mark.parametrize("path", PATHS)
def test_examples_are_command_lines_that_parse(path: str) -> None:
    command = COMMANDS[path]
    assert isinstance(command, (Command, LazyGroup))
    assert len(command.examples) >= 2
    assert (command.help or "").strip().split("\n")[0].rstrip(".") not in ("", path)
    for line, purpose in command.examples:
        assert purpose
        # What a shell does with the command, and lines of other programs, are not ours to parse.
        words = (
            line.removeprefix("source <(").removesuffix(")").partition(" | ")[0].partition(" < ")[0].split()
        )
        if words[0] == "contenant":
            _parse(words[1:])
    assert any("contenant" in line for line, _ in command.examples)


def _parse(words: list[str]) -> None:
    """Parse without running anything."""
    root = COMMANDS["contenant"]
    context = root.make_context("contenant", words)
    while isinstance(context.command, LazyGroup):
        # Public until click 8.2.
        protected = "_protected_args" if hasattr(context, "_protected_args") else "protected_args"
        rest = [*getattr(context, protected), *context.args]
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("path", PATHS)
def test_named_exit_codes_are_known(path: str) -> None:
    command = COMMANDS[path]
    if isinstance(command, Command):
        assert set(command.exits) <= set(EXITS)
        assert 0 in command.exits
        assert 2 in command.exits
