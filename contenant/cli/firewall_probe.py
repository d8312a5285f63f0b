"""`contenant firewall test`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from contenant.cli.command import Command
from contenant.cli.firewall import FIREWALL_COMMANDS
from contenant.cli.options import name_option, project_option, rendered
from contenant.cli.render import Column, Output, Table, emit

if TYPE_CHECKING:
    from pathlib import Path

EXIT_UNPROVEN = 6
EXIT_UNREACHED = 1
# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "result": "ok, failed (the firewall is not as it must be) or refused (the host that was asked for)",
    "what": "what was looked at",
    "found": "what was found",
}
_COLOURS = {"failed": "red", "refused": "yellow"}


@click.command(
    cls=Command,
    short_help=FIREWALL_COMMANDS["test"].summary,
    examples=(
        ("contenant firewall test", "is it what it should be?"),
        ("contenant firewall test example.com", "and can this host be reached?"),
    ),
    exits=(0, 1, 2, 3, 4, 6),
)
@click.argument("host", metavar="[HOST[:PORT]]", default="")
@project_option
@name_option
@rendered
def command(host: str, project: Path, name: str | None, output: Output) -> int:
    """Test the firewall of the project's running container from inside: rules, names, direct connections.

    With HOST, try to reach it as well. Exit code 6: the firewall is not as it must be; 1: HOST cannot be
    reached.
    """
    from contenant.app.firewall_probe import test
    from contenant.app.project import target

    path, variant = target(project, name)
    probes = test(path, host, variant)
    emit(probes, _TABLE, output)
    results = {probe.result for probe in probes}
    if "failed" in results:
        return EXIT_UNPROVEN
    return EXIT_UNREACHED if "refused" in results else 0


_TABLE = Table(
    columns=(
        Column("RESULT", lambda row: row.result, colour=lambda row: _COLOURS.get(row.result, "")),
        Column("WHAT", lambda row: row.what, floor=20),
        Column("FOUND", lambda row: row.found, floor=20),
    ),
    fields=tuple(FIELDS),
    record=lambda row: row._asdict(),
    name=lambda row: row.result,
)
