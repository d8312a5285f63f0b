"""`contenant firewall show`, `why` and `diff`: what is in force, from which layer, and what changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from contenant import config
from contenant.app import firewall_place
from contenant.app.firewall_place import Place
from contenant.app.ledger import Ledger
from contenant.app.policy import Effective
from contenant.core import policy_diff
from contenant.core.ages import to_text
from contenant.core.policy import Rule
from contenant.core.policy_names import HOST
from contenant.core.policy_rules import LAYER
from contenant.core.records import RuleRecord
from contenant.errors import NotFoundError, UsageError


class Entry(NamedTuple):
    """One line of a policy, or one rule given by command."""

    kind: str  # mode, allow, deny, preset, host, inbound or service
    entry: str
    layer: str  # default, user, project, env, flag or command
    source: str  # file, variable, option; "" where there is none
    preset: str  # the preset it comes from, "" for none
    reason: str
    until: str  # ISO-8601 UTC, "" for no end
    author: str
    added: str  # ISO-8601 UTC, "" where that is not known


class Shown(NamedTuple):
    """Entries, and what they are a part of."""

    entries: tuple[Entry, ...]
    mode: str
    policy: str  # hash of what settings and rules ask for
    in_force: str  # hash of what the container has; "" where there is none
    left_out: tuple[str, ...]  # what an untrusted project file asks for in vain
    found: tuple[str, ...]  # presets whose hosts the image's tools name


def show(path: Path, *, everything: bool) -> Shown:
    """The rules given by command for the project at `path`, or `everything` in force. Asks no engine."""
    with Ledger(config.database_url(os.environ)) as ledger:
        place, rules, wanted = _wanted(ledger, path)
    entries = _in_force(wanted, rules) if everything else [_given(rule) for rule in rules]
    return Shown(tuple(entries), wanted.mode, wanted.hash, _current(place), wanted.left_out, wanted.found)


def _wanted(ledger: Ledger, path: Path) -> tuple[Place, list[RuleRecord], Effective]:
    place = firewall_place.glance(ledger, path)
    view = ledger.snapshot()
    rules = view.rules(place.path) if view else []
    target = place.targets[0] if place.targets else None
    return place, rules, firewall_place.effective(ledger, place, target, rules)


def _current(place: Place) -> str:
    return place.targets[0].container.policy if place.targets else ""


def _given(rule: RuleRecord) -> Entry:
    return Entry(rule.kind, rule.text, LAYER, "", "", rule.reason, rule.until, rule.author, rule.added)


def _in_force(wanted: Effective, rules: Sequence[RuleRecord]) -> list[Entry]:
    policy = wanted.resolved
    mode = next((_given(rule) for rule in rules if rule.kind == "mode"), None)
    plain = Entry("mode", policy.mode, policy.mode_layer, "", "", "", "", "", "")
    found = [mode if mode and policy.mode_layer == LAYER else plain]
    found += [_entry("host" if rule.pattern.name == HOST else "allow", rule, rules) for rule in policy.allow]
    found += [_entry("deny", rule, rules) for rule in policy.deny]
    found += [Entry("inbound", port, "", "publish", "", "", "", "", "") for port in policy.inbound]
    return found + [
        Entry("service", f"127.0.0.1:{port}", origin.layer, origin.source, "", "", "", "", "")
        for port, origin in wanted.services
    ]


def _entry(kind: str, rule: Rule, rules: Sequence[RuleRecord]) -> Entry:
    own = next((r for r in rules if r.text in (str(rule.pattern), rule.preset)), None)
    by_command = own if rule.layer == LAYER else None
    return Entry(
        kind=kind,
        entry=str(rule.pattern),
        layer=rule.layer,
        source="" if by_command else rule.source,
        preset=rule.preset,
        reason=rule.reason,
        until=moment(rule.until),
        author=by_command.author if by_command else "",
        added=by_command.added if by_command else "",
    )


def moment(seconds: int) -> str:
    """Seconds since the epoch as ISO-8601 UTC text, "" for 0."""
    from datetime import UTC, datetime

    return to_text(datetime.fromtimestamp(seconds, UTC)) if seconds else ""


def compare(path: Path, old: str, new: str) -> tuple[policy_diff.PolicyDiff, str, str]:
    """What changed between two policies, with their hashes.

    Each is the beginning of a hash, `current` for what the project's container has, or `wanted` for what
    settings and rules ask for now. Raises NotFoundError for an unknown one, UsageError for an ambiguous one.
    """
    with Ledger(config.database_url(os.environ)) as ledger:
        (first, before), (second, after) = (_text(ledger, path, name) for name in (old, new))
    return policy_diff.diff(before, after), first, second


def _text(ledger: Ledger, path: Path, name: str) -> tuple[str, str]:
    """Hash and canonical text of a policy."""
    if name == "wanted":
        wanted = _wanted(ledger, path)[2]
        return wanted.hash, wanted.text
    if name == "current":
        name = _current(firewall_place.glance(ledger, path))
        if not name:
            raise NotFoundError(f"no container for {path}", hint="`contenant` there makes one")
    elif len(name) < 4:
        raise UsageError(f"{name} is too short for a policy", hint="write its first 4 digits or more")
    view = ledger.snapshot()
    found = view.policies(name) if view else []
    if len(found) > 1:
        raise UsageError(f"{len(found)} policies begin with {name}", hint="write more of it")
    if not found:
        raise NotFoundError(
            f"no policy begins with {name}", hint="`contenant history --kind policy` shows every policy"
        )
    return found[0].hash, found[0].rules
