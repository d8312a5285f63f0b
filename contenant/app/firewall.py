"""`contenant firewall allow`, `deny`, `remove`, `preset`, `mode`: rules of a project, recorded and applied.

Under the lock of the project's container: decide, record, bring into force, record that. What a container
refuses is taken back; what ended half-way is brought into force by the next run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from getpass import getuser
from pathlib import Path
from typing import NamedTuple

from contenant import config, host, locks
from contenant.app import firewall_place, policy
from contenant.app.firewall_place import Place, Target
from contenant.app.ledger import Ledger
from contenant.app.policy import Effective
from contenant.app.project import resolve
from contenant.app.results import Ui
from contenant.core import changes
from contenant.core.changes import Change
from contenant.core.policy import why
from contenant.core.policy_names import parse_pattern
from contenant.core.policy_rules import Amendment, Wish, amend, withdraw
from contenant.core.records import ProjectRecord, RuleRecord
from contenant.errors import EngineUnavailableError, FirewallError
from contenant.suffixes import is_public_suffix

Plan = Callable[[Sequence[RuleRecord]], Amendment]


class RuleChange(NamedTuple):
    """One rule that began or ended by a command."""

    kind: str  # allow, deny, preset or mode
    entry: str
    change: str  # added or removed
    reason: str
    until: str  # ISO-8601 UTC, "" for no end
    in_force: str  # now, at the next start, or unknown where an engine did not answer
    policy: str  # hash of the policy that came of it


class _Job(NamedTuple):
    """A container, and the policy it had and gets."""

    target: Target
    old: Effective
    new: Effective


class _Case(NamedTuple):
    """Everything one command changes."""

    place: Place
    ends: tuple[RuleRecord, ...]
    begun: tuple[RuleRecord, ...]
    jobs: tuple[_Job, ...]
    wanted: Effective  # of the container used last, or of the one the project would get
    reason: str
    intents: tuple[Change, ...]  # the project's own record, where it had none


def give(path: Path, wish: Wish, ui: Ui) -> list[RuleChange]:
    """Add rules to the project at `path`; what they replace ends. Empty where all of it is said already.

    Raises UsageError for a bad entry, FirewallError where a running container refuses the policy - nothing is
    changed then -, and EngineUnavailableError where it is recorded but may not be in force.
    """
    return _change(path, lambda rules: amend(rules, wish, is_public_suffix), wish.reason, ui)


def take_back(path: Path, texts: Sequence[str], ui: Ui) -> list[RuleChange]:
    """End the rules with these entries or presets. Raises NotFoundError besides what `give` raises."""
    return _change(path, lambda rules: withdraw(rules, texts, is_public_suffix), "taken back", ui)


def take_back_mode(path: Path, ui: Ui) -> list[RuleChange]:
    """Leave the mode to the settings again. Raises what `give` raises."""

    def plan(rules: Sequence[RuleRecord]) -> Amendment:
        return Amendment(tuple(rule for rule in rules if rule.kind == "mode"), ())

    return _change(path, plan, "taken back", ui)


def _change(path: Path, plan: Plan, reason: str, ui: Ui) -> list[RuleChange]:
    with Ledger(config.database_url(os.environ)) as ledger, ExitStack() as stack:
        held = _hold(ledger, path, stack, ui)
        case = _decide(ledger, path, held, plan, reason)
        if not case.ends and not case.begun:
            return []
        _record(ledger, case)
        _bring_into_force(ledger, case)
    _advise(case, ui)
    _insist(case)
    return _told(case)


def _hold(ledger: Ledger, path: Path, stack: ExitStack, ui: Ui) -> frozenset[str]:
    """Take the lock of each container of the project, in one order; the names.

    One that is made meanwhile for the first time asks for the rules again once it is there (app.run).
    """
    place = firewall_place.glance(ledger, path)
    names = {place.name} | {target.place for target in place.targets}
    for name in sorted(names):
        stack.enter_context(locks.container(name, ui.note))
    return frozenset(names)


def _decide(ledger: Ledger, path: Path, held: frozenset[str], plan: Plan, reason: str) -> _Case:
    place = firewall_place.look(ledger, path, held)
    rules = ledger.store().rules(place.path)
    amendment = plan(rules)
    project, intents = _project(ledger, place, path)
    begun = tuple(_rule(ledger, project, wish) for wish in amendment.begins)
    after = [rule for rule in rules if rule not in amendment.ends] + list(begun)
    jobs = tuple(
        _Job(
            target,
            firewall_place.effective(ledger, place, target, rules),
            firewall_place.effective(ledger, place, target, after),
        )
        for target in place.targets
    )
    wanted = jobs[0].new if jobs else firewall_place.effective(ledger, place, None, after)
    return _Case(place, amendment.ends, begun, jobs, wanted, reason, intents)


def _project(ledger: Ledger, place: Place, path: Path) -> tuple[ProjectRecord, tuple[Change, ...]]:
    """The project's record, made where it never ran."""
    if place.record is not None:
        return place.record, ()
    found, now = resolve(path, force=True), host.now_text()
    fresh = ProjectRecord(ledger.store().new_id(), found.path, found.name, now, now)
    return fresh, (changes.project_added(fresh),)


