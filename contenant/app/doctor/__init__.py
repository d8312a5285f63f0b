"""`contenant doctor`: facts are gathered first (`gather`), then judged by pure functions (`check_*`).

Nothing is changed unless `mend` is asked for, and then only what cannot do harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from contenant.app.doctor import check_engines, check_machine, check_use
from contenant.app.doctor.facts import Facts
from contenant.app.doctor.line import Line, presentable
from contenant.app.results import Ui
from contenant.core.values import EngineName

BUDGET = 45.0  # seconds for all questions; what has no answer then is told as such
TO_MEND = 22.0  # the same, where it is done twice


class Report(NamedTuple):
    """Every line, and what `mend` did about some of them, by their id."""

    lines: tuple[Line, ...]
    done: dict[str, str]


def judge(facts: Facts) -> tuple[Line, ...]:
    """Every finding, fit to be shown to others. Pure."""
    return tuple(presentable(line, facts.machine.home) for line in _lines(facts))


def _lines(facts: Facts) -> Iterator[Line]:
    yield from check_machine.check(facts)
    yield from check_engines.check(facts)
    yield from check_use.check(facts)


def examine(only: EngineName | None, *, fix: bool, ui: Ui) -> Report:
    """Look at everything, or of the engines at `only` one; with `fix`, mend what is safe and look again."""
    from contenant.app.doctor.gather import gather

    facts = gather(only, TO_MEND if fix else BUDGET, ui)
    lines = judge(facts)
    if not fix or not any(line.mend for line in lines):
        return Report(lines, {})
    from contenant.app.doctor.mend import mend_all

    done = mend_all(lines, facts, ui)
    return Report(judge(gather(only, TO_MEND, ui)), done)
