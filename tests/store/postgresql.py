"""A PostgreSQL server of the test run's own: unprivileged, on loopback and a socket, gone afterwards."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.sockets import free_port

# Debian keeps the server's programs off PATH, below the version's own directory.
_DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name))
# Nothing here outlives the run, so nothing needs to reach a disk.
_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")
ACCOUNT = "contenant"
# As many servers have it: an order of texts that is not the order of their bytes.
_ORDER = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")


class Cluster:
    """A running server; each test gets databases of its own."""

    def __init__(self, port: int, password: str) -> None:
        self.port, self._password, self._made = port, password, 0

    def url(self, database: str = "postgres") -> str:
        """As CONTENANT_DATABASE_URL takes it."""
        account = f"{ACCOUNT}:{self._password}"
        return f"postgresql+psycopg://{account}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A plain connection that obeys no rule of contenant's."""
        return psycopg.connect(self.url(database).replace("+psycopg", ""), autocommit=True)

    def create(self, template: str = "template1") -> str:
        """A new database, a copy of `template`; its name."""
        self._made += 1
        name = f"made{self._made}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Remove a database whoever is in it."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def program(name: str) -> str:
    """The path of one of the server's programs. Without the server nothing would be shown: that fails."""
    found = next((str(place / name) for place in reversed(_DEBIAN) if (place / name).exists()), None)
    found = found or shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not installed: run packaging/setup test")
    return found


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a server on a free port of loopback and end it."""
    with tempfile.TemporaryDirectory(prefix="contenant-pg-") as top:
        place = Path(top)
        password = secrets.token_hex(16)
        (place / "password").write_text(password)
        _give_away(place)
        data = str(place / "data")
        _call(program("initdb"), "--pgdata", data, "--username", ACCOUNT, "--auth=scram-sha-256",
              f"--pwfile={place / 'password'}", "--no-sync", *_ORDER)  # fmt: skip
        port = free_port()
        options = [word for setting in _SETTINGS for word in ("-c", setting)]
        argv = [program("postgres"), "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", top, *options]
        with (place / "log").open("wb") as log:
            server = subprocess.Popen(argv, stdout=log, stderr=log, **_who())
        try:
            made = Cluster(port, password)
            _wait(made, server, place / "log")
            yield made
        finally:
            server.terminate() if server.poll() is not None else server.send_signal(3)  # at once, no farewell
            server.wait(timeout=30)


def _who() -> dict[str, int]:
    """Root may not run the server."""
    if os.getuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


def _give_away(place: Path) -> None:
    if who := _who():
        for path in (place, *place.iterdir()):
            os.chown(path, who["user"], who["group"])


def _call(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, cwd="/", check=False, **_who())  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr


def _wait(made: Cluster, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        try:
            made.connect().close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    pytest.fail(f"PostgreSQL did not answer within 30 s: {log.read_text()}")


def dump(connection: psycopg.Connection[tuple[object, ...]], tables: Sequence[str]) -> dict[str, object]:
    """All rows of some tables, in the order of their texts."""
    return {table: sorted(map(str, connection.execute(f"SELECT * FROM {table}"))) for table in tables}
