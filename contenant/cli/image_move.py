"""What `image upgrade` and `image rollback` share: options, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from contenant.cli.option import option
from contenant.cli.options import engine_option, rendered
from contenant.cli.render import Output, emit_tree

if TYPE_CHECKING:
    from contenant.cli.ui import TerminalUi

R = TypeVar("R")


def moving(function: Callable[..., R]) -> Callable[..., R]:
    """Add the options of a command that moves to another version."""
    recreate = option(
        "--recreate-idle",
        is_flag=True,
        help="Recreate each container that is behind and has no live session; options stay.",
    )
    return engine_option(recreate(rendered(function)))


def answer(found: Mapping[str, Any], output: Output, ui: TerminalUi) -> int:
    """Write what was done, and say who is behind still. 1 where a container could not be recreated."""
    emit_tree(found, output, "reference")
    results = [item["result"] for item in found["containers"]]
    left = [item["name"] for item in found["containers"] if item["result"] != "recreated"]
    if "behind" in results:
        ui.note(f"behind: {', '.join(left)}; --recreate-idle moves those without a session")
    elif left:
        ui.note(f"still behind: {', '.join(left)}")
    return 1 if "failed" in results else 0
