"""What the views of the history share: moments, kinds, filters, and how many rows a table shows."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from contenant.cli.option import option
from contenant.cli.options import ProjectPath
from contenant.cli.render import Output, Table, emit
from contenant.core.ages import from_text, parse_duration, to_text
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from contenant.app.history import HistoryQuery
    from contenant.cli.ui import TerminalUi

R = TypeVar("R")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AGE = r"-?[0-9]+[a-z]*"  # compiled where there is one
TABLE_LIMIT = 50
FAMILIES = (
    *("session", "container", "project", "image", "claude", "policy", "rule", "egress", "engine"),
    *("credential", "config", "home", "drift", "clock", "usage", "database", "drop", "service", "worktree"),
)


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


class Prefix(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """The beginning of a hash."""

    name = "hash"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value and not re.fullmatch("[0-9a-f]{4,64}", value.lower()):
            raise UsageError(f"not a policy: {value}", hint="the first 4 hex digits of its hash or more")
        return value.lower()


def _fingerprint(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value and not re.fullmatch("[0-9a-f]{12}", value):
        raise UsageError(
            f"not a fingerprint: {value}", hint="12 hex digits, as `contenant auth status` shows them"
        )
    return value


kind_option = option(
    "--kind",
    "kinds",
    type=Kind(),
    multiple=True,
    help="Only this kind, such as session or container.created.",
)
credential_option = option(
    "--credential",
    metavar="FINGERPRINT",
    default="",
    callback=_fingerprint,
    help="Only sessions that were given this one (contenant auth status), and what happened to it.",
)
policy_option = option(
    "--policy", type=Prefix(), metavar="HASH", default="", help="Only under the policy whose hash begins so."
)


def filtered(function: Callable[..., R]) -> Callable[..., R]:
    """Add the path and the filters that every view has, and hand the command `query` and `cut`.

    `cut` says that nobody gave a limit: a table then stops at `TABLE_LIMIT`.
    """

    @click.argument("path", type=ProjectPath(), required=False)
    @option(
        "--since", metavar="WHEN", default="", help="From then on: an age (7d) or a date (2026-01-31, ISO)."
    )
    @option("--until", metavar="WHEN", default="", help="Before then.")
    @option(
        "--limit",
        type=click.IntRange(min=0),
        metavar="N",
        help=f"At most so many rows; 0 is all. Tables stop at {TABLE_LIMIT} unless told otherwise.",
    )
    @functools.wraps(function)
    def wrapper(*args: Any, path: Path | None, since: str, until: str, limit: int | None, **kwargs: Any) -> R:
        from contenant.app.history import HistoryQuery

        now = datetime.now(UTC)
        variant = None
        if path is not None and "@" in path.name:
            from contenant.app.project import target  # few ask for one container of several

            path, variant = target(path)
        first, last = moment(since, now), moment(until, now)
        query = HistoryQuery(path=path, variant=variant, since=first, until=last, limit=limit or 0)
        if query.since and query.until and query.since >= query.until:
            raise UsageError("--since is not before --until", hint="nothing lies between them")
        return function(*args, query=query, cut=limit is None, **kwargs)

    return wrapper


def emit_newest(
    read: Callable[[HistoryQuery], Iterable[Any]],
    query: HistoryQuery,
    cut: bool,
    table: Table,
    output: Output,
    ui: Callable[[], TerminalUi],
) -> int:
    """Show what `read` finds; a table stops at `TABLE_LIMIT` rows where `cut`, and says so. Exit code 0."""
    if not cut or output.format != "table":
        emit(read(query), table, output)
        return 0
    found = list(read(query._replace(limit=TABLE_LIMIT + 1)))
    emit(found[:TABLE_LIMIT], table, output)
    if len(found) > TABLE_LIMIT:
        ui().note(f"the newest {TABLE_LIMIT} are shown; --limit 0 shows all")
    elif not found:
        ui().note("no history matches")
    return 0


def moment(text: str, now: datetime) -> str:
    """An age or an ISO-8601 date or moment -> ISO-8601 UTC text, "" for "". Raises UsageError.

    Nothing is older than 1970: earlier moments become its first, so that text order stays time order.
    """
    if not text:
        return ""
    try:
        found = _ago(text, now) if re.fullmatch(_AGE, text.strip()) else datetime.fromisoformat(text.strip())
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


def local(at: str) -> str:
    """A moment in local time for people, `-` for none."""
    return f"{from_text(at).astimezone():%Y-%m-%d %H:%M:%S}" if at else "-"
