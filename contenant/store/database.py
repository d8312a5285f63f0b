"""What the store needs of a database: plain SQL in, rows out. `file` is it for SQLite, `server` for others.

Statements are SQL that both speak, with `:name` parameters; values that a statement does not name are
ignored. Each call raises StateError or BusyError (store.trouble).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Rows = Sequence[Sequence[Any]]


class Connection(Protocol):
    """A transaction under way."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    def execute(self, sql: str, values: Mapping[str, Any]) -> int:
        """Run a statement that writes; how many rows it made or changed."""
        ...

    def rows(self, sql: str, values: Mapping[str, Any]) -> Rows:
        """All rows of a query, as this transaction sees them."""
        ...


class Database(Protocol):
    """An open database."""

    def rows(self, sql: str, values: Mapping[str, Any]) -> Rows:
        """All rows of one query; no transaction is left open."""
        ...

    def transaction(self) -> AbstractContextManager[Connection]:
        """A transaction that can write, and keeps other writers waiting; an exception undoes it."""
        ...

    def revision(self) -> str | None:
        """The schema revision; None where the database has none."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...
