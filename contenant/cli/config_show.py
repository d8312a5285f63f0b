"""`contenant config show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from contenant.cli.command import Command
from contenant.cli.config import CONFIG_COMMANDS
from contenant.cli.option import option
from contenant.cli.options import ProjectPath, rendered
from contenant.cli.render import Column, Output, Table, emit
from contenant.cli.settings import home, ui_of
from contenant.cli.text import below_home
from contenant.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

# Key of JSON and CSV -> what it says. Only ever added to.
FIELDS = {
    "key": "name of the setting; a list or table has a row for each item",
    "value": "as it is written in a file; without the values of variables and passwords",
    "layer": "default, user, project, env or flag",
    "source": "file or variable it was written in, empty for a default",
    "state": "in force; or pending: a project's file asks for it that is not trusted",
}


class SettingName(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """The name of a setting."""

    name = "key"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from contenant.core.settings import KEYS

        if value and value not in KEYS:
            from contenant.core.settings_layers import nearest

            raise UsageError(f"no such setting: {value}", hint=nearest(value, KEYS))
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        from contenant.core.settings import KEYS

        return [CompletionItem(key) for key in KEYS if key.startswith(incomplete)]


@click.command(
    cls=Command,
    short_help=CONFIG_COMMANDS["show"].summary,
    examples=(
        ("contenant config show", "for this directory"),
        ("contenant config show --key firewall.allow", "one setting, and who wrote it"),
        ("contenant config show ~/work/shop --json", "for programs"),
    ),
    exits=(0, 2),
)
@click.argument("path", type=ProjectPath(), default=".")
@option(
    "--key",
    type=SettingName(),
    metavar="KEY",
    default="",
    help="Only this setting, such as memory or firewall.allow.",
)
@rendered
@click.pass_context
def command(ctx: click.Context, path: Path, key: str, output: Output) -> int:
    """Show every setting with where it comes from.

    Later layers win: default, user, project, env; options of a command line come last. What a project's file
    asks for without being trusted is pending.
    """
    from contenant.app.configuration import show

    rows, notes = show(path)
    rows = [row for row in rows if key in ("", row.key) or row.key.startswith(f"{key}.")]
    emit(rows, table(), output)
    for note in notes:
        ui_of(ctx).note(note)
    if waiting := sum(row.state == "pending" for row in rows):
        ui_of(ctx).note(f"{waiting} pending; `contenant config trust` lets the project's file have its way")
    return 0


def table() -> Table:
    """How a setting is shown."""
    base = home()
    return Table(
        columns=(
            Column("KEY", lambda row: row.key),
            Column("VALUE", lambda row: row.value or "-", floor=20),
            Column("LAYER", lambda row: row.layer),
            Column("SOURCE", lambda row: below_home(row.source, base) or "-", floor=16, rank=1),
            Column("STATE", lambda row: row.state, lambda row: "yellow" if row.state == "pending" else ""),
        ),
        fields=tuple(FIELDS),
        record=lambda row: row._asdict(),
        name=lambda row: row.key,
    )
