"""What is on record of images beyond those that are there: every build and load, removed ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from contenant.core.records import ImageRecord

if TYPE_CHECKING:
    from contenant.store.reads import Reads

_FIELDS = ", ".join(ImageRecord._fields)
_MADE = (
    f"SELECT removed, removed_why, {_FIELDS} FROM image"  # noqa: S608 - constants only
    " WHERE host = :host ORDER BY built DESC, id DESC"
)


class Made(NamedTuple):
    """An image that was built or loaded."""

    image: ImageRecord
    removed: str  # moment, "" while it is there
    removed_why: str


def made(reads: Reads) -> list[Made]:
    """Every image that was ever built or loaded here, newest first."""
    return [Made(ImageRecord(*row[2:]), row[0], row[1]) for row in reads.ask(_MADE)]
