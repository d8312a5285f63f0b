"""`contenant run`: the agent, or a command, in a project's container."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from contenant.cli.colour import is_terminal
from contenant.cli.command import Command, no_such_command
from contenant.cli.option import option
from contenant.cli.options import ContainerName, ProjectPath, engine_option
from contenant.cli.own_failure import passing_on
from contenant.cli.root import COMMANDS, IMPLICIT_RUN
from contenant.cli.settings import settings_of, ui_of
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.app.results import RunRequest
    from contenant.cli.ui import TerminalUi

_COMMAND = "contenant.run.argv"  # in Context.meta: what stood behind --


class RunCommand(Command):
    """Takes everything behind `--` as the command, untouched."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[_COMMAND] = tuple(args[at + 1 :])
            args = args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- CMD...]"]


@click.command(
    cls=RunCommand,
    short_help=COMMANDS["run"].summary,
    examples=(
        ("contenant", "the same as contenant run in this directory"),
        ("contenant run ~/work/shop", "the agent there"),
        ("contenant run -- make test", "a command here; its exit code is contenant's"),
        ("contenant --new", "a second agent beside the running one"),
        ("contenant --name review", "the agent in a further container of this project"),
        ("contenant --worktree fix-login", "the agent on a branch of its own, beside the project"),
        ('contenant run -d -- claude -p "fix it"', "begin it and go on here; contenant wait, logs"),
        ("contenant --adopt-from ~/old/shop", "the directory was moved from there"),
        ("contenant --host-service 5432", "the database of this machine, at 127.0.0.1:5432 inside"),
        ("contenant --publish 8000:8000", "port 8000 of this machine to the container's"),
    ),
    exits=(0, 2, 3, 4, 5, 6, 125, 126, 127),
)
@click.argument("path", type=ProjectPath(), required=False)
@engine_option
@option(
    "--name",
    "variant",
    type=ContainerName(),
    default="",
    metavar="NAME",
    help="A further container of the project, called so.",
)
@option(
    "--worktree",
    metavar="BRANCH",
    help="In the git worktree (or jj workspace) of BRANCH beside the project; it is made.",
)
@option("--worktree-metadata", is_flag=True, help="Mount the repository of a worktree that you made, too.")
@option("--new", is_flag=True, help="Start a further agent session instead of reattaching.")
@option("--recreate", is_flag=True, help="Make the container anew from today's image and options.")
@option("--force", is_flag=True, help="Use a refused path; recreate although sessions are live.")
@option("--read-only", is_flag=True, help="Give the container the project read-only.")
@option("--cpus", type=click.IntRange(min=1), metavar="N", help="Number of CPUs.")
@option("--memory", metavar="SIZE", help="Memory, such as 4g or 512m.")
@option("--pids", type=click.IntRange(min=64), metavar="N", help="Number of processes and threads.")
@option("--no-wait", is_flag=True, help="Fail where max_running containers run, rather than wait.")
@option(
    "-e",
    "--env",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Variable for the session; by name alone: this shell's value.",
)
@option(
    "--mount", "mounts", multiple=True, metavar="SRC:DST[:ro]", help="A further directory of this machine."
)
@option(
    "-p",
    "--publish",
    multiple=True,
    metavar="[IP:]HOST:CONTAINER",
    help="A container port on this machine (127.0.0.1).",
)
@option(
    "--host-service",
    type=click.IntRange(1, 65535),
    multiple=True,
    metavar="PORT",
    help="Show this session what listens at 127.0.0.1:PORT here, at the same port.",
)
@option("--ssh", is_flag=True, help="Let this session list and use the keys of your SSH agent.")
@option("-d", "--detach", is_flag=True, help="Begin the session, print its id and leave it to itself.")
@option("--notify", is_flag=True, help="Ring, and notify the desktop, when the agent waits or is done.")
@option(
    "--adopt-from",
    type=ProjectPath(),
    metavar="PATH",
    help="The project was at PATH: carry its history, rules and agent's home over.",
)
@click.pass_context
def command(ctx: click.Context, /, path: Path | None, **options: Any) -> int:
    """Open a project's container and run the agent in it, or CMD.

    The container is made when there is none, started when it is stopped. Without CMD, contenant
    reattaches to the agent's live session, or starts one. PATH is the current directory unless given.

    With --detach, a new session is begun that lives on without contenant: attach, send, logs, wait and
    list reach it. It needs no terminal here; the agent has one in the container.

    A directory that was moved is recognised, and contenant offers to carry its record over. --adopt-from
    names its old place where it is not recognised, or where there is no terminal to ask on.

    --name (or PATH@NAME) opens a further container of the project beside its first, with an agent's home of
    its own.

    --worktree makes the git worktree PROJECT.worktrees/BRANCH, or uses it again, and runs there, as a project
    of its own with the repository's metadata mounted: the branch is checked out, or begun at HEAD. Where jj
    works without git, it is a jj workspace of that name.

    The exit code is CMD's. When contenant itself fails, its own code says why: 2 to 6 before CMD could
    start, 125 for anything else; a line starting with "contenant: error:" tells it from CMD's.
    """
    argv = _argv(ctx, path)
    variant = options.pop("variant")
    from pathlib import Path

    from contenant.app.project import target
    from contenant.app.results import RunRequest
    from contenant.app.run import run

    where = target(path or Path(), variant or None)
    if options["detach"] and options["ssh"]:
        raise UsageError(
            "--detach and --ssh exclude each other", hint="the agent is lent while contenant shows a session"
        )
    request = RunRequest(
        path=where.path,
        variant=where.variant or "",
        argv=argv,
        stdin_tty=is_terminal(sys.stdin),
        stdout_tty=is_terminal(sys.stdout),
        **options,
    )
    begun = (click.echo,) if request.detach else ()
    ui = _ui(ctx, request)
    return passing_on(ctx, lambda: run(request, ui, *begun))


def _ui(ctx: click.Context, request: RunRequest) -> TerminalUi:
    """The voice of a run, which at a terminal says before its first one what it is going to do."""
    ui = ui_of(ctx)
    if is_terminal(sys.stderr) and request.stdin_tty:
        if not settings_of(ctx).quiet:
            from contenant.cli.first_run import introduce

            introduce(request, ui)
        ui.waiting("bringing the container up")
    return ui


def _argv(ctx: click.Context, path: Path | None) -> tuple[str, ...]:
    if path is not None and ctx.meta.get(IMPLICIT_RUN):
        word = str(path)
        if word in COMMANDS:
            raise UsageError(f"{word} must come first", hint=f"its options follow it: contenant {word} …")
        raise no_such_command(word, list(COMMANDS), "contenant")
    argv: tuple[str, ...] | None = ctx.meta.get(_COMMAND)
    if argv == ():
        raise UsageError("no command behind --", hint="leave -- out to start the agent")
    return argv or ()
