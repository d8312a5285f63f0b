"""`contenant firewall …`: what reaches the use cases, what is shown, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contenant.app import egress, firewall, firewall_look, firewall_probe, firewall_suggest, firewall_why
from contenant.app.firewall import RuleChange
from contenant.app.firewall_look import Entry, Shown
from contenant.app.firewall_probe import Probe
from contenant.cli import (
    firewall_diff,
    firewall_log,
    firewall_options,
    firewall_show,
)
from contenant.cli import (
    firewall_suggest as suggest_command,
)
from contenant.cli.firewall_options import end_of
from contenant.core.egress_advice import Suggestion
from contenant.core.policy_diff import PolicyDiff
from contenant.core.policy_rules import Wish
from contenant.errors import FirewallError, NotFoundError
from tests.cli.conftest import Run
from tests.store.samples import attempt

NOW = datetime(2026, 10, 7, 12, 0, 0, 123456, tzinfo=UTC)
CHANGE = RuleChange("allow", "example.com", "added", "our API", "", "now", "a" * 64)
ENTRY = Entry("allow", "example.com", "command", "", "", "our API", "", "me", "2026-10-07T12:00:00.000Z")


@pytest.fixture
def wishes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Wish]]:
    """Takes the place of the use case."""
    seen: list[tuple[Path, Wish]] = []

    def give(path: Path, wish: Wish, ui: Any) -> list[RuleChange]:
        seen.append((path, wish))
        return [CHANGE]

    monkeypatch.setattr(firewall, "give", give)
    monkeypatch.setattr(firewall_options, "utc_now", lambda: NOW)
    return seen


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        (
            "allow a.example.com *.b.example.com --reason why",
            Wish("allow", ("a.example.com", "*.b.example.com"), "why"),
        ),
        ("allow a.example.com --port 22 --reason why", Wish("allow", ("a.example.com:22",), "why")),
        ("allow host:5432 --reason why", Wish("allow", ("host:5432",), "why")),
        (
            "allow a.example.com --for 2h --reason why",
            Wish("allow", ("a.example.com",), "why", "2026-10-07T14:00:00.000Z"),
        ),
        ("deny a.example.com", Wish("deny", ("a.example.com",))),
        (
            "deny a.example.com --for 1d --reason r",
            Wish("deny", ("a.example.com",), "r", "2026-10-08T12:00:00.000Z"),
        ),
        ("preset github npm", Wish("preset", ("github", "npm"))),
        ("preset npm --for 90m", Wish("preset", ("npm",), "", "2026-10-07T13:30:00.000Z")),
        ("mode audit", Wish("mode", ("audit",))),
        ("mode off --yes --reason r", Wish("mode", ("off",), "r")),
    ],
)
def test_what_is_asked_for(run: Run, wishes: list[tuple[Path, Wish]], line: str, wish: Wish) -> None:
    assert run("firewall", *line.split()).code == 0
    assert wishes == [(Path(), wish)]


def test_another_project(run: Run, wishes: list[tuple[Path, Wish]]) -> None:
    assert run("firewall", "deny", "a.example.com", "--project", "/srv/shop").code == 0
    assert wishes[0][0] == Path("/srv/shop")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("allow a.example.com", "a reason is needed"),
        ("allow a.example.com --reason  ", "a reason is needed"),
        ("allow --reason why", "missing argument"),
        ("allow a.example.com:22 --port 23 --reason why", "both name a port"),
        ("allow a.example.com --port 0 --reason why", "0 is not in the range"),
        ("allow a.example.com --for soon --reason why", "not a duration"),
        ("allow a.example.com --for 9999999y --reason why", "not a duration"),
        ("deny", "missing argument"),
        ("mode closed", "'closed' is not one of"),
        ("mode off", "has to be confirmed"),
        ("log --follow --json", "--follow has no end"),
        ("log --since soon", "not a moment"),
        ("wall", "no such command"),
    ],
)
def test_refusals(run: Run, wishes: list[tuple[Path, Wish]], line: str, message: str) -> None:
    result = run("firewall", *line.split(" "))
    assert result.code == 2
    assert message in result.err.lower()
    assert wishes == []


def test_a_bad_entry_is_one_line_and_exit_2(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTENANT_HOME", str(tmp_path / "state"))
    project = tmp_path / "shop"
    project.mkdir()
    arguments = ("--project", str(project), "--reason", "why")
    result = run("firewall", "allow", "good.example.com", "*.com", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("contenant: error: policy entry refused: '*.com'")
    assert json.loads(run("firewall", "show", "--json", "--project", str(project)).out) == []
    assert run("firewall", "allow", "good.example.com", *arguments).code == 0
    assert json.loads(run("firewall", "show", "--json", "--project", str(project)).out)[0]["entry"] == (
        "good.example.com"
    )


def test_a_container_that_refuses_is_exit_6(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, wish: Wish, ui: Any) -> list[RuleChange]:
        raise FirewallError("shop did not take the new policy", hint="the old one stays in force")

    monkeypatch.setattr(firewall, "give", refuse)
    result = run("firewall", "deny", "example.com")
    assert result.code == 6
    assert "the old one stays" in result.err


def test_changes_are_shown(run: Run, wishes: list[tuple[Path, Wish]]) -> None:
    table = run("firewall", "deny", "example.com").out.splitlines()
    assert table[0].split()[:3] == ["KIND", "ENTRY", "CHANGE"]
    assert table[1].split()[:3] == ["allow", "example.com", "added"]
    found = json.loads(run("firewall", "deny", "example.com", "--json").out)
    assert list(found[0]) == list(firewall_options.CHANGE_FIELDS)
    assert run("firewall", "deny", "example.com", "-q").out == "example.com\n"


def test_nothing_to_change_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firewall, "take_back_mode", lambda path, ui: [])
    result = run("firewall", "mode", "default")
    assert (result.code, result.out) == (0, "")
    assert "nothing to change" in result.err


def test_taking_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def take_back(path: Path, texts: tuple[str, ...], ui: Any) -> list[RuleChange]:
        seen.append((path, texts))
        raise NotFoundError("no rule given by command says b.example.com", hint="")

    monkeypatch.setattr(firewall, "take_back", take_back)
    assert run("firewall", "remove", "a.example.com", "b.example.com").code == 4
    assert seen == [(Path(), ("a.example.com", "b.example.com"))]


def test_without_a_duration_there_is_no_end() -> None:
    assert end_of(None, NOW) == ""


def shown(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> list[bool]:
    seen: list[bool] = []
    base = Shown((ENTRY,), "block", "a" * 64, "a" * 64, (), ())

    def show(path: Path, *, everything: bool) -> Shown:
        seen.append(everything)
        return base._replace(**changed)

    monkeypatch.setattr(firewall_look, "show", show)
    return seen


def test_show(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = shown(monkeypatch)
    result = run("firewall", "show")
    assert "example.com" in result.out
    assert result.err == f"contenant: mode block, policy {'a' * 12}: the container has it\n"
    found = json.loads(run("firewall", "show", "--effective", "--json").out)
    assert list(found[0]) == list(firewall_show.FIELDS)
    assert seen == [False, True]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"entries": ()}, "no rules given by command"),
        ({"in_force": ""}, "no container has it yet"),
        ({"in_force": "b" * 64}, "in force at the next start (now it has bbbbbbbbbbbb)"),
        ({"left_out": ("project asks for x",)}, "without effect: project asks for x"),
    ],
)
def test_show_says_what_is_not_in_force(
    run: Run, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], message: str
) -> None:
    shown(monkeypatch, **changed)
    assert message in run("firewall", "show").err


def test_show_says_which_preset_opens_nothing_yet(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(monkeypatch, found=("registries",))
    assert "preset registries opens nothing yet" in run("firewall", "show", "--effective").err
    shown(monkeypatch, found=("registries",), entries=(ENTRY._replace(preset="registries"),))
    assert "opens nothing" not in run("firewall", "show", "--effective").err


def test_off_and_audit_stand_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(monkeypatch, entries=(ENTRY._replace(kind="mode", entry="off"),))
    assert "\x1b[31moff" in run("firewall", "show", "--color", "always").out


ROWS = [
    attempt(destination="bad\x1b.example.com", attempts=3),
    attempt(layer="l3", destination="", address="2001:db8::7", port=22),
    attempt(verdict="allow", layer="tls", destination="b.example.com", sent=1500, received=2_500_000),
]


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[egress.LogQuery]:
    seen: list[egress.LogQuery] = []

    def log(query: egress.LogQuery, ui: Any) -> egress.Log:
        seen.append(query)
        return egress.Log(ROWS * 30 if query.limit == 51 else ROWS, current=True)

    def follow(query: egress.LogQuery, ui: Any) -> Iterator[list[Any]]:
        seen.append(query)
        yield ROWS[:1]
        yield ROWS[1:]

    monkeypatch.setattr(egress, "log", log)
    monkeypatch.setattr(egress, "follow", follow)
    return seen


def test_log(run: Run, queries: list[egress.LogQuery]) -> None:
    result = run("firewall", "log", "--denied", "--since", "2026-10-01T00:00Z", "--project", "/srv/shop")
    assert queries == [
        egress.LogQuery(Path("/srv/shop"), refused=True, since="2026-10-01T00:00:00.000Z", limit=51)
    ]
    assert len(result.out.splitlines()) == 51
    assert "the newest 50 are shown" in result.err
    assert "bad\\x1b.example.com" in result.out
    assert "[2001:db8::7]:22" in result.out
    assert "1500" not in result.out
    assert "1.5 kB" in result.out
    assert "2.5 MB" in result.out


def test_log_for_programs(run: Run, queries: list[egress.LogQuery]) -> None:
    found = json.loads(run("firewall", "log", "--json", "--limit", "7").out)
    assert list(found[0]) == list(firewall_log.FIELDS)
    assert found[0]["destination"] == "bad\x1b.example.com"
    assert queries[0].limit == 7


def test_following(run: Run, queries: list[egress.LogQuery]) -> None:
    lines = run("firewall", "log", "--follow").out.splitlines()
    assert len(lines) == 3
    assert "bad\\x1b.example.com" in lines[0]
    assert lines[0].endswith("3\N{MULTIPLICATION SIGN}")
    found = [json.loads(line) for line in run("firewall", "log", "-f", "--format", "jsonl").out.splitlines()]
    assert [row["layer"] for row in found] == ["dns", "l3", "tls"]


def test_an_empty_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "log", lambda query, ui: egress.Log([], current=True))
    assert "nothing on record" in run("firewall", "log").err
    assert "nothing was refused" in run("firewall", "log", "--denied").err


def test_why(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def explain(path: Path, host: str, port: int, ui: Any) -> dict[str, Any]:
        seen.append((path, host, port))
        return {"host": host, "reached": False, "current": True}

    monkeypatch.setattr(firewall_why, "explain", explain)
    assert json.loads(run("firewall", "why", "example.com", "--json").out) == {
        "host": "example.com",
        "reached": False,
        "current": True,
    }
    run("firewall", "why", "example.com", "--port", "22")
    assert seen == [(Path(), "example.com", 443), (Path(), "example.com", 22)]


def test_a_record_that_may_be_behind_is_shown_and_is_exit_3(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "log", lambda query, ui: egress.Log(ROWS, current=False))
    monkeypatch.setattr(firewall_suggest, "suggest", lambda path, ui: firewall_suggest.Advice([], False))
    monkeypatch.setattr(firewall_why, "explain", lambda *given: {"host": "h", "current": False})
    for words in (("log",), ("suggest",), ("why", "example.com")):
        assert run("firewall", *words).code == 3
    assert "example.com" in run("firewall", "log").out


@pytest.mark.parametrize(
    ("results", "code"), [(["ok", "ok"], 0), (["ok", "refused"], 1), (["failed", "refused"], 6)]
)
def test_the_test(run: Run, monkeypatch: pytest.MonkeyPatch, results: list[str], code: int) -> None:
    probes = [Probe(result, "a name", "found") for result in results]
    monkeypatch.setattr(firewall_probe, "test", lambda path, host, variant: probes)
    result = run("firewall", "test", "example.com", "--json")
    assert result.code == code
    assert [row["result"] for row in json.loads(result.out)] == results


def test_suggest(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Suggestion("allow", "example.com", 3, 2, "", ("github",), "refused 3 times", "contenant …")]
    monkeypatch.setattr(
        firewall_suggest, "suggest", lambda path, ui: firewall_suggest.Advice(found, current=True)
    )
    rows = json.loads(run("firewall", "suggest", "--json").out)
    assert list(rows[0]) == list(suggest_command.FIELDS)
    assert rows[0]["presets"] == ["github"]
    monkeypatch.setattr(
        firewall_suggest, "suggest", lambda path, ui: firewall_suggest.Advice([], current=True)
    )
    assert "nothing to suggest" in run("firewall", "suggest").err


def test_diff(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def compare(path: Path, old: str, new: str) -> Any:
        seen.append((old, new))
        return PolicyDiff(("allow a.example.com",), ("mode block",), ()), "a" * 64, "b" * 64

    monkeypatch.setattr(firewall_look, "compare", compare)
    rows = json.loads(run("firewall", "diff", "aaaa", "--json").out)
    assert rows == [
        {"change": "opened", "entry": "allow a.example.com"},
        {"change": "closed", "entry": "mode block"},
    ]
    assert list(rows[0]) == list(firewall_diff.FIELDS)
    run("firewall", "diff", "aaaa", "current")
    assert seen == [("aaaa", "wanted"), ("aaaa", "current")]
