"""The columns that tables are made of, and the metadata they belong to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, MetaData, String

# Named constraints, because a batch migration can only drop or alter what has a name.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(name: str, comment: str, *more: Any, primary_key: bool = False) -> Column[str]:
    return Column(name, String, *more, nullable=False, primary_key=primary_key, comment=comment)


def later(name: str, comment: str) -> Column[str]:
    """Text that is not there from the start, "" until then."""
    return Column(name, String, nullable=False, server_default="", comment=comment)


def json(name: str, comment: str) -> Column[str]:
    return Column(name, String, nullable=False, server_default="{}", comment=comment)


def number(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, comment=comment)


def count(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0", comment=comment)


def flag(name: str, comment: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, comment=comment)


def own_id(comment: str) -> Column[str]:
    return text("id", comment, primary_key=True)


def host_column() -> Column[str]:
    return text("host", "the machine this row belongs to", ForeignKey("host.id"))
