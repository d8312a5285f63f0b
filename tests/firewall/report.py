"""Collects what became of each attack and writes the table.

A run of one engine (`-k docker`) writes its own column and keeps the others as they stand.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

HEAD = """\
# Attacks on the firewall

What an agent might try to get out, and what became of it. Written by a run of `tests/firewall` with
`--attack-report`; do not edit. The lab is an internet made of network namespaces, and "nothing left" is read
off the packets at the container's own interface, not off what the agent was told.

`held`: came out as expected. `known limit`: gets out, cannot be closed here, and the test asserts that it
still does (see [limits](limits.md)). `not run`: needs what the machine or the engine has not. Apple's
`container` is played by a stand-in over podman, which is no virtual machine and has no IPv6.
"""


class Attack(NamedTuple):
    """One row."""

    number: int
    title: str
    expected: str


class AttackReport:
    """A pytest plugin: marks `attack(number, title, expected, limit=False)` in, table out."""

    def __init__(self, config: pytest.Config) -> None:
        self.path = config.getoption("--attack-report", None)
        self.rows: dict[Attack, dict[str, str]] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
        outcome = yield
        report = outcome.get_result()
        mark = item.get_closest_marker("attack")
        if mark is None or (report.when != "call" and report.outcome == "passed"):
            return
        engine = getattr(item, "callspec", None)
        name = engine.params.get("engine", "") if engine else ""
        word = "known limit" if mark.kwargs.get("limit") else "held"
        said = {"passed": word, "failed": "**broken**", "skipped": "not run"}[report.outcome]
        row = self.rows.setdefault(Attack(*mark.args), {})
        if row.get(name) != "**broken**":
            row[name] = said

    def pytest_sessionfinish(self) -> None:
        if self.path:
            path = Path(self.path)
            old = read(path.read_text()) if path.exists() else {}
            path.write_text(table(joined(old, self.rows)))


ENGINES = ("podman", "docker", "apple")


def read(text: str) -> dict[Attack, dict[str, str]]:
    """The rows of a document."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 6 and cells[0].isdigit():
            rows[Attack(int(cells[0]), cells[1], cells[2])] = dict(zip(ENGINES, cells[3:], strict=True))
    return rows


def joined(
    old: dict[Attack, dict[str, str]], new: dict[Attack, dict[str, str]]
) -> dict[Attack, dict[str, str]]:
    """What a run found; of engines and attacks that were not in it, what was found before."""
    ran = {engine for found in new.values() for engine in found}
    kept = {attack: {e: said for e, said in old.get(attack, {}).items() if e not in ran} for attack in new}
    return old | {attack: kept[attack] | found for attack, found in new.items()}


def table(rows: dict[Attack, dict[str, str]]) -> str:
    """The document."""
    lines = [
        HEAD,
        "| # | attack | expected | podman | docker | Apple (stand-in) |",
        "|---|---|---|---|---|---|",
    ]
    for attack in sorted(rows):
        found = rows[attack]
        # What no engine is needed for holds for those that contenant asks in the same words.
        alike = found.get("", "not run")
        cells = [found.get("podman", alike), found.get("docker", alike), found.get("apple", "not run")]
        lines.append(f"| {attack.number} | {attack.title} | {attack.expected} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
