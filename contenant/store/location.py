"""Where the database is: a URL -> a file, or a server. Loads neither driver nor SQLAlchemy."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from contenant.errors import ConfigError, StateError
from contenant.paths import ensure_private, state_dir

VARIABLE = "CONTENANT_DATABASE_URL"
_SERVER = r"(?s)postgres(?:ql)?(?:\+psycopg)?://(.+)"  # compiled where there is a URL


class Location(NamedTuple):
    """One database."""

    path: Path | None  # the SQLite file; None: a server
    url: str  # the server's address for SQLAlchemy; "" for a file

    @property
    def shown(self) -> str:
        """For people: without the password."""
        return str(self.path) if self.path else re.sub(r"(//[^:/@]*):.*@", r"\1@", self.url.partition("?")[0])


def locate(url: str | None) -> Location:
    """The database of a URL; empty: `$CONTENANT_DATABASE_URL`, else `contenant.db` in the state directory.

    `sqlite:////absolute/path` and `postgresql+psycopg://…` are understood; ConfigError on anything else.
    """
    url = url or os.environ.get(VARIABLE, "")
    if not url:
        return Location(state_dir() / "contenant.db", "")
    if url.startswith("sqlite:////") and "?" not in url and not url.endswith("/"):
        return Location(Path(url.removeprefix("sqlite:///")), "")
    if match := re.fullmatch(_SERVER, url):
        return Location(None, f"postgresql+psycopg://{match[1]}")
    raise ConfigError(
        "the database URL is neither sqlite:////absolute/path nor postgresql+psycopg://…",
        hint=f"correct {VARIABLE}, or unset it to use the one in the state directory",
    )


def ensure_parent(path: Path) -> None:
    """Make the directory of a database file. Only contenant's own directory is made private if it exists."""
    if path.parent == state_dir():
        ensure_private(path.parent)
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"cannot make the directory {path.parent}: {error.strerror}",
            hint=f"make it, or correct {VARIABLE}",
        ) from error


def backups(path: Path) -> list[Path]:
    """The backups of a database file, newest first."""
    return sorted((path.parent / "backups").glob(f"{path.stem}-*.db"), reverse=True)
