"""`contenant history`: views of what is on record. Without a view it is the timeline."""

from __future__ import annotations

from contenant.cli.command import Lazy
from contenant.cli.implied import ImpliedGroup
from contenant.cli.root import COMMANDS

HISTORY_COMMANDS = {
    "timeline": Lazy("history_timeline", "Show sessions and what happened to containers, newest first."),
    "sessions": Lazy("history_sessions", "Show sessions, by what they ran on, under and against."),
    "events": Lazy("history_events", "Show every line of the audit log, newest first."),
    "egress": Lazy("history_egress", "Show what left the containers of all projects and what was refused."),
    "policies": Lazy("history_policies", "Show the policies that were in force, newest first."),
    "diff": Lazy("history_diff", "Say what changed between two sessions."),
}


command = ImpliedGroup(
    "history",
    usages=("[TIMELINE OPTIONS] [PATH]", "VIEW [ARGS]..."),
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