def _rule(ledger: Ledger, project: ProjectRecord, wish: Wish) -> RuleRecord:
    return RuleRecord(
        id=ledger.store().new_id(),
        project_id=project.id,
        kind=wish.kind,
        text=wish.texts[0],
        reason=wish.reason,
        author=getuser(),
        added=host.now_text(),
        until=wish.until,
    )


def _record(ledger: Ledger, case: _Case) -> None:
    """The intent: rules and policies, before any container is told."""
    why_ended = "replaced" if case.begun else "taken back"
    policies = [policy.stored(job.new, job.target.container.policy, _words(case)) for job in case.jobs]
    ledger.store().apply(
        [
            *case.intents,
            *(changes.rule_removed(rule, why_ended) for rule in case.ends),
            *(changes.rule_added(rule) for rule in case.begun),
            *(policies or [policy.stored(case.wanted, "", _words(case))]),
        ]
    )


def _words(case: _Case) -> str:
    """Why there is this policy: `allow example.com: the API of our supplier`."""
    said = [f"{rule.kind} {rule.text}" for rule in case.begun]
    said = said or [f"remove {rule.text}" for rule in case.ends]
    return ", ".join(said) + (f": {case.reason}" if case.reason else "")


def _bring_into_force(ledger: Ledger, case: _Case) -> None:
    """Tell every container that runs; the others read it at their start. Raises FirewallError, all undone."""
    done: list[_Job] = []
    try:
        for job in reversed(case.jobs):  # the file of the one used last is the one that stays
            policy.place(job.target.place, job.new)
            if job.target.engine is not None and job.target.running:
                policy.apply_live(job.target.engine, job.target.container.name)
                done.append(job)
    except FirewallError:
        _undo(ledger, case, done)
        raise
    ledger.store().apply([changes.policy_applied(job.target.container, job.new.hash, "live") for job in done])


def _undo(ledger: Ledger, case: _Case, done: Sequence[_Job]) -> None:
    for job in reversed(case.jobs):
        policy.place(job.target.place, job.old)
        if job in done and job.target.engine is not None:
            with suppress(FirewallError):  # the next run sees the difference
                policy.apply_live(job.target.engine, job.target.container.name)
    store = ledger.store()
    again = [rule._replace(id=store.new_id()) for rule in case.ends]
    store.apply(
        [
            *(changes.rule_removed(rule, "refused by the container") for rule in case.begun),
            *(changes.rule_added(rule) for rule in again),
        ]
    )


def _advise(case: _Case, ui: Ui) -> None:
    """What was said and has no effect, or less than it seems."""
    resolved = case.wanted.resolved
    for rule in case.begun:
        if rule.kind == "allow" and resolved.mode == "block":
            pattern = parse_pattern(rule.text, is_public_suffix)
            if pattern not in {entry.pattern for entry in resolved.allow}:
                name = f"x.{pattern.name}" if pattern.wildcard else pattern.name
                ui.warn(f"{rule.text} stays closed: {why(resolved, name, pattern.port or 443).text}")
        if rule.kind == "preset" and not any(entry.preset == rule.text for entry in resolved.allow):
            asked = "the container's own tools are asked for its hosts at the next start"
            known = "the image has no tool that names a host for it"
            running = any(job.target.running for job in case.jobs)
            ui.warn(f"preset {rule.text} opens nothing yet: {known if running else asked}")
        if rule.kind == "mode" and rule.text == "off":
            ui.warn("the firewall is off here: whatever the agent reads can be sent anywhere")


def _insist(case: _Case) -> None:
    """An engine that did not answer may have a container in which the old policy is in force."""
    for job in case.jobs:
        if job.target.trouble:
            raise EngineUnavailableError(
                f"recorded, but {job.target.trouble}",
                hint="a container that runs there keeps the old policy until the next `contenant`",
            )


def _told(case: _Case) -> list[RuleChange]:
    states = {_in_force(job) for job in case.jobs}
    state = next((s for s in ("unknown", "now") if s in states), "at the next start")
    rows = [("removed", rule) for rule in case.ends] + [("added", rule) for rule in case.begun]
    return [
        RuleChange(rule.kind, rule.text, change, rule.reason, rule.until, state, case.wanted.hash)
        for change, rule in rows
    ]


def _in_force(job: _Job) -> str:
    if job.target.running:
        return "now"
    return "unknown" if job.target.trouble else "at the next start"
