"""`contenant image outdated`, `upgrade`, `rollback`: what is asked of the use case, and how it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contenant.app import upgrade as use_case
from contenant.app.results import Ui
from contenant.app.upgrade import Request
from tests.cli.conftest import Run

KNOWN: dict[str, Any] = {
    "chosen": "2.1.330",
    "why": "shipped with this contenant",
    "latest": "2.1.331",
    "stable": None,
    "asked": "2026-10-07T10:00:00.000Z",
    "containers": 2,
}
MOVED: dict[str, Any] = {"from": "2.1.330", "to": "2.1.331", "built": True, "containers": []}


def item(name: str, result: str) -> dict[str, str]:
    return {"name": name, "result": result, "reason": ""}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What `upgrade` and `rollback` were asked; they answer what MOVED says."""
    requests: list[Request] = []

    def move(request: Request, ui: Ui) -> dict[str, Any]:
        requests.append(request)
        return dict(MOVED)

    for name in ("upgrade", "rollback"):
        monkeypatch.setattr(use_case, name, move)
    return requests


def test_what_is_not_known_is_said_to_people_and_null_for_programs(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dict(KNOWN)
    asked = []

    def outdated(ui: Ui, *, refresh: bool) -> dict[str, Any]:
        asked.append(refresh)
        return dict(known)

    monkeypatch.setattr(use_case, "outdated", outdated)
    result = run("image", "outdated")
    assert (result.code, result.err) == (0, "")
    assert "latest      2.1.331\nstable      not known\n" in result.out
    assert json.loads(run("image", "outdated", "--refresh", "--json").out) == known
    assert "stable,\n" in run("image", "outdated", "--format", "csv").out
    assert asked == [False, True, False]


def test_the_requests(run: Run, asked: list[Request]) -> None:
    assert run("image", "upgrade").code == 0
    run("image", "upgrade", "--to", "2.1.331", "--engine", "docker", "--recreate-idle")
    run("image", "upgrade", "--to", "latest")
    assert json.loads(run("image", "rollback", "--recreate-idle", "--json").out) == MOVED
    assert asked == [
        Request(),
        Request("docker", "2.1.331", True),
        Request(),
        Request(None, "", True),
    ]


@pytest.mark.parametrize("wrong", ["newest", "2.1", "2.1.196"])
def test_what_is_no_version_is_refused(run: Run, asked: list[Request], wrong: str) -> None:
    result = run("image", "upgrade", "--to", wrong)
    assert (result.code, result.out, asked) == (2, "", [])
    assert wrong in result.err


@pytest.mark.parametrize(
    ("results", "code", "told"),
    [
        ([], 0, ""),
        (["recreated"], 0, ""),
        (
            ["behind"],
            0,
            "contenant: behind: c0; --recreate-idle moves those without a session\n",
        ),
        (["recreated", "kept"], 0, "contenant: still behind: c1\n"),
        (["failed", "recreated"], 1, "contenant: still behind: c0\n"),
    ],
)
def test_who_is_behind_still(
    run: Run,
    asked: list[Request],
    monkeypatch: pytest.MonkeyPatch,
    results: list[str],
    code: int,
    told: str,
) -> None:
    found = [item(f"c{number}", result) for number, result in enumerate(results)]
    monkeypatch.setitem(MOVED, "containers", found)
    result = run("image", "rollback")
    assert (result.code, result.err) == (code, told)
