"""What to allow and what to take back, from what was recorded. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from contenant.core.egress import Refusal
from contenant.core.policy import Policy, Rule
from contenant.core.policy_names import HOST, Pattern, SuffixTest, command_to_allow, covers, opens
from contenant.core.policy_presets import presets_for
from contenant.core.policy_rules import LAYER
from contenant.core.records import RuleRecord

HOST_NAME = "host.contenant.internal"  # what `host:PORT` is called in the container
_WRITTEN = (LAYER, "user", "project", "env", "flag")  # layers that somebody wrote


class Suggestion(NamedTuple):
    """One thing a user could do."""

    action: Literal["allow", "preset", "remove"]
    name: str
    attempts: int  # how often it was refused; 0 for what is to be removed
    sessions: int  # in how many sessions
    last_seen: str  # "" for what is to be removed
    presets: tuple[str, ...]  # that would open it, smallest first
    why: str
    command: str


def to_open(
    found: Iterable[Refusal],
    policy: Policy,
    presets: Mapping[str, Sequence[str]],
    is_public_suffix: SuffixTest,
) -> list[Suggestion]:
    """Hosts that were refused and still would be, those of most sessions first; not what is denied."""
    suggestions = []
    for refusal in found:
        if not refusal.by_name or _decided(policy, refusal.name, refusal.port):
            continue
        fitting = presets_for(refusal.name, refusal.port, presets, is_public_suffix)
        command = (
            f"contenant firewall preset {fitting[0]}"
            if fitting
            else command_to_allow(refusal.name, refusal.port)
        )
        verb = "refused" if refusal.verdict == "deny" else "would be refused"
        suggestions.append(
            Suggestion(
                action="preset" if fitting else "allow",
                name=refusal.name if refusal.port == 443 else f"{refusal.name}:{refusal.port}",
                attempts=refusal.attempts,
                sessions=refusal.sessions,
                last_seen=refusal.last_seen,
                presets=fitting,
                why=f"{verb} {_times(refusal.attempts)} in {_sessions(refusal.sessions)}",
                command=command,
            )
        )
    return sorted(suggestions, key=lambda item: (-item.sessions, -item.attempts, item.name))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def _decided(policy: Policy, name: str, port: int) -> bool:
    """Whether an entry opens the host by now, or closes it on purpose."""
    return any(opens(rule.pattern, name, port) for rule in policy.allow) or any(
        covers(rule.pattern, Pattern(name)) for rule in policy.deny
    )


Used = Callable[[Rule], Iterable[tuple[str, int]]]  # names and ports connected to where a rule counts


def to_close(
    policy: Policy, rules: Sequence[RuleRecord], old: Callable[[Rule], bool], used: Used, days: int
) -> list[Suggestion]:
    """Entries and presets that somebody allowed, that are `old` enough, and that nothing used for `days`."""
    idle = [
        rule
        for rule in policy.allow
        if rule.layer in _WRITTEN and old(rule) and not any(_uses(rule.pattern, *each) for each in used(rule))
    ]
    busy = {rule.preset for rule in policy.allow if rule.preset and rule not in idle}
    entries = [rule for rule in idle if not rule.preset]
    presets = {rule.preset: rule for rule in idle if rule.preset and rule.preset not in busy}
    by_command = {rule.text for rule in rules}
    return [
        *(_idle(str(rule.pattern), rule, by_command, days) for rule in entries),
        *(_idle(name, rule, by_command, days) for name, rule in sorted(presets.items())),
    ]


def _uses(pattern: Pattern, name: str, port: int) -> bool:
    if pattern.name == HOST:
        return name == HOST_NAME and port == pattern.port
    return opens(pattern, name, port)


def _idle(name: str, rule: Rule, by_command: Iterable[str], days: int) -> Suggestion:
    command = f"contenant firewall remove {name}" if name in by_command else f"take it out of {rule.source}"
    why = f"allowed, and not used for {days} days"
    return Suggestion("remove", name, 0, 0, "", (), why, command)
