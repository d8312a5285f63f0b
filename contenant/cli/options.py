"""Options and argument types that several commands share."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from contenant.cli.colour import is_terminal, terminal_width, wants_colour
from contenant.cli.option import option
from contenant.cli.settings import settings_of, ui_of
from contenant.core.engine_names import ENGINE_NAMES
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.cli.render import Format, Output

R = TypeVar("R")

FORMATS = ("table", "json", "jsonl", "csv")


class ProjectPath(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A project directory as it was typed. Whether it may be used is the use case's to say."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        from pathlib import Path

        if value == "":
            raise UsageError("the project path is empty", hint="write . for the current directory")
        return Path(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from contenant.cli.complete import project_paths

        return project_paths(incomplete)


class SessionName(ProjectPath):
    """The beginning of a session's id, or a project: as it was typed."""

    name = "session"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return str(super().convert(value, param, ctx))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from contenant.cli.complete import live_sessions

        return live_sessions(incomplete) or super().shell_complete(ctx, param, incomplete)


class ContainerName(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """What a further container of a project is called. Whether it can be is the use case's to say."""

    name = "name"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        from contenant.cli.complete import container_names

        return [CompletionItem(name) for name in container_names(_project(ctx), incomplete)]


def _project(ctx: click.Context) -> str:
    """The project that the command line names so far. Where it may name several, click keeps them apart."""
    own = next((name for name in ("path", "project", "session") if name in ctx.params), "")
    return str((ctx.params.get(own) if own else next(iter(ctx.args), None)) or ".")


name_option = option(
    "--name",
    type=ContainerName(),
    metavar="NAME",
    help="Which of the project's containers, as `list` shows it behind @.",
)

project_option = option(
    "--project",
    type=ProjectPath(),
    default=".",
    metavar="PATH",
    help="The project; the current directory unless given.",
)


class FileName(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A file or directory of this machine, as it was typed."""

    name = "file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from contenant.cli.complete import file_paths

        return file_paths(incomplete)


class BackupFile(ProjectPath):
    """A file of the database, as it was typed."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from contenant.cli.complete import file_paths

        return file_paths(incomplete)


class Recorded(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A text, for which the record has suggestions."""

    name = "text"

    def __init__(self, source: str) -> None:
        """`source`: which of contenant.cli.complete_records."""
        self._source = source

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from contenant.cli.complete_records import suggest

        return suggest(self._source, incomplete, _project(ctx))


class Owner(ProjectPath):
    """A project, or a container by its name."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from contenant.cli.complete_records import suggest

        names = suggest("containers", incomplete) if incomplete else []
        return names + super().shell_complete(ctx, param, incomplete)


engine_option = option(
    "--engine",
    type=click.Choice(ENGINE_NAMES),
    metavar="ENGINE",
    help="container (Apple's), podman or docker.",
)


def rendered(function: Callable[..., R]) -> Callable[..., R]:
    """Add `--format` and `--json` to a command, and hand it `output`."""

    @option(
        "--format", "form", type=click.Choice(FORMATS), metavar="FORMAT", help="table, json, jsonl or csv."
    )
    @option("--json", "as_json", is_flag=True, help="Short for --format json.")
    @click.pass_context
    @functools.wraps(function)
    def wrapper(ctx: click.Context, /, *args: Any, form: str | None, as_json: bool, **kwargs: Any) -> R:
        if as_json and form not in (None, "json"):
            raise UsageError(f"--json and --format {form} ask for different things", hint="give one of them")
        output = _output(ctx, "json" if as_json else form)
        if is_terminal(sys.stderr):
            ui = ui_of(ctx)
            ui.waiting(f"{ctx.command_path} is at work")
            output = output._replace(begin=ui.hush)
        return function(*args, output=output, **kwargs)

    return wrapper


def _output(ctx: click.Context, form: str | None) -> Output:
    from contenant.cli.render import Output  # a run and a completion render nothing

    settings = settings_of(ctx)
    settings.as_json = form in ("json", "jsonl")
    colour = wants_colour(settings.color, is_terminal(sys.stdout), os.environ)
    chosen = cast("Format", form or ("names" if settings.quiet else "table"))
    return Output(chosen, sys.stdout, colour=colour, width=terminal_width(sys.stdout, os.environ))
