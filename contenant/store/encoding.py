"""How a project path stands in the database: as it is, or encoded where it is not valid UTF-8."""

from __future__ import annotations

from contenant.core import labels

_MARK = "%:"  # no absolute path starts so


def to_column(path: str) -> str:
    """A path as text every database takes; undone by `from_column`."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return _MARK + labels.encode(path)
    return path


def from_column(text: str) -> str:
    """Undo `to_column`."""
    return labels.decode(text.removeprefix(_MARK)) if text.startswith(_MARK) else text


def plain(text: str) -> str:
    """Free text as every database takes it: NUL and what is not valid UTF-8 become escapes."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
