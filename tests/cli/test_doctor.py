"""`contenant doctor`: how lines are shown, what is said, and the exit code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contenant.app import doctor as use_case
from contenant.app.doctor import Report, judge
from contenant.app.doctor.facts import Facts, Program
from contenant.cli.doctor import FIELDS
from tests.app.doctor_samples import APPLE, DOCKER, FACTS, HOME, MAC_FACTS, PODMAN, SHOP
from tests.cli.conftest import Run

SICK = FACTS._replace(
    engines=(
        PODMAN._replace(containers=(SHOP._replace(test_code=1, test_said="rules: \x1b[2Jgone"),)),
        DOCKER._replace(trouble="down", wanted=False),
    ),
    outdated=(f"{HOME}/a b",),
)


class Asked:
    """What the use case was asked for, and what it answers."""

    def __init__(self, facts: Facts, done: dict[str, str]) -> None:
        self.calls: list[tuple[Any, bool]] = []
        self._report = Report(judge(facts), done)

    def __call__(self, only: Any, *, fix: bool, ui: object) -> Report:
        self.calls.append((only, fix))
        return self._report


def answering(monkeypatch: pytest.MonkeyPatch, facts: Facts, **done: str) -> Asked:
    asked = Asked(facts, {name.replace("_", "."): text for name, text in done.items()})
    monkeypatch.setattr(use_case, "examine", asked)
    return asked


def test_all_is_well(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, FACTS)
    result = run("doctor")
    assert (result.code, result.err) == (0, "contenant: all is well\n")
    assert asked.calls == [(None, False)]
    header, first, *_ = result.out.splitlines()
    assert header.split() == ["STATUS", "CHECK", "FOUND"]
    assert first.split()[:2] == ["ok", "contenant"]
    assert "fix:" not in result.out


def test_every_line_says_what_and_how_to_mend_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, SICK)
    result = run("doctor")
    assert result.code == 1
    lines = result.out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("warn    docker "))
    assert lines[at].endswith("its daemon is not running; nothing uses it")
    assert lines[at + 1].split(None, 1) == ["fix:", "sudo systemctl enable --now docker"]
    start = lines[0].index("FOUND")
    assert lines[at + 1][start:] == "sudo systemctl enable --now docker", "in one column"
    assert "contenant run --recreate ~/'a b' -- true" in result.out
    assert result.err == "contenant: 1 failed, 2 warnings\n"


def test_output_can_be_pasted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, SICK)
    for form in ("table", "json", "jsonl", "csv"):
        out = run("doctor", "--format", form).out
        assert HOME not in out
        assert "\x1b" not in out.replace("\x1b[2Jgone", "" if form == "csv" else "\x1b[2Jgone")


def test_json(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, SICK)
    result = run("doctor", "--json")
    rows = json.loads(result.out)
    assert result.code == 1
    assert all(tuple(row) == tuple(FIELDS) for row in rows)
    assert [row["id"] for row in rows] == [line.id for line in judge(SICK)]
    row = next(row for row in rows if row["id"] == "engine.docker")
    assert (row["status"], row["fixable"], row["done"]) == ("warn", False, "")


def test_warnings_are_no_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, FACTS._replace(outdated=("/srv/x",)))
    result = run("doctor")
    assert (result.code, result.err) == (0, "contenant: 1 warning\n")


def test_quiet_names_what_is_not_well(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, SICK)
    result = run("doctor", "-q")
    assert (result.code, result.err) == (1, "")
    assert result.out.split() == ["engine.docker", "containers", f"firewall.{SHOP.name}"]
    answering(monkeypatch, FACTS)
    assert run("doctor", "-q") == (0, "", "")


def test_what_can_be_mended_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, MAC_FACTS._replace(engines=(APPLE._replace(trouble="down"),)))
    result = run("doctor", "--engine", "container")
    assert result.err == "contenant: 1 failed; contenant doctor --fix mends some of it\n"
    assert asked.calls == [("container", False)]


def test_what_was_mended_is_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, MAC_FACTS, engine_container="started")
    result = run("doctor", "--fix")
    assert (result.code, asked.calls) == (0, [(None, True)])
    lines = result.out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("ok      container "))
    assert lines[at + 1].split() == ["done:", "started"]
    assert json.loads(run("doctor", "--fix", "--json").out)[at - 1]["done"] == "started"


def test_colour_only_where_it_is_wanted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, SICK)
    assert "\x1b[31mfail\x1b[0m" in run("doctor", "--color", "always").out
    assert "\x1b[33mwarn\x1b[0m" in run("doctor", "--color", "always").out
    assert "\x1b" not in run("doctor").out


def test_a_wrong_engine(run: Run) -> None:
    assert run("doctor", "--engine", "lxc").code == 2


def test_a_whole_run_without_any_engine(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, contenant_home: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("doctor", "--json")
    rows = {row["id"]: row for row in json.loads(result.out)}
    assert result.code == 1
    assert rows["engine"]["status"] == "fail"
    assert rows["engine"]["fix"].endswith("apt-get install podman")
    assert {"contenant", "platform", "state", "database", "credential"} <= set(rows)
    assert not contenant_home.exists()


def test_an_old_program_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, FACTS._replace(program=Program("0.1.0", (3, 10, 1))))
    assert run("doctor").code == 1
