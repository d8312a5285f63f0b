"""How plans and what became of them are shown: `clean` and `stop` share one set of keys."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import home
from contenant.cli.text import below_home
from contenant.core.ages import age
from contenant.errors import UsageError

if TYPE_CHECKING:
    from contenant.app.results import Outcome, Verdict
    from contenant.cli.ui import TerminalUi

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "kind": "container, home (the agent's, of the container called so), image or worktree",
    "name": "name of the container, reference of the image, or path of the worktree",
    "project": "path of the project, empty for an image",
    "engine": "container, podman or docker; empty for a home or a worktree",
    "action": "what is planned: remove, stop, keep or forget",
    "reason": "why",
    "last_used": "moment of the last activity, of a container only",
    "subject": "contenant's id of it; of an image its reference, or the engine's id; of a worktree its path",
    "result": "what became of it: removed, stopped, kept, forgotten or failed; empty in a dry run",
    "detail": "why, in the words of what did it; empty in a dry run",
    "size": "bytes of an image, layers that it shares with others included; 0 for anything else",
    "digest": "digest of an image, empty for anything else",
}

_COLOURS = {
    "remove": "yellow",
    "stop": "yellow",
    "forget": "yellow",
    "failed": "red",
    "keep": "dim",
    "kept": "dim",
}


def planned(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """A plan as records."""
    return [verdict._asdict() | {"result": "", "detail": ""} for verdict in verdicts]


def done(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Outcomes as records."""
    return [
        outcome.verdict._asdict() | {"result": outcome.result, "detail": outcome.detail}
        for outcome in outcomes
    ]


def table(key: str, why: str) -> Table:
    """A table of records; last come `key` ("action" or "result") and `why` ("reason" or "detail")."""
    now, base = datetime.now(UTC), home()
    return Table(
        columns=(
            Column("KIND", lambda row: row["kind"], rank=3),
            Column("NAME", lambda row: row["name"], floor=24),
            Column("PROJECT", lambda row: below_home(row["project"], base) or "-", floor=14, rank=1),
            Column("ENGINE", lambda row: row["engine"] or "-", rank=4),
            Column("LAST USED", lambda row: age(row["last_used"], now), rank=2),
            Column(key.upper(), lambda row: row[key], colour=lambda row: _COLOURS.get(row[key], "")),
            Column("WHY", lambda row: row[why]),
        ),
        fields=tuple(FIELDS),
        record=lambda row: {field: row[field] for field in FIELDS},
        name=lambda row: row["name"],
    )


def tell(
    plan: Sequence[Verdict],
    going: Sequence[Verdict],
    output: Output,
    *,
    dry_run: bool,
    shown: Table | None = None,
) -> None:
    """The plan, or that all stayed. Names are read by programs: they are told what would go, nothing else."""
    rows = planned(going if output.format == "names" else plan)
    if not dry_run:
        rows = [row | {"result": "kept", "detail": row["reason"]} for row in rows]
    emit(rows, shown or table("action", "reason"), output)


def agreed(
    plan: Iterable[Verdict], question: str, ui: TerminalUi, output: Output, shown: Table | None = None
) -> bool:
    """Show a plan on standard error and ask. Raises UsageError where there is nobody to ask."""
    text = io.StringIO()
    emit(planned(plan), shown or table("action", "reason"), output._replace(format="table", stream=text))
    ui.show(text.getvalue().rstrip("\n"))
    answer = ui.confirm(question)
    if answer is None:
        raise UsageError(
            "nothing is removed unasked, and there is no terminal to ask on",
            hint="add --yes to go ahead, or --dry-run to only look",
        )
    return answer


def some_failed(outcomes: Iterable[Outcome]) -> int:
    """The exit code: 1 where anything failed."""
    return int(any(outcome.result == "failed" for outcome in outcomes))
