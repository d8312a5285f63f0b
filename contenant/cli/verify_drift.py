"""`contenant verify --drift`: how findings are shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from contenant.cli.render import Column, Output, Table, emit

if TYPE_CHECKING:
    from contenant.app.drift import Verdict
    from contenant.cli.ui import TerminalUi

EXIT_DRIFT = 6

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "aspect": "firewall, process, mount, variable, image or limit",
    "what": "which rule, process, target, name or limit",
    "expected": "as it is on record",
    "found": "as it is",
    "remedy": "live: --fix puts it back; restart: stop and start the container; recreate: --recreate",
    "state": "open, or fixed by --fix",
}
_COLOURS = {"open": "red", "fixed": "green"}


def show_drift(path: Path | None, name: str | None, fix: bool, output: Output, ui: TerminalUi) -> int:
    """Look, show, and return the exit code."""
    from contenant.app.drift import verify
    from contenant.app.project import target

    verdict = verify(target(path or Path(), name), fix, ui)
    left = {finding.key for finding in verdict.left}
    rows = [
        finding._asdict() | {"state": "open" if finding.key in left else "fixed"}
        for finding in dict.fromkeys((*verdict.found, *verdict.left))
    ]
    emit(rows, _TABLE, output)
    _advise(verdict, fix, ui)
    return EXIT_DRIFT if verdict.left else 0


def _advise(verdict: Verdict, fix: bool, ui: TerminalUi) -> None:
    name, variant = verdict.container.name, verdict.container.variant
    own = f" --name {variant}" if variant else ""
    if verdict.failure:
        ui.warn(f"{name}: {verdict.failure}")
    if not verdict.found:
        ui.note(f"{name} is what is on record")
    remedies = {finding.remedy for finding in verdict.left}
    if "live" in remedies and not fix:
        ui.note(f"`contenant verify --drift --fix{own}` puts the firewall back in place")
    if "restart" in remedies:
        ui.note(f"`contenant stop{own}` ends everything in it; the next start proves the firewall anew")
    if "recreate" in remedies:
        ui.note(f"`contenant{own} --recreate` makes it anew, as it is on record")


_TABLE = Table(
    columns=(
        Column("ASPECT", lambda row: row["aspect"]),
        Column("WHAT", lambda row: row["what"], floor=16),
        Column("EXPECTED", lambda row: row["expected"], floor=16),
        Column("FOUND", lambda row: row["found"], floor=16),
        Column("STATE", lambda row: row["state"], colour=lambda row: _COLOURS[row["state"]]),
        Column("REMEDY", lambda row: row["remedy"], rank=1),
    ),
    fields=tuple(FIELDS),
    record=lambda row: row,
    name=lambda row: f"{row['aspect']} {row['what']}",
)
