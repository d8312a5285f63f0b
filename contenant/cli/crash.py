"""A failure nobody foresaw: one line for the user, the traceback in a file they can attach to a report."""

from __future__ import annotations

import os
import platform
import sys
import traceback
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from contenant import __version__
from contenant.cli.complain import Complaint
from contenant.errors import ContenantError
from contenant.paths import ensure_private, state_dir

EXIT_BUG = 70


def report_crash(error: BaseException) -> Complaint:
    """Write the traceback to `<state>/logs/crash-*.log` (0600); what is to be said of it, with exit code 70.

    The log names no arguments: they may hold secrets. CONTENANT_DEBUG=1 shows the traceback as well.
    """
    text = "".join(traceback.format_exception(error))
    if os.environ.get("CONTENANT_DEBUG", "0") not in ("", "0"):
        sys.stderr.write(text)
    message = f"unexpected {type(error).__name__}: {error}"
    return Complaint("bug", message, _what_next(_write_log(text)), EXIT_BUG)


def _write_log(text: str) -> Path | None:
    head = f"contenant {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n"
    try:
        directory = ensure_private(ensure_private(state_dir()) / "logs")
        path = directory / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
            file.write(head + text)
    except (OSError, ContenantError):
        return None
    return path


def _what_next(log: Path | None) -> str:
    where = f" at {url}" if (url := _issues_url()) else ""
    if log is None:
        return f"this is a bug; run again with CONTENANT_DEBUG=1 and report what it shows{where}"
    return f"this is a bug; report it{where} with {log}"


def _issues_url() -> str:
    """The issue tracker named by the package's own metadata, "" where it names none."""
    try:
        urls = metadata.metadata("contenant").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return ""
    named = dict(entry.split(", ", 1) for entry in urls)
    return str(named.get("Issues", ""))
