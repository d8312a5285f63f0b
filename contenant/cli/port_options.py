"""What `port add` and `port remove` take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from contenant.cli.firewall_options import project_option
from contenant.cli.option import option
from contenant.cli.options import name_option

R = TypeVar("R")


def change_options(function: Callable[..., R]) -> Callable[..., R]:
    """The ports, `--recreate` and which container of which project."""
    ports = click.argument("ports", nargs=-1, required=True, metavar="HOST:CONTAINER...")
    recreate = option(
        "--recreate", is_flag=True, help="Make the container anew at once; refused while sessions live."
    )
    return ports(recreate(project_option(name_option(function))))
