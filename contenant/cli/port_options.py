"""What `port add` and `port remove` take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from contenant.cli.option import option
from contenant.cli.options import Recorded, name_option, project_option, rendered
from contenant.cli.render import Output
from contenant.cli.report import emit_report
from contenant.core.settings_values import Place, parse_publish, show_publish

R = TypeVar("R")

# Key of JSON and CSV -> what it says. Only ever added to.
CHANGE_FIELDS = {
    "publish": "the port, as port list shows it",
    "change": "added or removed",
    "in_force": "now, or next --recreate",
}


def change_options(function: Callable[..., R], known: str = "") -> Callable[..., R]:
    """The ports, `--recreate` and which container of which project. `known`: source of suggestions, or ""."""
    kind = Recorded(known) if known else None
    ports = click.argument("ports", nargs=-1, required=True, metavar="HOST:CONTAINER...", type=kind)
    recreate = option(
        "--recreate", is_flag=True, help="Make the container anew at once; refused while sessions live."
    )
    return ports(recreate(project_option(name_option(rendered(function)))))


def emit_changed(ports: Sequence[str], change: str, output: Output, *, recreated: bool) -> int:
    """Tell programs what became of each port; the exit code."""
    when = "now" if recreated else "next --recreate"
    shown = [show_publish(parse_publish(text, Place("/", "/"))) for text in ports]
    rows = [{"publish": text, "change": change, "in_force": when} for text in shown]
    emit_report(rows, CHANGE_FIELDS, "publish", output)
    return 0
