"""A plan of removals carried out, one verdict after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contenant.app.results import Outcome, Ui, Verdict


def carry_out(verdicts: Sequence[Verdict], remove: Callable[[Verdict], Outcome], ui: Ui) -> list[Outcome]:
    """What became of each verdict; `remove` is called for those that are to go, and raises nothing."""
    outcomes = []
    for number, verdict in enumerate(verdicts, 1):
        if verdict.action == "keep":
            outcomes.append(Outcome(verdict, "kept", verdict.reason))
            continue
        ui.progress(f"removing {verdict.name}", number, len(verdicts))
        outcomes.append(remove(verdict))
    ui.finish()
    return outcomes
