"""Rules that a user gives by command, per project: the strongest layer of the policy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from contenant.core.ages import from_text
from contenant.core.policy import STRICTER, Line, PolicyLayer
from contenant.core.policy_names import SuffixTest, parse_pattern
from contenant.core.records import RuleKind, RuleRecord
from contenant.errors import NotFoundError, UsageError

LAYER = "command"
# A word about an entry takes the place of an earlier one: the last word counts.
_REPLACES: dict[str, tuple[str, ...]] = {
    "allow": ("allow", "deny"),
    "deny": ("allow", "deny"),
    "preset": ("preset",),
    "mode": ("mode",),
}


class Wish(NamedTuple):
    """Rules somebody asks for: all of one kind, for one reason."""

    kind: RuleKind
    texts: tuple[str, ...]
    reason: str = ""
    until: str = ""


class Amendment(NamedTuple):
    """What a command changes: rules that end, and what begins, as wishes of one text each."""

    ends: tuple[RuleRecord, ...]
    begins: tuple[Wish, ...]


def layer(rules: Iterable[RuleRecord]) -> PolicyLayer:
    """Rules, oldest first, as the layer above all others; `policy.resolve` judges which have ended."""
    given = list(rules)
    modes = [rule.text for rule in given if rule.kind == "mode" and rule.text in STRICTER]
    return PolicyLayer(
        LAYER,
        modes[-1] if modes else None,  # type: ignore[arg-type]  # one of the keys of STRICTER
        allow=_lines(given, "allow"),
        deny=_lines(given, "deny"),
        presets=_lines(given, "preset"),
    )


def _lines(rules: Iterable[RuleRecord], kind: RuleKind) -> tuple[Line, ...]:
    return tuple(
        Line(rule.text, rule.reason, seconds(rule.until), f"{rule.author} on {rule.added[:10]}")
        for rule in rules
        if rule.kind == kind
    )


def seconds(moment: str) -> int:
    """A moment as whole seconds since the epoch, 0 for "". A rule ends with the second it names."""
    return int(from_text(moment).timestamp()) if moment else 0


def amend(rules: Sequence[RuleRecord], wish: Wish, is_public_suffix: SuffixTest) -> Amendment:
    """What a wish does to the rules that count. One bad entry raises UsageError, and nothing is changed.

    A rule that says the same already stays as it is.
    """
    texts = dict.fromkeys(entry(wish.kind, text, is_public_suffix) for text in wish.texts)
    ends: list[RuleRecord] = []
    begins: list[Wish] = []
    for text in texts:
        old = [r for r in rules if r.kind in _REPLACES[wish.kind] and (r.text == text or wish.kind == "mode")]
        if len(old) == 1 and _says(old[0], wish, text):
            continue
        ends += old
        begins.append(wish._replace(texts=(text,)))
    return Amendment(tuple(ends), tuple(begins))


def _says(rule: RuleRecord, wish: Wish, text: str) -> bool:
    return (rule.kind, rule.text, rule.reason, rule.until) == (wish.kind, text, wish.reason, wish.until)


def entry(kind: RuleKind, text: str, is_public_suffix: SuffixTest) -> str:
    """An entry as the policy keeps it. Raises UsageError; presets are judged by `policy.resolve`."""
    if kind in ("preset", "mode"):
        return text
    pattern = parse_pattern(text, is_public_suffix)
    if kind == "deny" and pattern.port:
        raise UsageError(f"{pattern}: a denied name has no port", hint=f"deny {pattern.name}")
    return str(pattern)


def withdraw(rules: Sequence[RuleRecord], texts: Iterable[str], is_public_suffix: SuffixTest) -> Amendment:
    """The rules with these entries or presets end.

    Raises NotFoundError where there is none with that entry, UsageError where it is no entry; nothing is
    changed then.
    """
    ends: list[RuleRecord] = []
    for text in dict.fromkeys(texts):
        plain = [rule for rule in rules if rule.kind == "preset" and rule.text == text]
        if not plain and text.isalnum():  # one word is no host's name
            raise NotFoundError(
                f"no preset {text} was given by command",
                hint="`contenant firewall show` lists what was; settings and project files have presets, too",
            )
        found = plain or _with_entry(rules, entry("allow", text, is_public_suffix))
        if not found:
            raise NotFoundError(
                f"no rule given by command says {text}",
                hint="`contenant firewall show --effective` names the layer of every entry; "
                f"`contenant firewall deny {text}` closes what another layer opens",
            )
        ends += [rule for rule in found if rule not in ends]
    return Amendment(tuple(ends), ())


def _with_entry(rules: Iterable[RuleRecord], text: str) -> list[RuleRecord]:
    return [rule for rule in rules if rule.kind in ("allow", "deny") and rule.text == text]


def with_port(name: str, port: int) -> str:
    """`--port` of a command: `name:port`. Raises UsageError where the name has one already."""
    if ":" in name:
        raise UsageError(f"{name} and --port {port} both name a port", hint="give one of them")
    return f"{name}:{port}"
