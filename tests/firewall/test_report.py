"""The table of attacks is about these tests: no row without a test, no test without a row, all 47 there."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.firewall.report import Attack, joined, read, table

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs/security/attacks.md"


def marked() -> set[Attack]:
    """Every `@attack(number, title, expected)` in the sources."""
    found = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "attack":
                found.add(Attack(*(ast.literal_eval(word) for word in node.args)))
    return found


def test_all_47_are_there() -> None:
    assert {attack.number for attack in marked()} == set(range(1, 48))


def test_the_table_is_current() -> None:
    rows = [line.split(" | ")[:3] for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")][1:]
    listed = {Attack(int(number.strip("| ")), title, expected) for number, title, expected in rows}
    assert listed == marked(), "run tests/firewall with --attack-report docs/security/attacks.md"
    assert "**broken**" not in DOCUMENT.read_text()


def test_the_table_says_what_became_of_each() -> None:
    rows = {
        Attack(2, "b", "held so"): {"podman": "held", "docker": "**broken**"},
        Attack(1, "a", "gets out"): {"podman": "known limit"},
    }
    lines = table(rows).splitlines()
    assert lines[-2:] == [
        "| 1 | a | gets out | known limit | not run | not run |",
        "| 2 | b | held so | held | **broken** | not run |",
    ]


def test_a_run_of_one_engine_keeps_what_others_found() -> None:
    first = Attack(1, "a", "gets out")
    second = Attack(2, "b", "held so")
    old = read(table({first: {"podman": "held", "docker": "held"}, second: {"": "held"}}))
    new = joined(old, {first: {"docker": "**broken**"}})
    assert table(new).splitlines()[-2:] == [
        "| 1 | a | gets out | held | **broken** | not run |",
        "| 2 | b | held so | held | held | not run |",
    ]
    assert joined(old, {}) == old
    assert read(table(new)) == new
