"""What the firewall's commands share: options, and how changed rules are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from contenant.cli.option import option
from contenant.cli.options import project_option, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.core.ages import from_text, parse_duration, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from contenant.app.firewall import RuleChange
    from contenant.cli.ui import TerminalUi
    from contenant.core.policy_rules import Wish

R = TypeVar("R")

# Key of JSON and CSV -> what it says. Only ever added to.
CHANGE_FIELDS = {
    "kind": "allow, deny, preset or mode",
    "entry": "the entry as the policy keeps it, the preset or the mode",
    "change": "added or removed",
    "reason": "why, in the author's words",
    "until": "moment at which it ends by itself, empty for none",
    "in_force": "now, at the next start, or unknown where an engine did not answer",
    "policy": "hash of the policy that came of it",
}

reason_option = option("--reason", default="", metavar="TEXT", help="Why; it is kept with the rule.")


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A duration such as 2h, from now."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        return value if isinstance(value, timedelta) else parse_duration(value)


duration_option = option(
    "--for", "duration", type=Duration(), metavar="TIME", help="End by itself after 90m, 12h, 30d, 6w or 1y."
)


def rule_options(function: Callable[..., R]) -> Callable[..., R]:
    """For how long and why a rule is given, and to which project."""
    return duration_option(reason_option(project_option(rendered(function))))


def emit_given(project: Path, wish: Wish, duration: timedelta | None, output: Output, ui: TerminalUi) -> int:
    """Give rules, which end after a duration where there is one, and show them; the exit code."""
    from contenant.app.firewall import give

    wish = wish._replace(reason=wish.reason.strip(), until=end_of(duration, utc_now()))
    return emit_changes(give(project, wish, ui), output, ui)


def end_of(duration: timedelta | None, now: datetime) -> str:
    """The moment at which a rule ends, in whole seconds; "" for none."""
    return "" if duration is None else to_text((now + duration).replace(microsecond=0))


def emit_changes(changes: Sequence[RuleChange], output: Output, ui: TerminalUi) -> int:
    """Show changed rules; the exit code."""
    emit(changes, table(), output)
    if not changes:
        ui.note("nothing to change: the rules say so already")
    return 0


def table() -> Table:
    """How a RuleChange is shown."""
    return Table(
        columns=(
            Column("KIND", lambda row: row.kind),
            Column("ENTRY", lambda row: row.entry),
            Column("CHANGE", lambda row: row.change),
            Column("UNTIL", lambda row: local(row.until), rank=1),
            Column("IN FORCE", lambda row: row.in_force),
            Column("REASON", lambda row: row.reason or "-", floor=10, rank=2),
        ),
        fields=tuple(CHANGE_FIELDS),
        record=lambda row: row._asdict(),
        name=lambda row: row.entry,
    )


def local(moment: str) -> str:
    """A moment in local time for people, `-` for none."""
    return f"{from_text(moment).astimezone():%Y-%m-%d %H:%M:%S}" if moment else "-"


def utc_now() -> datetime:
    """The current moment."""
    return datetime.now(UTC)
