"""`contenant usage`: tokens and estimated costs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.history_options import moment
from contenant.cli.option import option
from contenant.cli.options import ProjectPath, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.root import COMMANDS
from contenant.cli.settings import home, ui_of
from contenant.cli.text import below_home
from contenant.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from contenant.app.usage import Report, Usage
    from contenant.cli.ui import TerminalUi
    from contenant.store.usage import By

GROUPS = ("day", "project", "model", "session", "image")
BAR = 20  # columns
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_UNKNOWN = "(not known)"

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "by": "what the rows are grouped by",
    "key": "a local day, a project's path, a model, a session's id or an image; empty where not known",
    "answers": "number of the model's answers, each counted once",
    "input_tokens": "tokens read, those from the cache not counted",
    "output_tokens": "tokens written",
    "cache_read_tokens": "tokens read from the cache",
    "cache_write_5m_tokens": "tokens written to the five-minute cache",
    "cache_write_1h_tokens": "tokens written to the one-hour cache",
    "cost_estimate": "US dollars by list prices, an estimate; null where no model of the group has a price",
    "answers_without_price": "answers that the estimate leaves out, because their model has no price",
}


@click.command(
    cls=Command,
    short_help=COMMANDS["usage"].summary,
    examples=(
        ("contenant usage", "day by day"),
        ("contenant usage . --by model --since 30d", "which models this project used in a month"),
        ("contenant usage --by project --plot cost.svg", "a chart to show around"),
    ),
    exits=(0, 1, 2, 4),
)
@click.argument("path", type=ProjectPath(), required=False)
@option(
    "--by",
    type=click.Choice(GROUPS),
    default="day",
    show_default=True,
    metavar="GROUP",
    help="day, project, model, session or image.",
)
@option("--since", metavar="WHEN", default="", help="From then on: an age (7d) or a date (2026-01-31, ISO).")
@option("--until", metavar="WHEN", default="", help="Before then.")
@option("--plot", metavar="FILE", default="", help="Draw the estimates into this file, .png or .svg, too.")
@rendered
@click.pass_context
def command(
    ctx: click.Context, path: Path | None, by: By, since: str, until: str, plot: str, output: Output
) -> int:
    """Show what the agent used: tokens, and estimates of what they cost.

    Read from the transcripts in the agents' homes and kept when those are gone. Costs are estimates by the
    list prices of the day the note names, not a bill: a subscription, discounts, tools and taxes are not in
    them. The setting usage.prices names a list of your own. Days are local ones.
    """
    from contenant.app.usage import UsageQuery, usage

    now = datetime.now(UTC)
    query = UsageQuery(by, path, moment(since, now), moment(until, now))
    if query.since and query.until and query.since >= query.until:
        raise UsageError("--since is not before --until", hint="nothing lies between them")
    ui = ui_of(ctx)
    if plot:
        from contenant.cli.plot import check

        check(plot)
    report = usage(query, ui)
    emit(report.rows, table(report.rows, output, home()), output)
    if plot:
        from contenant.cli.plot import draw

        draw(report.rows, plot, f"estimates by list prices of {report.prices.date}")
    _tell(report, ui)
    return 0


def _tell(report: Report, ui: TerminalUi) -> None:
    if not report.rows:
        ui.note("no usage on record")
        return
    known = [row.cost_estimate for row in report.rows if row.cost_estimate is not None]
    ui.note(f"{dollars(sum(known))} in all: an estimate by list prices of {report.prices.date}, not a bill")
    if report.without_price:
        ui.note(
            f"no price for {', '.join(report.without_price)}: not in the estimates; "
            "the setting usage.prices names a list with more"
        )


def table(rows: Sequence[Usage], output: Output, base: str) -> Table:
    """How a group is shown; its bar is its share of the largest, in dollars, or in tokens without prices."""
    most = max(map(weight, rows), default=0.0)
    solid = _draws_blocks(output)
    bars = Column("", lambda row: bar(weight(row), most, solid), lambda _row: "green", floor=1, rank=1)
    return Table(
        columns=(
            Column(rows[0].by.upper() if rows else "KEY", lambda row: _key(row, base), floor=12),
            Column("ANSWERS", lambda row: f"{row.answers:>7}", rank=5),
            Column("INPUT", lambda row: f"{amount(row.input_tokens):>6}"),
            Column("OUTPUT", lambda row: f"{amount(row.output_tokens):>6}"),
            Column("CACHE READ", lambda row: f"{amount(row.cache_read_tokens):>10}", rank=3),
            Column("CACHE WRITE", lambda row: f"{amount(_written(row)):>11}", rank=4),
            Column("ESTIMATE", lambda row: f"{_estimate(row):>9}"),
            bars,
        ),
        fields=tuple(FIELDS),
        record=lambda row: row._asdict(),
        name=lambda row: row.key,
    )


def _key(row: Usage, base: str) -> str:
    return (below_home(row.key, base) if row.by == "project" else row.key) or _UNKNOWN


def _written(row: Usage) -> int:
    return row.cache_write_5m_tokens + row.cache_write_1h_tokens


def weight(row: Usage) -> float:
    """How long the bar of a group is: its estimate, or a little for each token where it has none."""
    if row.cost_estimate is not None:
        return row.cost_estimate
    return 0.0


def _estimate(row: Usage) -> str:
    if row.cost_estimate is None:
        return "?"
    return dollars(row.cost_estimate) + ("+?" if row.answers_without_price else "")


def dollars(value: float) -> str:
    """US dollars; small amounts as what they are rather than as nothing."""
    return f"${value:.2f}" if value >= 0.095 or not value else f"${value:.4f}"


def amount(tokens: int) -> str:
    """A count for people: 950, 12.3k, 4.56M."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if tokens >= size:
            return f"{tokens / size:.3g}{unit}" if tokens < 999.5 * size else f"{tokens / size:.0f}{unit}"
    return str(tokens)


def bar(value: float, most: float, solid: bool) -> str:
    """A bar of `BAR` columns for the largest value, in eighths of a column, or in # where that cannot be."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, round(value / most * BAR * 8))
    if not solid:
        return "#" * max(1, round(eighths / 8))
    return _EIGHTHS[8] * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def _draws_blocks(output: Output) -> bool:
    try:
        _EIGHTHS.encode(getattr(output.stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
