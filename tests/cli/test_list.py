"""`contenant list`: columns, order, filters, formats, silent engines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contenant.app import inventory as use_case
from contenant.app.inventory import Inventory, Row
from contenant.app.results import Ui
from contenant.cli.list import FIELDS, arrange, table
from contenant.cli.render import Output, emit
from contenant.errors import EngineUnavailableError
from tests.cli.conftest import Run
from tests.cli.samples import ROW

NOW = datetime(2026, 10, 7, 12, 0, tzinfo=UTC)

SHOP = ROW._replace(activity="waiting", activity_since="2026-10-07T11:54:30.000Z")
BLOG = ROW._replace(
    name="contenant-blog-11112222",
    project="/home/me/blog",
    state="stopped",
    last_used="2026-10-07T11:59:30.000Z",
    sessions_live=0,
    claude="2.0.9",
    outdated=True,
    engine="docker",
    firewall="off",
    created="2026-10-05T10:00:00.000Z",
    project_exists=False,
)
OLD = ROW._replace(
    name="contenant-old-33334444",
    project="/srv/old",
    state="unknown",
    last_used="2025-01-01T00:00:00.000Z",
    created="2025-01-01T00:00:00.000Z",
    claude="",
    firewall="audit",
    activity="working",
    activity_since="2026-10-07T11:59:30.000Z",
)
ALL = (BLOG, OLD, SHOP)

Answer = Callable[..., None]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    def set_answer(*rows: Row, **unreachable: str) -> None:
        def fake(ui: Ui, engine: str | None = None) -> Inventory:
            return Inventory(tuple(row for row in rows if engine in (None, row.engine)), unreachable)

        monkeypatch.setattr(use_case, "inventory", fake)

    return set_answer


def test_the_table() -> None:
    stream = io.StringIO()
    emit(arrange(ALL, "used", False), table(NOW, "/home/me"), Output("table", stream))
    left, right = zip(*((line[:70], line[70:]) for line in stream.getvalue().splitlines()), strict=True)
    assert left == (
        "NAME                     PROJECT        STATE    LAST USED  SESSIONS  ",
        "contenant-blog-11112222  ~/blog (gone)  stopped  now        0/7       ",
        "contenant-shop-0a1b2c3d  /srv/shop      running  2h         1/7       ",
        "contenant-old-33334444   /srv/old       unknown  92w        1/7       ",
    )
    assert right == (
        "ACTIVITY    IMAGE   ENGINE  FIREWALL  AGE",
        "-           2.0.9*  docker  off       2d",
        "waiting 5m  2.1.3   podman  block     36d",
        "working     -       podman  audit     92w",
    )


def test_a_firewall_that_is_off_is_red_and_one_that_only_listens_yellow() -> None:
    stream = io.StringIO()
    emit(ALL, table(NOW, "/home/me"), Output("table", stream, colour=True))
    assert "\x1b[31moff\x1b[0m" in stream.getvalue()
    assert "\x1b[33maudit\x1b[0m" in stream.getvalue()
    assert "block\x1b" not in stream.getvalue()


def test_the_containers_of_a_project_stand_together() -> None:
    review = SHOP._replace(
        name="contenant-shop-review-0f0f0f0f", variant="review", last_used="2020-01-01T00:00:00.000Z"
    )
    rows = arrange([*ALL, review], "used", False)
    assert [(row.project, row.variant) for row in rows] == [
        ("/home/me/blog", ""),
        ("/srv/shop", ""),
        ("/srv/shop", "review"),
        ("/srv/old", ""),
    ]
    stream = io.StringIO()
    emit(rows, table(NOW, "/home/me"), Output("table", stream))
    assert "/srv/shop@review" in stream.getvalue()


def test_an_agent_that_waits_is_seen_at_once() -> None:
    stream = io.StringIO()
    emit(ALL, table(NOW, "/home/me"), Output("table", stream, colour=True))
    assert "\x1b[33mwaiting 5m" in stream.getvalue()
    assert "working\x1b" not in stream.getvalue()


@pytest.mark.parametrize("room", [80, 60])
def test_a_narrow_terminal_keeps_the_firewall_and_its_width(room: int) -> None:
    stream = io.StringIO()
    row = ROW._replace(
        project="/home/me/work/a-rather-deep/directory/shop", name="contenant-a-rather-long-one-0a1b2c3d"
    )
    emit([row], table(NOW, "/home/me"), Output("table", stream, width=room))
    header, line = stream.getvalue().splitlines()
    assert max(len(header), len(line)) <= room
    assert "FIREWALL" in header
    assert "…" in line


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", "blog old shop"),
        ("used", "blog shop old"),
        ("age", "blog shop old"),
        ("state", "shop blog old"),
        ("project", "blog old shop"),
    ],
)
def test_sorting(run: Run, answer: Answer, sort: str, names: str) -> None:
    answer(*ALL)
    shown = [line.split("-")[1] for line in run("list", "-q", "--sort", sort).out.splitlines()]
    assert shown == names.split()


def test_reverse_turns_the_order_and_leaves_equal_ones_by_name() -> None:
    twin = SHOP._replace(name="contenant-shop-99999999")
    assert [row.name[10:14] for row in arrange(ALL, "used", True)] == ["old-", "shop", "blog"]
    assert arrange([twin, SHOP], "used", False) == arrange([SHOP, twin], "used", True) == [SHOP, twin]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("--state running", ["shop"]),
        ("--state paused", []),
        ("--engine docker", ["blog"]),
        ("--project /blog", ["blog"]),
        ("--project /srv --state unknown", ["old"]),
    ],
)
def test_filters(run: Run, answer: Answer, options: str, names: list[str]) -> None:
    answer(*ALL)
    result = run("list", "--json", *options.split())
    assert result.code == 0
    assert [row["name"].split("-")[1] for row in json.loads(result.out)] == names


def test_json_keys_are_a_contract(run: Run, answer: Answer) -> None:
    """A key may be added at the end; none may go, change its name or its type."""
    answer(SHOP)
    assert json.loads(run("list", "--format", "json").out) == [
        {
            "name": "contenant-shop-0a1b2c3d",
            "project": "/srv/shop",
            "state": "running",
            "last_used": "2026-10-07T10:00:00.000Z",
            "sessions_live": 1,
            "sessions_total": 7,
            "image": "contenant:2.1.3-0123456789ab",
            "claude": "2.1.3",
            "outdated": False,
            "engine": "podman",
            "firewall": "block",
            "created": "2026-09-01T10:00:00.000Z",
            "project_exists": True,
            "activity": "waiting",
            "activity_since": "2026-10-07T11:54:30.000Z",
            "variant": "",
        }
    ]
    assert tuple(FIELDS) == Row._fields


def test_formats_agree(run: Run, answer: Answer) -> None:
    answer(*ALL)
    rows = json.loads(run("list", "--json").out)
    assert [json.loads(line) for line in run("list", "--format", "jsonl").out.splitlines()] == rows
    read = list(csv.DictReader(io.StringIO(run("list", "--format", "csv").out)))
    assert [row["name"] for row in read] == [row["name"] for row in rows]
    assert {row["outdated"] for row in read} == {"true", "false"}


def test_quiet_prints_names_and_a_format_wins_over_it(run: Run, answer: Answer) -> None:
    answer(SHOP)
    assert run("list", "-q").out == run("-q", "list").out == "contenant-shop-0a1b2c3d\n"
    assert json.loads(run("list", "-q", "--json").out)[0]["engine"] == "podman"


def test_a_silent_engine_is_named_and_its_rows_still_shown(run: Run, answer: Answer) -> None:
    answer(SHOP, OLD, docker="it is silent")
    result = run("list")
    assert result.code == 3
    assert len(result.out.splitlines()) == 3
    assert result.err == (
        "contenant: warning: docker did not answer, its containers are shown as unknown: it is silent\n"
    )


def test_no_engine_at_all(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise EngineUnavailableError("no container engine found", hint="install podman")

    monkeypatch.setattr(use_case, "inventory", missing)
    assert run("list") == (3, "", "contenant: error: no container engine found\n  hint: install podman\n")


def test_nothing_to_list_is_said_on_standard_error(run: Run, answer: Answer) -> None:
    answer()
    assert run("list") == (0, "", "contenant: no containers yet; contenant in a project folder makes one\n")
    assert run("list", "--json").out == "[]\n"
    answer(SHOP)
    assert run("list", "--state", "paused").err == "contenant: no containers match\n"


def test_a_path_that_could_steer_the_terminal_is_escaped(run: Run, answer: Answer, tmp_path: Path) -> None:
    answer(SHOP._replace(project="/srv/\x1b[2J\n\u202ex"))
    shown = run("list").out
    assert "/srv/\\x1b[2J\\n\\u202ex" in shown
    assert len(shown.splitlines()) == 2


def test_containers_of_another_store_are_named_with_what_next(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Inventory((OLD, SHOP), {}, (OLD.name,))
    monkeypatch.setattr(use_case, "inventory", lambda ui, engine: found)
    done = run("list")
    assert done.code == 0
    assert f"{OLD.name}: not in the store that answered" in done.err
    assert "`contenant clean --reinstalled`" in done.err
