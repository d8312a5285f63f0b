"""The root command: `contenant` alone, or with options of `run`, is `contenant run` here."""

from __future__ import annotations

from typing import Any

import click

from contenant import __version__
from contenant.cli.command import Lazy, LazyGroup, write_exits
from contenant.cli.exits import EXITS
from contenant.cli.option import Option
from contenant.cli.settings import global_options

IMPLICIT_RUN = "contenant.implicit_run"  # in Context.meta: `run` was not written

COMMANDS = {
    "run": Lazy("run", "Open a project's container: reattach to the agent or run a command."),
    "list": Lazy("list", "List the containers of all projects."),
    "show": Lazy("show", "Show everything about one project's container."),
    "attach": Lazy("attach", "Come back to a session that lives without a terminal."),
    "logs": Lazy("logs", "Show what a detached session said."),
    "wait": Lazy("wait", "Wait until sessions have ended; pass their exit code on."),
    "send": Lazy("send", "Type into a session's terminal."),
    "stop": Lazy("stop", "Stop containers; they keep their content."),
    "clean": Lazy("clean", "Remove containers and images, after showing what and why."),
    "top": Lazy("top", "Show what the containers use: processors, memory, processes."),
    "port": Lazy("port", "List and change the ports of a container that are published on this machine."),
    "put": Lazy("put", "Copy files into a project's drop folder, for the agent."),
    "get": Lazy("get", "Copy files out of a project's drop folder, or list them."),
    "paste": Lazy("paste", "Put the clipboard into a project's drop folder."),
    "history": Lazy("history", "Show sessions and what happened to containers, newest first."),
    "usage": Lazy("usage", "Show what the agent used: tokens, and estimates of what they cost."),
    "verify": Lazy("verify", "Prove that the record holds, or that a container is what was recorded."),
    "auth": Lazy("auth", "Show, keep or forget the credential that sessions get."),
    "config": Lazy("config", "Show and edit settings, trust a project's."),
    "firewall": Lazy("firewall", "Say what may leave a container, and see what tried to."),
    "db": Lazy("db", "Back up, restore and check the database of records."),
    "image": Lazy("image", "Build and list images, choose the version in them."),
    "doctor": Lazy("doctor", "Say what is wrong with this installation, and what mends it."),
    "help": Lazy("help", "Explain a topic or a command."),
    "completion": Lazy("completion", "Print the completion script for a shell."),
}

EXAMPLES = (
    ("contenant", "Claude Code in this project's container; again: back to the same"),
    ("contenant -- bash", "a shell beside it"),
    ("contenant list", "every container, when it was last used, and by how many"),
    ("contenant clean --stale 30d", "remove what was not used for 30 days"),
)

# Options of the root itself, and how many words each takes. Any other option belongs to `run`.
_OWN = {"-q": 1, "--quiet": 1, "--color": 2, "--version": 1, "-h": 1, "--help": 1}


class Root(LazyGroup):
    """Adds the implied `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = _first_foreign(args)
        # An empty command line under completion is a question for commands, not a run.
        implied = args[at].startswith("-") if at < len(args) else not ctx.resilient_parsing
        if implied:
            ctx.meta[IMPLICIT_RUN] = True
            args = [*args[:at], "run", *args[at:]]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[RUN OPTIONS] [-- CMD...]", prefix="Usage: ")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix="       ")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_exits(list(EXITS), formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        found = super().shell_complete(ctx, incomplete)
        run = self.get_command(ctx, "run") if incomplete.startswith("-") else None
        known = {item.value for item in found}
        return found + [
            item for item in (run.shell_complete(ctx, incomplete) if run else []) if item.value not in known
        ]


def _first_foreign(args: list[str]) -> int:
    """Index of the first word that is no option of the root."""
    at = 0
    while at < len(args):
        taken = 1 if args[at].startswith("--color=") else _OWN.get(args[at], 0)
        if not taken:
            break
        at += taken
    return min(at, len(args))


def _show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"contenant {__version__}")
        ctx.exit()


_VERSION = Option(
    ["--version"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)

command = Root(
    "contenant",
    lazy=COMMANDS,
    examples=EXAMPLES,
    help="Run Claude Code in isolated, state-tracked Linux containers, one per project.",
    params=[*global_options(environment=True), _VERSION],
)
