"""Write the dumps of the present schema, both databases', with a row of every kind: before a release that
brings a newer one, `python -m tests.store.dump`. What is released stays as it is.
"""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from contenant.store import revision
from contenant.store.store import open_store
from tests.store.postgresql import Cluster, cluster, program
from tests.store.samples import HOST, Clock
from tests.store.test_server import EVERY_CHANGE
from tests.store.test_upgrade import DUMPS


def _filled(url: str) -> None:
    with open_store(url, now=Clock(), host_id=HOST) as store:
        for batch in EVERY_CHANGE:
            store.apply(batch)


def _sqlite() -> str:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "contenant.db"
        _filled(f"sqlite:///{path}")
        with closing(sqlite3.connect(path)) as connection:
            return "".join(f"{line}\n" for line in connection.iterdump())


def _postgresql(server: Cluster) -> str:
    name = server.create()
    _filled(server.url(name))
    address = server.url(name).replace("+psycopg", "")
    argv = [program("pg_dump"), "--inserts", "--no-owner", "--no-privileges", address]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    # psql's own commands and comments are not SQL.
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith(("--", "\\"))]
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Both."""
    (DUMPS / f"{revision.HEAD}.sqlite.sql").write_text(_sqlite(), encoding="utf-8")
    with cluster() as server:
        (DUMPS / f"{revision.HEAD}.postgresql.sql").write_text(_postgresql(server), encoding="utf-8")


if __name__ == "__main__":
    main()
