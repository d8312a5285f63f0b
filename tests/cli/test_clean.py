"""`contenant clean` and `stop`: nothing goes without being shown and agreed to."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from contenant.app import clean as use_case
from contenant.app import reinstalled
from contenant.app import stop as stop_use_case
from contenant.app.project import Target
from contenant.app.results import CleanRequest, Outcome, Ui, Verdict
from contenant.cli.outcomes import FIELDS
from tests.cli.conftest import Run
from tests.cli.samples import KEPT, VERDICT


class Cleaner:
    """Takes the place of the use case."""

    def __init__(self, *plan: Verdict, failing: str = "") -> None:
        self.answer = plan
        self.failing = failing
        self.requests: list[CleanRequest] = []
        self.applied: list[Verdict] = []

    def plan(self, request: CleanRequest, ui: Ui) -> list[Verdict]:
        self.requests.append(request)
        return list(self.answer)

    def apply(self, verdicts: Sequence[Verdict], request: CleanRequest, ui: Ui) -> list[Outcome]:
        self.applied += verdicts
        return [self._outcome(verdict) for verdict in verdicts]

    def _outcome(self, verdict: Verdict) -> Outcome:
        if verdict.action == "keep":
            return Outcome(verdict, "kept", verdict.reason)
        if verdict.name == self.failing:
            return Outcome(verdict, "failed", "the engine said no")
        return Outcome(verdict, "removed", verdict.reason)


@pytest.fixture
def cleaner(monkeypatch: pytest.MonkeyPatch) -> Cleaner:
    fake = Cleaner(VERDICT, KEPT)
    monkeypatch.setattr(use_case, "plan", fake.plan)
    monkeypatch.setattr(use_case, "apply", fake.apply)
    return fake


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ("", CleanRequest(paths=(Target(Path()),))),
        ("/srv/a /srv/b", CleanRequest(paths=(Target(Path("/srv/a")), Target(Path("/srv/b"))))),
        ("--all --force", CleanRequest(all=True, force=True)),
        ("--stale 30d", CleanRequest(stale=timedelta(days=30))),
        ("--stale 90m --images", CleanRequest(stale=timedelta(minutes=90), images=True)),
        ("--images", CleanRequest(images=True)),
        (". --images", CleanRequest(paths=(Target(Path()),), images=True)),
    ],
)
def test_what_clean_is_asked_for(run: Run, cleaner: Cleaner, options: str, request_: CleanRequest) -> None:
    assert run("clean", "--dry-run", *options.split()).code == 0
    assert cleaner.requests == [request_]
    assert cleaner.applied == []


@pytest.mark.parametrize("age", ["-5d", "5", "junk", "", "0d", "5 d", "1e3d", "\uff19d", "9999999y"])
def test_ages_that_are_none_are_refused(run: Run, cleaner: Cleaner, age: str) -> None:
    result = run("clean", "--stale", age)
    assert result.code == 2
    assert result.out == ""
    assert result.err.count("\n") == 2
    assert cleaner.requests == []


def test_a_dry_run_shows_the_plan_and_stops(run: Run, cleaner: Cleaner) -> None:
    result = run("clean", "--all", "--dry-run")
    assert result.code == 0
    assert [line.split()[1] for line in result.out.splitlines()] == ["NAME", VERDICT.name, KEPT.name]
    assert "unused for 41d" in result.out
    assert "2 live sessions; --force ends and removes" in result.out
    assert result.err == "contenant: 1 container would be removed\n"
    assert cleaner.applied == []


def test_without_a_terminal_nothing_goes_unless_yes(run: Run, cleaner: Cleaner) -> None:
    result = run("clean", "--all")
    assert result.code == 2
    assert result.out == ""
    assert "unused for 41d" in result.err
    assert result.err.splitlines()[-1] == "  hint: add --yes to go ahead, or --dry-run to only look"
    assert cleaner.applied == []


def test_yes_goes_ahead(run: Run, cleaner: Cleaner) -> None:
    result = run("clean", "--all", "--yes")
    assert result.code == 0
    assert result.out.splitlines()[0].endswith("  RESULT   WHY")
    assert "removed" in result.out
    assert cleaner.applied == [VERDICT, KEPT]


def test_a_failure_among_others_is_a_partial_one(run: Run, cleaner: Cleaner) -> None:
    other = VERDICT._replace(name="contenant-other-00000000")
    cleaner.answer, cleaner.failing = (VERDICT, other), other.name
    result = run("clean", "--all", "--yes", "--json")
    assert result.code == 1
    assert [(row["result"], row["detail"]) for row in json.loads(result.out)] == [
        ("removed", "unused for 41d"),
        ("failed", "the engine said no"),
    ]


def test_nothing_selected_says_so(run: Run, cleaner: Cleaner) -> None:
    cleaner.answer = ()
    assert run("clean", "--stale", "1y") == (0, "", "contenant: nothing to remove\n")


def test_a_refusal_of_what_was_named_is_a_failure(run: Run, cleaner: Cleaner) -> None:
    cleaner.answer = (KEPT,)
    result = run("clean", ".", "--yes")
    assert result.code == 1
    assert "2 live sessions" in result.out
    (row,) = json.loads(run("clean", ".", "--yes", "--json").out)
    assert (row["result"], row["detail"]) == ("kept", row["reason"])
    (row,) = json.loads(run("clean", ".", "--dry-run", "--json").out)
    assert (row["result"], row["detail"]) == ("", "")
    assert run("clean", "--all", "--yes").code == 0
    assert run("clean", ".", "--dry-run").code == 0


def test_json_has_the_same_keys_before_and_after(run: Run, cleaner: Cleaner) -> None:
    before = json.loads(run("clean", "--all", "--dry-run", "--json").out)
    after = json.loads(run("clean", "--all", "--yes", "--json").out)
    assert before[0] == {
        "kind": "container",
        "name": "contenant-shop-0a1b2c3d",
        "project": "/srv/shop",
        "engine": "podman",
        "action": "remove",
        "reason": "unused for 41d",
        "last_used": "2026-08-27T10:00:00.000Z",
        "subject": "01j9zzzzzzzzzzzzzzzzzzzzzz",
        "result": "",
        "detail": "",
        "size": 0,
        "digest": "",
    }
    assert after[0] == before[0] | {"result": "removed", "detail": "unused for 41d"}
    assert tuple(before[0]) == tuple(FIELDS)


def test_quiet_dry_run_names_what_would_go(run: Run, cleaner: Cleaner) -> None:
    assert run("clean", "--all", "-n", "-q") == (0, VERDICT.name + "\n", "")


SCRIPT = """
import sys
from tests.cli.test_clean import Cleaner
from tests.cli.samples import VERDICT, KEPT
from contenant.app import clean
fake = Cleaner(VERDICT, KEPT)
clean.plan, clean.apply = fake.plan, fake.apply
from contenant.cli.entry import main
code = main(["clean", "--all"])
sys.exit(code + 10 * len(fake.applied))
"""


@pytest.mark.parametrize(
    ("answer", "code"), [("y\n", 20), ("Yes\n", 20), ("n\n", 1), ("\n", 1), ("yep\n", 1), ("\x04", 1)]
)
def test_on_a_terminal_it_asks_below_the_plan(answer: str, code: int) -> None:
    shown, found = on_terminal([sys.executable, "-c", SCRIPT], "[y/N] ", answer)
    assert re.search(r"unused for 41d.*Remove 1 container\? \[y/N\] ", shown, re.DOTALL), shown
    assert found == code
    assert ("nothing was removed" in shown) is (code == 1)


def on_terminal(argv: list[str], until: str, answer: str) -> tuple[str, int]:
    """Run on a pseudo-terminal, answer once `until` was shown; everything shown, and the exit code."""
    leader, follower = pty.openpty()
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        argv, stdin=follower, stdout=follower, stderr=follower, cwd=root, close_fds=True
    )
    os.close(follower)
    shown, answered, deadline = "", False, time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([leader], [], [], 0.2)[0]:
            continue
        try:
            shown += os.read(leader, 4096).decode()
        except OSError:  # Linux says so when the last process is gone
            break
        if until in shown and not answered:
            answered = True
            os.write(leader, answer.encode())
    code = process.wait(10)
    os.close(leader)
    return shown, code


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[Target, ...], bool, bool]]:
    calls = []

    def fake(wanted: Sequence[Target], *, all: bool, force: bool, ui: Ui) -> list[Outcome]:  # noqa: A002
        calls.append((tuple(wanted), all, force))
        if all:
            return []
        verdict = VERDICT._replace(action="stop", reason="asked for")
        busy = KEPT._replace(reason="2 live sessions; --force ends them")
        done = Outcome(verdict, "stopped", "stopped")
        return [done] if force else [done, Outcome(busy, "failed", busy.reason)]

    monkeypatch.setattr(stop_use_case, "stop", fake)
    return calls


def test_stop(run: Run, stopped: list[tuple[tuple[Target, ...], bool, bool]]) -> None:
    assert run("stop").code == 1
    assert run("stop", "/srv/a", "/srv/b", "--force").code == 0
    assert run("stop", "--all") == (0, "", "contenant: no containers to stop\n")
    assert run("stop", "--name", "review", "--force").code == 0
    assert run("stop", "/srv/a@review", "/srv/b@", "--force").code == 0
    assert run("stop", "--all", "--name", "x").code == 2
    assert run("stop", "/srv/a@review", "--name", "x").code == 2
    assert run("stop", "--name", "../x").code == 2
    assert stopped == [
        ((Target(Path()),), False, False),
        ((Target(Path("/srv/a")), Target(Path("/srv/b"))), False, True),
        ((), True, False),
        ((Target(Path(), "review"),), False, True),
        ((Target(Path("/srv/a"), "review"), Target(Path("/srv/b"), "")), False, True),
    ]


def test_stop_shows_what_became_of_each(run: Run, stopped: object) -> None:
    rows = json.loads(run("stop", "--json").out)
    assert [(row["name"], row["result"]) for row in rows] == [
        (VERDICT.name, "stopped"),
        (KEPT.name, "failed"),
    ]
    assert "2 live sessions; --force ends them" in run("stop").out


def test_reinstalled_asks_whether_the_store_is_gone_for_good(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Cleaner(VERDICT._replace(action="forget"), KEPT)
    monkeypatch.setattr(reinstalled, "plan", fake.plan)
    monkeypatch.setattr(reinstalled, "apply", fake.apply)
    done = run("clean", "--reinstalled", "--all")
    assert (done.code, fake.applied) == (2, []), "there is nobody to ask"
    assert "1 container would be forgotten" in run("clean", "--reinstalled", "--all", "--dry-run").err
    assert run("clean", "--reinstalled", "--all", "--yes").code == 0
    assert fake.applied == [VERDICT._replace(action="forget"), KEPT]
    assert fake.requests[0] == CleanRequest(all=True)


@pytest.mark.parametrize("other", ["--force", "--purge", "--images", "--stale=3d"])
def test_reinstalled_removes_nothing_so_it_takes_no_option_that_does(run: Run, other: str) -> None:
    done = run("clean", "--reinstalled", other)
    assert (done.code, "--reinstalled goes with" in done.err) == (2, True)
