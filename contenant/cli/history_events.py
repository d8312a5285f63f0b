"""`contenant history events`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.history import HISTORY_COMMANDS
from contenant.cli.history_options import FAMILIES, credential_option, emit_newest, filtered, kind_option
from contenant.cli.history_timeline import table
from contenant.cli.options import rendered
from contenant.cli.settings import home, ui_of

if TYPE_CHECKING:
    from contenant.app.history import HistoryQuery
    from contenant.cli.render import Output


@click.command(
    cls=Command,
    short_help=HISTORY_COMMANDS["events"].summary,
    examples=(
        ("contenant history events . --since 7d", "this project's week"),
        ("contenant history events --kind rule --kind policy", "who changed what may leave"),
        ("contenant history events --kind config --json", "settings and trust, for programs"),
    ),
    exits=(0, 1, 2),
)
@filtered
@kind_option
@credential_option
@rendered
@click.pass_context
def command(
    ctx: click.Context,
    query: HistoryQuery,
    cut: bool,
    kinds: tuple[str, ...],
    credential: str,
    output: Output,
) -> int:
    """Show every line of the audit log, newest first.

    Sessions and egress too, which the timeline shows as rows of their own. Keys are those of the timeline;
    `data` holds the event as it was hashed.
    """
    from contenant.app.history import history

    query = query._replace(kinds=_as_events(kinds or FAMILIES), credential=credential)
    return emit_newest(history, query, cut, table(home()), output, lambda: ui_of(ctx))


def _as_events(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The kind `session` means rows of sessions; their events are named one by one."""
    named = [kind for kind in kinds if kind != "session"]
    return (*named, *(_OF_SESSIONS if "session" in kinds else ()))


_OF_SESSIONS = tuple(f"session.{name}" for name in ("starting", "ended", "reattached", "detached", "left"))
