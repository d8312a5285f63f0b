"""`contenant firewall suggest`: what was refused and could be opened, what is open and was not used."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contenant import config
from contenant.app import egress, firewall_place, firewall_registries
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.core.egress import refusals
from contenant.core.egress_advice import Suggestion, to_close, to_open
from contenant.core.policy import Policy, Rule
from contenant.core.policy_presets import all_presets
from contenant.core.policy_rules import LAYER
from contenant.core.records import ProjectRecord, RuleRecord
from contenant.suffixes import is_public_suffix

if TYPE_CHECKING:
    from contenant.store.reads import Reads

DAYS = 30


class Advice(NamedTuple):
    """Suggestions; `current` is False where an engine did not answer, and the record may be behind."""

    suggestions: list[Suggestion]
    current: bool


def suggest(path: Path, ui: Ui) -> Advice:
    """What the record of the last `DAYS` days suggests for the project at `path`."""
    with Ledger(config.database_url(os.environ)) as ledger:
        current = egress.catch_up(ledger, path, ui)
        place = firewall_place.glance(ledger, path)
        view, project = ledger.snapshot(), place.record
        if view is None or project is None:
            return Advice([], current)
        rules = view.rules(place.path)
        target = place.targets[0] if place.targets else None
        wanted = firewall_place.effective(ledger, place, target, rules).resolved
        hosts = firewall_registries.remembered(ledger, target.container) if target else {}
        refused = refusals(view.egress(project.id, refused=True, since=egress.days_ago(DAYS)))
        opened = to_open(refused, wanted, all_presets(hosts), is_public_suffix)
        return Advice(opened + _unused(view, project, rules, wanted), current)


def _unused(view: Reads, project: ProjectRecord, rules: list[RuleRecord], wanted: Policy) -> list[Suggestion]:
    since = egress.days_ago(DAYS)
    added = {rule.text: rule.added for rule in rules}

    def old(rule: Rule) -> bool:
        """A rule by command since it was given; what is written elsewhere since the project ran first."""
        own = (str(rule.pattern), rule.preset)
        begun = next((added[text] for text in own if text in added), "") if rule.layer == LAYER else ""
        return (begun or project.created) <= since

    @cache
    def names(project_id: str) -> list[tuple[str, int]]:
        return view.names_used(since, project_id)

    def used(rule: Rule) -> list[tuple[str, int]]:
        """What is written for all projects may be used in another one."""
        return names("" if rule.layer in ("user", "env") else project.id)

    return to_close(wanted, rules, old, used, DAYS)
