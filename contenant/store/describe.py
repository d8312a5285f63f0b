"""`docs/schema.md` from the tables' own comments: `python -m contenant.store.describe > docs/schema.md`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Index, Table, UniqueConstraint

from contenant.store import revision, schema
from contenant.store.views import VIEWS, View

_HEAD = f"""# Database schema

Generated from `contenant/store/schema.py` by `python -m contenant.store.describe`.
Schema revision: `{revision.HEAD}`.

- The database is `contenant.db` in the state directory (SQLite), or what `CONTENANT_DATABASE_URL` names.
- Moments are ISO-8601 UTC text with milliseconds (`2026-01-31T09:30:00.000Z`): text order is time order.
- Text is never null; empty means "not yet", "none" or "not known". Flags are 0 or 1 on SQLite.
- Ids are 26 lower-case characters whose order is the order of their making.
- Each row names its `host`, so that several machines can write to one database.
- Nothing is deleted: rows get an end (`gone`, `ended`, `forgotten`, `removed`). `event` can only grow.
- Each hash in `event` is the SHA-256, in hexadecimal, of three lines joined by line feeds: the previous hash;
  a JSON object of `at`, `host`, `kind`, `project` (that is `project_id`), `seq` and `subject`, keys sorted,
  no blanks, ASCII only; and `data` as it stands.
"""
_VIEWS_HEAD = """# Views

Made for your own SQL: ids are resolved to paths and names. Columns are only ever added, at the end.
`sqlite3 -readonly FILE "SELECT project, argv, exit_code FROM audit_session WHERE exit_code <> 0"` is a use.
"""
_TYPES = {
    "String": "text",
    "BigInteger": "integer",
    "Integer": "integer",
    "Boolean": "flag",
    "Float": "number",
}


def describe() -> str:
    """The whole page, Markdown."""
    tables = sorted(schema.metadata.tables.values(), key=lambda table: table.name)
    lines = [line for table in tables for line in _table(table)]
    lines += [_VIEWS_HEAD, *(line for view in VIEWS for line in _view(view))]
    return "\n".join([_HEAD, *lines]).rstrip() + "\n"


def _view(view: View) -> Iterator[str]:
    yield from (f"## {view.name}", "", view.comment, "", "| column | what |", "|---|---|")
    yield from (f"| `{name}` | {what} |" for name, what in view.columns.items())
    yield ""


def _table(table: Table) -> Iterator[str]:
    yield from (f"## {table.name}", "", table.comment or "", "")
    yield from ("| column | type | null | default | what |", "|---|---|---|---|---|")
    for column in table.columns:
        yield _column(column)
    yield from ("", f"- Primary key: {_names(table.primary_key.columns)}")
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        yield _index(index)
    for constraint in sorted(table.constraints, key=lambda constraint: str(constraint.name)):
        if isinstance(constraint, UniqueConstraint):
            yield f"- Unique: {_names(constraint.columns)}"
    yield ""


def _column(column: Column[object]) -> str:
    refers = "".join(f"; refers to `{key.column}`" for key in sorted(column.foreign_keys, key=str))
    default = f"`{column.server_default.arg!r}`" if column.server_default is not None else ""  # type: ignore[attr-defined]  # only literals here
    null, kind = "yes" if column.nullable else "", _TYPES[type(column.type).__name__]
    return f"| `{column.name}` | {kind} | {null} | {default} | {column.comment}{refers} |"


def _index(index: Index) -> str:
    kind = "Unique" if index.unique else "Index"
    where = index.dialect_options["sqlite"]["where"]
    only = f" where `{where}`" if where is not None else ""
    return f"- {kind}: {_names(index.columns)}{only}"


def _names(columns: object) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)  # type: ignore[attr-defined]  # SQLAlchemy's collections


if __name__ == "__main__":
    print(describe(), end="")
