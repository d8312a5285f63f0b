"""`contenant db`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contenant import host
from contenant.core import changes
from contenant.store.store import open_store
from tests.store.samples import made


@pytest.fixture
def database(contenant_home: Path) -> Path:
    with open_store(now=host.now, host_id=host.installation_id()) as store:
        store.apply(made())
    return contenant_home / "state/contenant.db"


def contenant(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    from contenant.cli.entry import main

    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_back_up_damage_restore(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = contenant(capsys, "db", "backup")
    assert code == 0
    assert Path(out.strip()).parent == database.parent / "backups"
    database.write_bytes(b"\xa5" * 20_000)
    code, _, err = contenant(capsys, "history")
    assert code == 1
    assert "is damaged" in err
    assert "contenant db restore" in err
    assert contenant(capsys, "db", "check")[0] == 1
    code, _, err = contenant(capsys, "db", "restore")
    assert code == 2
    assert "add --yes" in err
    code, _, err = contenant(capsys, "db", "restore", "--yes")
    assert code == 0
    assert "replaced" in err
    code, out, _ = contenant(capsys, "history", "--kind", "database", "--json")
    (event,) = json.loads(out)
    assert event["kind"] == "database.restored"
    code, out, _ = contenant(capsys, "db", "check", "--json")
    assert code == 0
    assert {row["good"] for row in json.loads(out)} == {True}


def test_what_was_lost_is_on_record(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = database.with_name("saved.db")
    assert contenant(capsys, "db", "backup", str(saved))[0] == 0
    with open_store(now=host.now, host_id=host.installation_id()) as store:
        store.apply([changes.engine_remembered("podman", "a", "b")])
        last = list(store.events())[-1]
    assert contenant(capsys, "db", "restore", str(saved), "--yes")[0] == 0
    _, out, _ = contenant(capsys, "history", "--kind", "database", "--json")
    (event,) = json.loads(out)
    assert (event["data"]["data"]["last"], event["data"]["data"]["hash"]) == (4, last.hash)


def test_nothing_to_work_on(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (("backup",), ("restore",), ("check",), ("restore", "/absent", "--yes")):
        code, _, err = contenant(capsys, "db", *arguments)
        assert (code, "no " in err) == (4, True), err


def test_a_damaged_log_exits_1(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import sqlite3

    with sqlite3.connect(database) as other:
        other.execute("DROP TRIGGER event_no_update")
        other.execute("UPDATE event SET subject = 'x' WHERE seq = 1")
    other.close()
    code, out, err = contenant(capsys, "db", "check", "--color", "always")
    assert code == 1
    assert "event 1 was altered" in out
    assert "db restore" in err
