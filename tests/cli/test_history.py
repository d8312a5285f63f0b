"""`contenant history`: filters, moments, formats, and a memory that stays flat."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contenant.app import history as use_case
from contenant.app.history import HistoryQuery
from contenant.cli.history_options import TABLE_LIMIT, moment
from contenant.cli.history_timeline import FIELDS
from contenant.errors import UsageError
from contenant.store.rows import HistoryRow
from tests.cli.conftest import Run
from tests.cli.samples import EVENT

NOW = datetime(2026, 10, 7, 12, 0, tzinfo=UTC)


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[HistoryQuery]:
    """Takes the place of the use case: 60 rows, as many as asked for."""
    seen: list[HistoryQuery] = []

    def fake(query: HistoryQuery) -> Iterator[HistoryRow]:
        seen.append(query)
        yield from (EVENT._replace(subject=f"s{index}") for index in range(min(60, query.limit or 60)))

    monkeypatch.setattr(use_case, "history", fake)
    return seen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("7d", "2026-09-30T12:00:00.000Z"),
        ("90m", "2026-10-07T10:30:00.000Z"),
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T09:30", "2026-01-31T09:30:00.000Z"),
        ("2026-01-31T09:30:00.5+02:00", "2026-01-31T07:30:00.500Z"),
        ("2026-01-31T09:30Z", "2026-01-31T09:30:00.000Z"),
        ("1900-01-01", "1970-01-01T00:00:00.000Z"),
        ("99y", "1970-01-01T00:00:00.000Z"),
        ("0001-01-01T00:00+14:00", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_moments(text: str, expected: str) -> None:
    assert moment(text, NOW) == expected


def test_a_date_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert moment("2026-01-31", NOW) == "2026-01-30T23:00:00.000Z"
    finally:
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()


@pytest.mark.parametrize("text", ["yesterday", "5", "-5d", "5x", "2026-13-01", "d", "0d"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        moment(text, NOW)


def test_filters(run: Run, queries: list[HistoryQuery]) -> None:
    line = "history /srv/shop --since 2026-01-01T00:00Z --until 2026-02-01 --limit 3 --json"
    assert run(*line.split(), "--kind", "session", "--kind", "container.created").code == 0
    assert queries == [
        HistoryQuery(
            path=Path("/srv/shop"),
            since="2026-01-01T00:00:00.000Z",
            until="2026-02-01T00:00:00.000Z",
            kinds=("session", "container.created"),
            limit=3,
        )
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--since 2026-02-01 --until 2026-01-01", "--since is not before --until"),
        ("--since junk", "not a moment: 'junk'"),
        ("--until -5d", "not a duration: '-5d'"),
        ("--kind sesion", "no such kind: sesion"),
        ("--limit -1", "invalid value for '--limit'"),
    ],
)
def test_bad_filters(run: Run, queries: list[HistoryQuery], options: str, message: str) -> None:
    result = run("history", *options.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"contenant: error: {message}")
    assert queries == []


def test_a_table_stops_at_fifty_and_says_so(run: Run, queries: list[HistoryQuery]) -> None:
    result = run("history")
    assert len(result.out.splitlines()) == TABLE_LIMIT + 1
    assert result.err == f"contenant: the newest {TABLE_LIMIT} are shown; --limit 0 shows all\n"
    assert len(run("history", "--limit", "0").out.splitlines()) == 61
    assert len(run("history", "--limit", "2").out.splitlines()) == 3


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_machine_formats_have_no_limit_of_their_own(run: Run, queries: list[HistoryQuery], form: str) -> None:
    assert run("history", "--format", form).err == ""
    assert queries[0].limit == 0


def test_the_table_shows_local_time(run: Run, queries: list[HistoryQuery]) -> None:
    header, line = run("history", "--limit", "1").out.splitlines()
    assert header.split() == ["WHEN", "KIND", "PROJECT", "CONTAINER", "SUMMARY"]
    assert line.startswith(
        "2026-10-07 10:00:00  session  /srv/shop  contenant-shop-0a1b2c3d  claude -p hi → 0"
    )


def test_json_keys_are_a_contract(run: Run, queries: list[HistoryQuery]) -> None:
    """A key may be added at the end; none may go, change its name or its type."""
    assert json.loads(run("history", "--json", "--limit", "1").out) == [
        {
            "at": "2026-10-07T10:00:00.123Z",
            "kind": "session",
            "project": "/srv/shop",
            "container": "contenant-shop-0a1b2c3d",
            "subject": "s0",
            "summary": "claude -p hi → 0 after 12s",
            "data": {"exit_code": 0, "argv": ["claude", "-p", "hi"]},
        }
    ]
    assert tuple(FIELDS) == HistoryRow._fields


def test_csv_holds_data_as_json_text(run: Run, queries: list[HistoryQuery]) -> None:
    (row,) = csv.DictReader(io.StringIO(run("history", "--format", "csv", "--limit", "1").out))
    assert json.loads(row["data"]) == EVENT.data


def test_quiet_prints_ids(run: Run, queries: list[HistoryQuery]) -> None:
    assert run("history", "-q", "--limit", "2") == (0, "s0\ns1\n", "")


def test_no_history_is_said(run: Run) -> None:
    assert run("history") == (0, "", "contenant: no history matches\n")
    assert run("history", "--json") == (0, "[]\n", "")


MEMORY = """
import resource, sys
from contenant.app import history
from tests.cli.samples import EVENT
history.history = lambda query: (EVENT for _ in range(int(sys.argv[1])))
from contenant.cli.entry import main
main(["history", "--format", sys.argv[2]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_memory_stays_flat_however_long_the_history(form: str) -> None:
    root = Path(__file__).parents[2]

    def peak(rows: int) -> int:
        command = [sys.executable, "-c", MEMORY, str(rows), form]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=root)
        return int(done.stderr)

    assert peak(40_000) - peak(100) < 2_000  # kB; 40 000 rows of text are 12 MB
