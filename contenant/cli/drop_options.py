"""What `put`, `get` and `paste` share: options, and how what went in or out is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from contenant.cli.firewall_options import project_option
from contenant.cli.option import option
from contenant.cli.options import name_option, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.core.settings_values import MEMORY_HINT, parse_size
from contenant.errors import UsageError

if TYPE_CHECKING:
    from contenant.app.drop import Passed
    from contenant.cli.ui import TerminalUi

R = TypeVar("R")

# Key of JSON and CSV -> what it says. Only ever added to.
PASSED_FIELDS = {
    "path": "where it is now: in the container after put, on this machine after get",
    "source": "where it was copied from",
    "size": "bytes",
    "files": "number of files and directories",
    "left_out": "what did not go along, and why",
}


class Size(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A number of bytes, such as 500m or 2g."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        amount = value if isinstance(value, int) else parse_size(value)
        if not amount:
            raise UsageError(f"not a size: {value!r}", hint=MEMORY_HINT)
        return amount


def drop_options(function: Callable[..., R]) -> Callable[..., R]:
    """The options of a copy."""
    size = option(
        "--max-size", "most", type=Size(), default="1g", metavar="SIZE", help="Refuse more than this; 1g."
    )
    force = option("-f", "--force", is_flag=True, help="Replace what is there.")
    return force(size(project_option(name_option(rendered(function)))))


def emit_passed(rows: Sequence[Passed], output: Output, ui: TerminalUi) -> int:
    """Show the paths, each on a line to be copied; the exit code."""
    if output.format == "table":
        output = output._replace(format="names")
    columns = (Column("PATH", lambda row: row.path),)
    record = lambda row: {**row._asdict(), "left_out": list(row.left_out)}  # noqa: E731
    emit(rows, Table(columns, tuple(PASSED_FIELDS), record, lambda row: row.path), output)
    for row in rows:
        for text in row.left_out[:5]:
            ui.warn(f"left out: {text}")
        if len(row.left_out) > 5:
            ui.warn(f"left out: {len(row.left_out) - 5} more of {row.source}")
    return 1 if any(row.left_out for row in rows) else 0
