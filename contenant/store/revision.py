"""The schema revisions this program knows, so that opening a database loads no alembic.

A test holds the list against `migrations/versions`.
"""

from __future__ import annotations

from collections.abc import Sequence

from contenant.errors import StateError
from contenant.store.location import Location

REVISIONS = ("0001", "0002", "0003", "0004", "0005")  # oldest first
HEAD = REVISIONS[-1]
SELECT = "SELECT version_num FROM alembic_version"


class OutdatedError(StateError):
    """The database has an older schema: `open_store` migrates it."""


def unlike(location: Location, found: str | None, known: Sequence[str]) -> StateError:
    """Why a database at revision `found` cannot be used as it is; None: it has no revision."""
    if found is None or found in known:
        return OutdatedError(
            f"the database {location.shown} has schema {found or 'none'}, not {known[-1]}",
            hint="run `contenant list`, which brings it up to date",
        )
    return StateError(
        f"the database {location.shown} has schema {found}, this contenant knows up to {known[-1]}",
        hint="update contenant",
    )
