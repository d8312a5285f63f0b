"""`contenant history --open`: the database, read-only, in a browser, through Datasette."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from contenant.app.ledger import Ledger, database_url
from contenant.core.browse import metadata
from contenant.errors import StateError, UsageError
from contenant.process import built_env, stream
from contenant.store.location import locate

A_YEAR = 365 * 86400.0  # it is served until somebody ends it
_INSTALL = "pip install 'contenant[datasette]'"
_LINK = "/-/auth-token?token="


def serve(port: int, on_link: Callable[[str], None]) -> None:
    """Serve on 127.0.0.1 until interrupted; `on_link` is told the address with its token, once it answers.

    `port` 0: any that is free. Raises UsageError for a database server or without Datasette, StateError where
    there is no database or it cannot be served.
    """
    location = locate(database_url(os.environ) or None)
    if location.path is None:
        raise UsageError(
            "--open shows a database file", hint="a server has tools of its own; the views are there"
        )
    if any(importlib.util.find_spec(name) is None for name in ("datasette", "datasette_vega")):
        raise UsageError("--open needs Datasette, which is not installed", hint=_INSTALL)
    with Ledger(database_url(os.environ)) as ledger:
        if ledger.snapshot() is None:  # brings an older schema up to date, too
            raise StateError("there is no database yet", hint="`contenant` in a project makes one")
    with tempfile.TemporaryDirectory(prefix="contenant-") as place:
        settings = Path(place) / "metadata.json"
        settings.write_text(json.dumps(metadata(location.path.stem)), encoding="utf-8")
        _run(command(location.path, settings, port), on_link)


def command(database: Path, settings: Path, port: int) -> list[str]:
    """The command line. Datasette opens a file that it is not told is immutable with mode=ro."""
    return [
        *(sys.executable, "-m", "datasette", "serve", str(database)),
        *("--metadata", str(settings), "--host", "127.0.0.1", "--port", str(port), "--root"),
        *("--setting", "allow_download", "off", "--setting", "sql_time_limit_ms", "10000"),
    ]


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _run(argv: list[str], on_link: Callable[[str], None]) -> None:
    """The token is printed before the port is known: both are put together."""
    said: list[str] = []
    token = ""

    def read(line: str) -> None:
        nonlocal token
        said.append(line)
        del said[:-5]
        if _LINK in line:
            token = line.strip().partition(_LINK)[2]
        elif "running on http://" in line:
            address = line.partition("running on ")[2].split()[0]
            on_link(f"{address.rstrip('/')}{_LINK}{token}")

    signal.signal(signal.SIGTERM, _interrupt)  # as Ctrl-C does, it ends what serves, too
    env = built_env() | {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}
    code = stream(argv, read, timeout=A_YEAR, env=env)
    if code:
        last = next((line for line in reversed(said) if line.strip()), "it gave no reason")
        raise StateError(
            f"Datasette ended with {code}: {last.strip()}", hint="is the port free? --port chooses one"
        )
