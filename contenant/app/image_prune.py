"""`contenant image prune`: images that nothing needs, shown with reasons, then removed."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import NamedTuple

from contenant import config
from contenant.app import image_plan
from contenant.app.inventory import Survey, look_and_insist, look_around
from contenant.app.ledger import Ledger
from contenant.app.removal import carry_out
from contenant.app.results import Outcome, Ui, Verdict
from contenant.errors import ContenantError
from contenant.image.build import the_only_builder


class Totals(NamedTuple):
    """Bytes, as engines give the size of an image: layers that several share count for each."""

    kept: int
    going: int


def plan(ui: Ui) -> list[Verdict]:
    """Each image of ours on each engine, by name. Raises EngineUnavailableError where none answers."""
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        survey = look_and_insist(ledger, settings.engine)
        for error in survey.unreachable.values():
            ui.warn(error.advice)
        found = image_plan.verdicts(ledger, survey, settings, ())
    return sorted(found, key=lambda verdict: (verdict.name, verdict.engine))


def apply(verdicts: Sequence[Verdict], ui: Ui) -> list[Outcome]:
    """Remove what the verdicts say, each judged again while nobody builds."""
    settings = config.load(None, os.environ, {})
    with (
        Ledger(settings.database_url) as ledger,
        the_only_builder(ui),
    ):
        survey = look_around(ledger, settings.engine)
        again = image_plan.verdicts(ledger, survey, settings, ())
        still = {(one.engine, one.subject) for one in again if one.action == "remove"}
        return carry_out(verdicts, lambda one: _remove(ledger, survey, one, still), ui)


def _remove(ledger: Ledger, survey: Survey, verdict: Verdict, still: Collection[tuple[str, str]]) -> Outcome:
    assert verdict.engine, "an image has an engine"
    if verdict.engine in survey.unreachable:
        return Outcome(verdict, "failed", survey.unreachable[verdict.engine].message)
    if (verdict.engine, verdict.subject) not in still:
        return Outcome(verdict, "kept", "something has come to need it, or it is gone")
    try:
        image_plan.remove(ledger, survey.connected[verdict.engine], verdict)
    except ContenantError as error:
        return Outcome(verdict, "failed", error.message)
    return Outcome(verdict, "removed", verdict.reason)


def totals(verdicts: Sequence[Verdict]) -> Totals:
    """What stays and what goes."""
    going = sum(verdict.size for verdict in verdicts if verdict.action == "remove")
    return Totals(sum(verdict.size for verdict in verdicts) - going, going)
