"""`contenant doctor`: what is wrong with this installation, and the command that mends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from contenant.cli.command import Command
from contenant.cli.option import option
from contenant.cli.options import engine_option, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.root import COMMANDS
from contenant.cli.settings import ui_of

if TYPE_CHECKING:
    from contenant.app.doctor import Report
    from contenant.core.values import EngineName

EXIT_FAILED = 1
Record = Mapping[str, Any]

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "id": "stable name of the check, such as engine.podman or disk.state",
    "status": "ok, warn or fail",
    "what": "what was looked at",
    "detail": "what was found; the home directory is written as ~",
    "fix": "the command or step that mends it on this system, empty where there is none",
    "fixable": "whether --fix does that by itself",
    "done": "what --fix did about it, or why it did not; empty without --fix",
}

_COLOURS = {"warn": "yellow", "fail": "red", "ok": "dim", "fix:": "bold", "done:": "bold"}


@click.command(
    cls=Command,
    short_help=COMMANDS["doctor"].summary,
    examples=(
        ("contenant doctor", "look at everything; the output can be pasted into an issue"),
        ("contenant doctor --fix", "also mend what can be mended without harm"),
        ("contenant doctor --engine docker", "as if docker were the engine"),
        ("contenant doctor --json", "for programs"),
        ("contenant doctor -q", "only the names of what is not well"),
    ),
    exits=(0, 1, 2),
)
@option("--fix", is_flag=True, help="Mend what can be mended without harm, then look again.")
@engine_option
@rendered
@click.pass_context
def command(ctx: click.Context, fix: bool, engine: EngineName | None, output: Output) -> int:
    """Say what is wrong with this installation, and the command that mends it here.

    Looks at platform, engines, disk, image, firewall, credential, database and state directory. Every
    question is bounded in time: all of it ends within a minute, also where an engine hangs. No secret is
    shown, and nothing is changed without --fix.

    --fix starts Apple's service (on a terminal it asks first), closes the state directory to others,
    remembers an OCI runtime that works, unmounts what no container needs and migrates the database.

    Exit code 1: something failed. A warning is no failure.
    """
    from contenant.app.doctor import examine

    ui = ui_of(ctx)
    report = examine(engine, fix=fix, ui=ui)
    rows = records(report)
    if output.format == "names":
        rows = [row for row in rows if row["status"] != "ok"]
    emit(with_fixes(rows) if output.format == "table" else rows, TABLE, output)
    failed, warned = (sum(row["status"] == status for row in rows) for status in ("fail", "warn"))
    ui.note(_summary(failed, warned, any(row["fixable"] for row in rows) and not fix))
    return EXIT_FAILED if failed else 0


def records(report: Report) -> list[dict[str, Any]]:
    """Every line with the keys of FIELDS."""
    return [
        {
            "id": line.id,
            "status": line.status,
            "what": line.what,
            "detail": line.detail,
            "fix": line.fix,
            "fixable": bool(line.mend),
            "done": report.done.get(line.id, ""),
        }
        for line in report.lines
    ]


def with_fixes(rows: Iterable[Record]) -> Iterator[Record]:
    """For people: what mends a line, and what was done about it, each in a line below it."""
    for row in rows:
        yield row
        for mark, text in (("done:", row["done"]), ("fix:", row["fix"])):
            if text:
                yield {**row, "status": "", "what": mark, "detail": text}


TABLE = Table(
    columns=(
        Column("STATUS", lambda row: row["status"], colour=lambda row: _COLOURS.get(row["status"], "")),
        Column("CHECK", lambda row: row["what"], colour=lambda row: _COLOURS.get(row["what"], "")),
        Column("FOUND", lambda row: row["detail"]),
    ),
    fields=tuple(FIELDS),
    record=lambda row: row,
    name=lambda row: row["id"],
)


def _summary(failed: int, warned: int, fixable: bool) -> str:
    counts = [f"{failed} failed"] if failed else []
    counts += [f"{warned} warning{'s' * (warned > 1)}"] if warned else []
    text = ", ".join(counts) or "all is well"
    return f"{text}; contenant doctor --fix mends some of it" if fixable else text
