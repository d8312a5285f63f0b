"""`contenant history`: views of what is on record. Without a view it is the timeline."""

from __future__ import annotations

from typing import Any

import click

from contenant.cli.command import Lazy, LazyGroup
from contenant.cli.root import COMMANDS

DEFAULT = "timeline"
HISTORY_COMMANDS = {
    DEFAULT: Lazy("history_timeline", "Show sessions and what happened to containers, newest first."),
    "sessions": Lazy("history_sessions", "Show sessions, by what they ran on, under and against."),
    "events": Lazy("history_events", "Show every line of the audit log, newest first."),
    "egress": Lazy("history_egress", "Show what left the containers of all projects and what was refused."),
    "policies": Lazy("history_policies", "Show the policies that were in force, newest first."),
    "diff": Lazy("history_diff", "Say what changed between two sessions."),
}


class History(LazyGroup):
    """Adds the implied view."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        # An empty command line under completion is a question for views, not the timeline.
        implied = first not in (*self.lazy, "-h", "--help") and (args or not ctx.resilient_parsing)
        return super().parse_args(ctx, [DEFAULT, *args] if implied else args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[TIMELINE OPTIONS] [PATH]")
        formatter.write_usage(ctx.command_path, "VIEW [ARGS]...", prefix="       ")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        found = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            return found
        timeline = self.get_command(ctx, DEFAULT)
        known = {item.value for item in found}
        more = timeline.shell_complete(ctx, incomplete) if timeline else []
        return found + [item for item in more if item.value not in known]


command = History(
    "history",
    lazy=HISTORY_COMMANDS,
    examples=(
        ("contenant history", "everything, the last 50 lines"),
        ("contenant history . --kind session", "who ran what in this project"),
        ("contenant history --since 7d --json", "a week, for programs"),
        ("contenant history sessions --denied example.com", "which sessions were refused a host"),
        ("contenant history sessions --allowed example.com", "which ran while it was allowed"),
        ("contenant history diff last-1 last", "what changed since the session before"),
    ),
    short_help=COMMANDS["history"].summary,
    help="""Show sessions and what happened to containers, newest first.

    Without a view it is `contenant history timeline`, whose options may follow at once. A project directory
    that is called like a view is written ./sessions. No engine is asked: docs/audit.md.
    """,
)
