"""`contenant image show, history, log, prune, sbom, save, load`: what is shown, asked and answered."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from contenant.app import image_move, image_prune, image_sbom, image_show
from contenant.app.image_show import Entry, Log
from contenant.app.results import Outcome, Ui, Verdict
from contenant.cli import image_history, outcomes
from contenant.cli.image_list import duration
from contenant.errors import NotFoundError
from tests.cli.conftest import Run

OLD, CURRENT = "contenant:2.1.3-0123456789ab", "contenant:2.1.4-ba9876543210"
GOING = Verdict(
    "image", OLD, "", "podman", "remove", "no container needs it", "", OLD, 812_000_000, "sha256:1"
)
STAYS = GOING._replace(name=CURRENT, subject=CURRENT, action="keep", reason="new containers are made from it")


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> list[Verdict]:
    """What `prune` would do; `applied` takes the place of doing it."""
    found = [GOING, STAYS]
    monkeypatch.setattr(image_prune, "plan", lambda ui: found)
    return found


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[Verdict]:
    done: list[Verdict] = []

    def apply(verdicts: list[Verdict], ui: Ui) -> list[Outcome]:
        done.extend(verdicts)
        return [Outcome(one, "removed" if one.action == "remove" else "kept", one.reason) for one in verdicts]

    monkeypatch.setattr(image_prune, "apply", apply)
    return done


def test_prune_shows_its_plan_with_totals(run: Run, plan: list[Verdict], applied: list[Verdict]) -> None:
    result = run("image", "prune", "--dry-run")
    assert result.code == 0
    first, second = (line.split() for line in result.out.splitlines()[1:])
    assert first[:5] == [OLD, "podman", "812", "MB", "remove"]
    assert second[:5] == [CURRENT, "podman", "812", "MB", "keep"]
    assert "1 image of 812 MB would be removed, 812 MB are kept" in result.err
    assert run("image", "prune", "--dry-run", "-q").out == f"{OLD}\n"
    rows = json.loads(run("image", "prune", "--dry-run", "--json").out)
    assert [set(row) for row in rows] == [set(outcomes.FIELDS)] * 2
    assert applied == []


def test_prune_asks(run: Run, plan: list[Verdict], applied: list[Verdict]) -> None:
    result = run("image", "prune")
    assert result.code == 2
    assert "there is no terminal to ask on" in result.err
    assert applied == []
    done = run("image", "prune", "--yes")
    assert done.code == 0
    assert applied == [GOING, STAYS]
    assert "1 image removed, at most 812 MB freed" in done.err


def test_prune_of_nothing(run: Run, plan: list[Verdict], applied: list[Verdict]) -> None:
    plan[:] = [STAYS]
    result = run("image", "prune")
    assert (result.code, applied) == (0, [])
    assert "nothing to remove; 812 MB are kept" in result.err
    assert [row["result"] for row in json.loads(run("image", "prune", "--json").out)] == ["kept"]
    assert [row["result"] for row in json.loads(run("image", "prune", "--dry-run", "--json").out)] == [""]


def test_a_removal_that_failed(run: Run, plan: list[Verdict], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_prune, "apply", lambda plan, ui: [Outcome(GOING, "failed", "it is in use")])
    result = run("image", "prune", "--yes")
    assert result.code == 1
    assert "it is in use" in result.out


TREE: dict[str, Any] = {"image": {"reference": CURRENT}, "build": {"steps": {"stage system": 41.0}}}


def test_show(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    silent: dict[str, str] = {}

    def show(text: str) -> dict[str, Any]:
        asked.append(text)
        return {**TREE, "unreachable": silent}

    monkeypatch.setattr(image_show, "show", show)
    assert json.loads(run("image", "show", "--json").out) == TREE
    assert "build.steps.stage system  41.0" in run("image", "show", "0123").out
    assert asked == ["", "0123"]
    silent["docker"] = "start it"
    result = run("image", "show")
    assert result.code == 3
    assert "docker did not answer" in result.err


ENTRY = Entry(
    "2026-11-26T18:30:00.000Z", "failed", CURRENT, "2.1.4", "podman", 187.2, 0, "ab", "/logs/1", "", ""
)


def test_history(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [ENTRY, ENTRY._replace(what="built", size=812_000_000, seconds=8.4)]
    monkeypatch.setattr(image_show, "history", lambda: entries)
    failed, built = (line.split() for line in run("image", "history").out.splitlines()[1:])
    assert failed[2:] == ["failed", CURRENT, "podman", "3m07s", "-", "/logs/1"]
    assert built[2:] == ["built", CURRENT, "podman", "8s", "812", "MB", "-"]
    assert [tuple(row) for row in json.loads(run("image", "history", "--json").out)] == [
        tuple(image_history.FIELDS)
    ] * 2
    rows = list(csv.DictReader(io.StringIO(run("image", "history", "--format", "csv", "--limit", "1").out)))
    assert [row["what"] for row in rows] == ["failed"]
    entries.clear()
    assert "nothing was built yet" in run("image", "history").err


def test_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        image_show, "log", lambda text, failed: Log("/logs/1", f"{text} {failed}\n\tx\x1b[2J\n", 7)
    )
    assert run("image", "log", "ab", "--failed") == (
        0,
        "ab True\n        x\\x1b[2J\n",
        "contenant: /logs/1, without its first 7 bytes\n",
    )
    assert run("image", "log", "-q").err == ""


def test_a_log_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def log(text: str, failed: bool) -> Log:
        raise NotFoundError("there is no build on record", hint="look at the history")

    monkeypatch.setattr(image_show, "log", log)
    assert run("image", "log").code == 4


def test_sbom(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_sbom, "bill", lambda text, form: {"of": text, "as": form})
    assert json.loads(run("image", "sbom").out) == {"of": "", "as": "spdx"}
    out = run("image", "sbom", "ab", "--format", "cyclonedx").out
    assert json.loads(out) == {"of": "ab", "as": "cyclonedx"}
    assert run("image", "sbom", "--format", "xml").code == 2


def test_save_and_load(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def save(text: str, target: Path, engine: str | None, ui: Ui) -> dict[str, Any]:
        asked.append((text, target, engine))
        return {"file": str(target)}

    def load(source: Path, engine: str | None, ui: Ui) -> dict[str, Any]:
        asked.append((source, engine))
        return {"reference": CURRENT}

    monkeypatch.setattr(image_move, "save", save)
    monkeypatch.setattr(image_move, "load", load)
    assert run("image", "save", "i.tar", "--json").code == 0
    assert run("image", "save", "ab", "i.tar", "--engine", "docker").code == 0
    assert run("image", "load", "i.tar").code == 0
    assert asked == [("", Path("i.tar"), None), ("ab", Path("i.tar"), "docker"), (Path("i.tar"), None)]
    assert run("image", "save").code == 2
    assert run("image", "save", "a", "b", "c").code == 2
    assert run("image", "load").code == 2


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.0, "-"), (0.2, "0s"), (59.4, "59s"), (59.6, "1m00s"), (187.2, "3m07s")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
