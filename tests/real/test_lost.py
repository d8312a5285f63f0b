"""The records go while a session lives: it is on record again, is spared, and its end is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.conftest import APPLE, LINUX, Contenant

pytestmark = pytest.mark.real
ENGINES = (*LINUX, APPLE[-1])


def test_a_lost_database_loses_no_live_session(contenant: Contenant, project: Path) -> None:
    session = contenant.start("--", "sh", "-c", "echo up; read -r _; exit 7", cwd=project)
    assert session.stdout is not None and session.stdin is not None
    assert session.stdout.readline() == b"up\n"
    for place in (contenant.home / "state").glob("contenant.db*"):
        place.unlink()
    assert [row["sessions_live"] for row in contenant.rows(project)] == [1]
    kept = contenant("clean", "--yes", cwd=project)
    assert (kept.returncode, "1 live session" in kept.stdout) == (1, True)
    session.communicate(b"\n", timeout=60)
    assert session.returncode == 7
    assert [row["sessions_live"] for row in contenant.rows(project)] == [0]
    (row,) = contenant.history(project, "--kind", "session")
    assert (row["data"]["argv"], row["data"]["exit_code"]) == (["sh", "-c", "echo up; read -r _; exit 7"], 7)
