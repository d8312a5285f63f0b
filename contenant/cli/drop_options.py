"""What `put`, `get` and `paste` share: options, and how what went in or out is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from contenant.cli.option import option
from contenant.cli.options import name_option, project_option, rendered
from contenant.errors import UsageError

if TYPE_CHECKING:
    from contenant.app.drop import Passed
    from contenant.cli.render import Output
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
        if isinstance(value, int):
            return value
        from contenant.core.settings_values import MEMORY_HINT, parse_size  # no completion needs it

        amount = parse_size(value)
        if not amount:
            raise UsageError(f"not a size: {value!r}", hint=MEMORY_HINT)
        return amount


class DroppedName(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A file or directory in the drop folder, as it was typed."""

    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from contenant.cli.complete_drop import dropped

        return dropped(str(ctx.params.get("project") or "."), ctx.params.get("name"), incomplete)


def drop_options(function: Callable[..., R]) -> Callable[..., R]:
    """The options of a copy."""
    size = option(
        "--max-size", "most", type=Size(), default=1 << 30, metavar="SIZE", help="Refuse more than this; 1g."
    )
    force = option("-f", "--force", is_flag=True, help="Replace what is there.")
    return force(size(project_option(name_option(rendered(function)))))


def emit_passed(rows: Sequence[Passed], output: Output, ui: TerminalUi) -> int:
    """Show the paths, each on a line to be copied; the exit code."""
    from contenant.cli.render import Column, Table, emit  # no completion needs it

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
