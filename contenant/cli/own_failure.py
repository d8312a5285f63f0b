"""Commands whose exit code is a session's: a failure of our own must not look like one of it."""

from __future__ import annotations

from collections.abc import Callable

import click

from contenant.cli.complain import complain, complaint_of
from contenant.cli.settings import settings_of, ui_of
from contenant.errors import ContenantError

EXIT_OWN_FAILURE = 125  # as docker and podman have it


def passing_on(ctx: click.Context, work: Callable[[], int]) -> int:
    """The exit code of `work`; 125, and why, where it failed in a way that has no code of its own."""
    try:
        return work()
    except ContenantError as error:
        if error.exit_code != 1:
            raise
        ui_of(ctx).hush()
        complaint, settings = complaint_of(error)._replace(exit_code=EXIT_OWN_FAILURE), settings_of(ctx)
        return complain(complaint, settings.color, as_json=settings.as_json)
