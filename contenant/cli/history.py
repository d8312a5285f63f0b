"""`contenant history`: sessions and what happened to containers, newest first."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from contenant.cli.command import Command
from contenant.cli.option import option
from contenant.cli.options import ProjectPath, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.root import COMMANDS
from contenant.cli.settings import home, ui_of
from contenant.cli.text import below_home
from contenant.core.ages import from_text, parse_duration, to_text
from contenant.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contenant.cli.ui import TerminalUi
    from contenant.store.rows import HistoryRow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGE = re.compile(r"-?[0-9]+[a-z]*")
TABLE_LIMIT = 50
FAMILIES = (
    *("session", "container", "project", "image", "policy", "rule", "egress", "engine"),
    *("credential", "config", "home", "usage", "database"),
)
# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "at": "moment",
    "kind": "session, or an event such as container.created",
    "project": "path of the project, empty where it belongs to none",
    "container": "name of the container, empty where it belongs to none",
    "subject": "id of the session, or of what the event is about",
    "summary": "one line for people",
    "data": "an object with everything that is recorded; CSV holds it as JSON text",
}


class Kind(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """`container`, or one event of it such as `container.created`."""

    name = "kind"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value.partition(".")[0] not in FAMILIES:
            raise UsageError(
                f"no such kind: {value}",
                hint=f"kinds are {', '.join(FAMILIES)}, or one event of them such as container.created",
            )
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in FAMILIES if name.startswith(incomplete)]


def _fingerprint(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value and not re.fullmatch("[0-9a-f]{12}", value):
        raise UsageError(
            f"not a fingerprint: {value}", hint="12 hex digits, as `contenant auth status` shows them"
        )
    return value


@click.command(
    cls=Command,
    short_help=COMMANDS["history"].summary,
    examples=(
        ("contenant history", "everything, the last 50 lines"),
        ("contenant history . --kind session", "who ran what in this project"),
        ("contenant history --since 7d --json", "a week, for programs"),
    ),
    exits=(0, 1, 2),
)
@click.argument("path", type=ProjectPath(), required=False)
@option("--since", metavar="WHEN", default="", help="From then on: an age (7d) or a date (2026-01-31, ISO).")
@option("--until", metavar="WHEN", default="", help="Before then.")
@option(
    "--kind",
    "kinds",
    type=Kind(),
    multiple=True,
    help="Only this kind, such as session or container.created.",
)
@option(
    "--credential",
    metavar="FINGERPRINT",
    default="",
    callback=_fingerprint,
    help="Only sessions that were given this one (contenant auth status), and what happened to it.",
)
@option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"At most so many rows; 0 is all. Tables stop at {TABLE_LIMIT} unless told otherwise.",
)
@rendered
@click.pass_context
def command(
    ctx: click.Context,
    path: Path | None,
    since: str,
    until: str,
    kinds: tuple[str, ...],
    credential: str,
    limit: int | None,
    output: Output,
) -> int:
    """Show sessions and what happened to containers, newest first.

    Tables show local time, all other formats UTC. A WHEN without an offset is local time. JSON, JSON
    lines and CSV are written as they are read, however long the history is. No engine is asked.
    """
    from contenant.app.history import HistoryQuery, history

    now = datetime.now(UTC)
    query = HistoryQuery(
        path=path,
        since=moment(since, now),
        until=moment(until, now),
        kinds=kinds,
        credential=credential,
        limit=limit or 0,
    )
    if query.since and query.until and query.since >= query.until:
        raise UsageError("--since is not before --until", hint="nothing lies between them")
    if limit is None and output.format == "table":
        _emit_newest(history(query._replace(limit=TABLE_LIMIT + 1)), output, ui_of(ctx))
    else:
        emit(history(query), table(home()), output)
    return 0


def _emit_newest(rows: Iterator[HistoryRow], output: Output, ui: TerminalUi) -> None:
    found = list(rows)
    emit(found[:TABLE_LIMIT], table(home()), output)
    if len(found) > TABLE_LIMIT:
        ui.note(f"the newest {TABLE_LIMIT} are shown; --limit 0 shows all")
    elif not found:
        ui.note("no history matches")


def moment(text: str, now: datetime) -> str:
    """An age or an ISO-8601 date or moment -> ISO-8601 UTC text, "" for "". Raises UsageError.

    Nothing is older than 1970: earlier moments become its first, so that text order stays time order.
    """
    if not text:
        return ""
    try:
        found = _ago(text, now) if _AGE.fullmatch(text.strip()) else datetime.fromisoformat(text.strip())
        return to_text(max(found.astimezone(UTC), _EPOCH))
    except OverflowError:
        return to_text(_EPOCH)
    except ValueError as error:
        raise UsageError(
            f"not a moment: {text!r}",
            hint="write an age such as 7d, a date such as 2026-01-31, or 2026-01-31T09:30",
        ) from error


def _ago(text: str, now: datetime) -> datetime:
    return now - parse_duration(text)


def table(base: str) -> Table:
    """How a HistoryRow is shown, with a home directory to shorten paths by."""
    return Table(
        columns=(
            Column("WHEN", lambda row: _local(row.at)),
            Column("KIND", lambda row: row.kind),
            Column("PROJECT", lambda row: below_home(row.project, base) or "-", floor=14, rank=1),
            Column("CONTAINER", lambda row: row.container or "-", floor=20, rank=2),
            Column("SUMMARY", lambda row: row.summary, floor=24),
        ),
        fields=tuple(FIELDS),
        record=lambda row: row._asdict() | {"data": dict(row.data)},
        name=lambda row: row.subject,
    )


def _local(at: str) -> str:
    return f"{from_text(at).astimezone():%Y-%m-%d %H:%M:%S}"
