"""`contenant verify` and the proof that needs no contenant."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contenant import host
from contenant.core import changes
from contenant.store.store import open_store
from tests.cli.conftest import Run
from tests.store.samples import container, made

GENESIS = "0" * 64
PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


@pytest.fixture
def log(contenant_home: Path) -> Path:
    """The database of an installation with five events in it."""
    with open_store(now=lambda: datetime.now(UTC), host_id=host.installation_id()) as store:
        store.apply([*made(), changes.container_state(container(), "running", "Unicode \udcff é\n")])
        store.apply([changes.container_gone(container(), "clean")])
    return contenant_home / "state" / "contenant.db"


def tamper(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)


def head_of(run: Run) -> str:
    done = run("verify", "--head")
    assert (done.code, done.err) == (0, "")
    return done.out.strip()


def test_a_log_that_holds(run: Run, log: Path) -> None:
    done = run("verify", "--json")
    (row,) = json.loads(done.out)
    assert (done.code, row["holds"], row["events"], row["first_bad"], row["fault"]) == (0, True, 5, 0, "")
    assert head_of(run) == f"{row['head']}:5"
    assert row["host"] == host.installation_id()


def test_a_warning_comes_after_what_it_is_about_also_in_a_pipe(log: Path) -> None:
    tamper(log, "UPDATE event SET data = data || ' ' WHERE seq = 3")
    env = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    argv = [sys.executable, "-m", "contenant", "verify"]
    done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 1
    assert done.stdout.startswith("HOLDS") and "warning: event 3 was altered" in done.stdout.splitlines()[-1]


def test_a_copied_record_is_not_taken_for_ones_own(
    run: Run, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "other" not in run("verify").err
    monkeypatch.setattr(host, "installation_id", lambda: "0123456789abcdef")
    done = run("verify", "--json")
    (row,) = json.loads(done.out)
    assert (done.code, row["holds"], row["events"], row["other_hosts"]) == (0, True, 0, 1)
    assert "no event here is of this installation (0123456789abcdef), only of 1 other" in done.err


def test_no_database_is_an_empty_log(run: Run) -> None:
    assert head_of(run) == f"{GENESIS}:0"
    assert run("verify", "--anchor", f"{GENESIS}:0").code == 0


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        ("UPDATE event SET data = '{}' WHERE seq = 3", 3),
        ("UPDATE event SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 1", 1),
        ("DELETE FROM event WHERE seq = 4", 4),
    ],
)
def test_the_first_bad_event_is_named(run: Run, log: Path, statement: str, bad: int) -> None:
    tamper(log, statement)
    done = run("verify", "--json")
    assert (done.code, json.loads(done.out)[0]["first_bad"]) == (1, bad)
    assert f"event {bad} " in done.err
    assert run("verify", "--head") == (1, "", done.err)


def test_an_anchor_shows_what_was_cut_off(run: Run, log: Path) -> None:
    kept = head_of(run)
    assert run("verify", "--anchor", kept).code == 0
    tamper(log, "DELETE FROM event WHERE seq = 5")
    assert run("verify").code == 0, "the chain itself cannot know"
    done = run("verify", "--anchor", kept)
    assert done.code == 1
    assert "is the hash of no event that holds" in done.err


def test_anchors_bear_numbers(run: Run, log: Path) -> None:
    head, _, number = head_of(run).partition(":")
    assert run("verify", "--anchor", head).code == 0
    assert run("verify", "--anchor", f"{head}:{number}", "--anchor", GENESIS).code == 0
    assert run("verify", "--anchor", f"{head}:4").code == 1
    assert run("verify", "--anchor", f"{GENESIS}:1").code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--anchor abc", "not an anchor: abc"),
        (f"--anchor {GENESIS}:x", "not an anchor:"),
        (". ", "a project path or --name needs --drift"),
        ("--fix", "--fix needs --drift"),
        ("--drift --head", "--drift looks at a container, not at the log"),
    ],
)
def test_wrong_use(run: Run, arguments: str, message: str) -> None:
    done = run("verify", *arguments.split())
    assert done.code == 2
    assert done.err.startswith(f"contenant: error: {message}")


def program() -> str:
    """The documented program, word for word."""
    (text,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(text)


def prove(tmp_path: Path, export: str, *anchor: str) -> tuple[int, str]:
    """Run it where there is no contenant."""
    script = tmp_path / "prove.py"
    script.write_text(program())
    done = subprocess.run(
        [sys.executable, "-I", str(script), *anchor], input=export, capture_output=True, text=True, cwd="/"
    )
    return done.returncode, done.stdout + done.stderr


def test_the_documented_program_is_short_and_needs_python_alone() -> None:
    lines = program().splitlines()
    assert len([line for line in lines if line]) <= 20
    assert [line for line in lines if "import" in line] == ["import hashlib", "import json", "import sys"]


def test_the_export_proves_itself(run: Run, log: Path, tmp_path: Path) -> None:
    export = run("history", "--format", "jsonl", "--with-proof").out
    kept = head_of(run)
    assert len(export.splitlines()) == 5
    assert prove(tmp_path, export) == (0, f"5 events hold, head {kept}\n")
    assert prove(tmp_path, export, kept)[0] == 0
    assert prove(tmp_path, export, kept.partition(":")[0])[0] == 0
    assert prove(tmp_path, export.rsplit("\n", 2)[0] + "\n", kept)[0] == 1, "cut off"


@pytest.mark.parametrize(
    "field", ["host", "seq", "at", "kind", "subject", "project", "data", "previous", "hash"]
)
def test_any_change_of_the_export_is_found(run: Run, log: Path, tmp_path: Path, field: str) -> None:
    rows = [json.loads(line) for line in run("history", "--format", "jsonl", "--with-proof").out.splitlines()]
    rows[2][field] = 9 if field == "seq" else rows[2][field] + "0"
    code, said = prove(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    assert (code, said) == (1, "event 3 does not hold\n")


def test_a_proof_takes_no_filter(run: Run, log: Path) -> None:
    assert run("history", "--with-proof").code == 2
    done = run("history", "--with-proof", "--format", "jsonl", "--kind", "container")
    assert done.code == 2
    assert "--with-proof takes no filter" in done.err


def test_a_changed_settings_file_is_an_event(run: Run, contenant_home: Path) -> None:
    from contenant import config
    from contenant.app.configuration import file_hash, note_file

    note_file()
    assert run("history", "events", "--kind", "config", "--json").out == "[]\n"
    config.user_path().parent.mkdir(parents=True, exist_ok=True)
    config.user_path().write_text("cpus = 2\n")
    first = file_hash(str(config.user_path()))
    note_file()
    note_file()
    config.user_path().unlink()
    note_file()
    rows = json.loads(run("history", "events", "--kind", "config.changed", "--json").out)
    assert [(row["data"]["data"]["before"], row["data"]["data"]["sha256"]) for row in rows] == [
        (first, ""),
        ("", first),
    ]
