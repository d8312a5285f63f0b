"""What may leave a container: layers of entries become one effective policy with one hash. Pure.

Layers go from weak to strong: default, user, project, environment, command line. A denied name beats an
allowed one whatever their layers. A layer that may not widen (a project file nobody trusts) can only deny and
choose a stricter mode; what else it asks for is left out and told.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from contenant.core.digest import sha256_hex
from contenant.core.policy_names import (
    HOST,
    Pattern,
    SuffixTest,
    command_to_allow,
    covers,
    opens,
    parse_name,
    parse_pattern,
)
from contenant.errors import UsageError

Mode = Literal["block", "audit", "off"]
STRICTER: Mapping[str, int] = {"off": 0, "audit": 1, "block": 2}
MAX_ENTRIES = 2000  # what the container's side takes


class Line(NamedTuple):
    """One entry as somebody wrote it."""

    text: str
    reason: str = ""
    until: int = 0  # seconds since the epoch; 0: no end
    source: str = ""  # file, variable, option or command it was written in


class PolicyLayer(NamedTuple):
    """Everything one layer says."""

    name: str
    mode: Mode | None = None
    allow: tuple[Line, ...] = ()
    deny: tuple[Line, ...] = ()
    presets: tuple[Line, ...] = ()  # their text is the name of a preset
    inbound: tuple[str, ...] = ()  # "3000/tcp": ports that may be connected to from outside
    may_widen: bool = True


class Rule(NamedTuple):
    """One entry in force, and where it comes from."""

    pattern: Pattern
    layer: str
    preset: str = ""  # "" where it was written out
    reason: str = ""
    until: int = 0
    source: str = ""


class Policy(NamedTuple):
    """The effective policy. `allow` is without what is denied whole; `left_out` is for people."""

    mode: Mode
    mode_layer: str
    allow: tuple[Rule, ...]
    deny: tuple[Rule, ...]
    inbound: tuple[str, ...]
    left_out: tuple[str, ...] = ()


class Answer(NamedTuple):
    """Why a host can or cannot be reached."""

    allowed: bool
    rule: Rule | None  # the one that decided, None where nothing stands for the host
    mode: Mode
    text: str  # for people, one line


def resolve(
    layers: Sequence[PolicyLayer],
    presets: Mapping[str, Sequence[str]],
    is_public_suffix: SuffixTest,
    now: int,
) -> Policy:
    """Layers, weakest first, to the effective policy at `now` (seconds since the epoch).

    `presets`: name -> entries (`policy_presets`). One bad line raises UsageError and nothing of it counts.
    """
    allow: dict[Pattern, Rule] = {}
    deny: dict[Pattern, Rule] = {}
    left_out: list[str] = []
    for layer in layers:
        for rule in _denials(layer, is_public_suffix, now):
            _keep(deny, rule)
        widening = [*_rules(layer, layer.allow, is_public_suffix, now)]
        widening += _preset_rules(layer, presets, is_public_suffix, now)
        if not layer.may_widen:
            left_out += [f"{layer.name} asks for {rule.pattern}" for rule in widening]
            left_out += [f"{layer.name} asks for the open port {port}" for port in layer.inbound]
            continue
        for rule in widening:
            _keep(allow, rule)
    in_force = [rule for rule in allow.values() if not any(covers(d, rule.pattern) for d in deny)]
    if len(in_force) + len(deny) > MAX_ENTRIES:
        raise UsageError(f"a policy has at most {MAX_ENTRIES} entries", hint="use wildcards or presets")
    mode, mode_layer = _mode(layers, left_out)
    ports = {check_inbound(port) for layer in layers if layer.may_widen for port in layer.inbound}
    return Policy(
        mode, mode_layer, _sorted(in_force), _sorted(deny.values()), tuple(sorted(ports)), tuple(left_out)
    )


def body(policy: Policy) -> dict[str, Any]:
    """What decides, and nothing else, as the container reads it (docs/firewall.md): the hash is of this."""
    named = [rule for rule in policy.allow if rule.pattern.name != HOST]
    return {
        "mode": policy.mode,
        "allow": [_entry(rule) for rule in named],
        "deny": [_entry(rule) for rule in policy.deny],
        "host": sorted(rule.pattern.port for rule in policy.allow if rule.pattern.name == HOST),
        "inbound": list(policy.inbound),
    }


def canonical(policy: Policy) -> str:
    """The canonical text of a policy: JSON with sorted keys, no blanks, ASCII."""
    return json.dumps(body(policy), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def policy_hash(text: str) -> str:
    """The hash a policy is known by: SHA-256 of its canonical text, 64 hex digits."""
    return sha256_hex(text.encode("ascii"))


def document(policy: Policy, resolvers: Sequence[str] = ()) -> str:
    """The text of `policy.json` for a container. `resolvers`: a fact of the host, no part of the hash."""
    top = {"format": 1, "hash": policy_hash(canonical(policy)), "policy": body(policy)}
    return json.dumps(top | ({"resolvers": list(resolvers)} if resolvers else {}), indent=1) + "\n"


def why(policy: Policy, host: str, port: int = 443) -> Answer:
    """Which rule decides about a host, as somebody wrote it. Raises UsageError where it is no host name."""
    name = host if host == HOST else parse_name(host)
    target = Pattern(name)
    denied = next((rule for rule in policy.deny if covers(rule.pattern, target)), None)
    allowed = next((rule for rule in policy.allow if opens(rule.pattern, name, port)), None)
    if policy.mode == "off":
        return Answer(
            True, None, "off", f"{name}:{port} is reached: the firewall is off ({policy.mode_layer})"
        )
    if policy.mode == "audit" and port in (80, 443) and (denied or not allowed):
        return Answer(True, denied, "audit", f"{name}:{port} is reached and put on record: mode audit")
    if denied:
        return Answer(False, denied, policy.mode, f"{name} is denied by {describe(denied)}")
    if allowed:
        return Answer(True, allowed, policy.mode, f"{name}:{port} is allowed by {describe(allowed)}")
    return Answer(False, None, policy.mode, f"{name}:{port} is in no entry; {command_to_allow(name, port)}")


def describe(rule: Rule) -> str:
    """A rule for people: entry, preset, layer, reason."""
    preset = f" of preset {rule.preset}" if rule.preset else ""
    reason = f": {rule.reason}" if rule.reason else ""
    return f"{rule.pattern}{preset} ({rule.layer}{f', {rule.source}' if rule.source else ''}){reason}"


def check_inbound(text: str) -> str:
    """`3000/tcp`, or `3000` for tcp, as it is kept. Raises UsageError."""
    number, slash, protocol = text.partition("/")
    good = number.isascii() and number.isdigit() and len(number) <= 5 and 0 < int(number) < 65536
    if not good or (protocol if slash else "tcp") not in ("tcp", "udp"):
        raise UsageError(f"not a port: {text!r}", hint="write 3000/tcp")
    return f"{int(number)}/{protocol if slash else 'tcp'}"


def _mode(layers: Sequence[PolicyLayer], left_out: list[str]) -> tuple[Mode, str]:
    mode: Mode = "block"
    name = "default"
    for layer in layers:
        if layer.mode is None:
            continue
        if layer.may_widen or STRICTER[layer.mode] >= STRICTER[mode]:
            mode, name = layer.mode, layer.name
        else:
            left_out.append(f"{layer.name} asks for mode {layer.mode}")
    return mode, name


def _denials(layer: PolicyLayer, test: SuffixTest, now: int) -> Iterable[Rule]:
    for rule in _rules(layer, layer.deny, test, now):
        if rule.pattern.port:
            raise UsageError(f"{rule.pattern}: a denied name has no port", hint=f"deny {rule.pattern.name}")
        yield rule


def _rules(layer: PolicyLayer, lines: Iterable[Line], test: SuffixTest, now: int) -> Iterable[Rule]:
    for line in lines:
        pattern = parse_pattern(line.text, test)
        if line.until == 0 or line.until > now:
            yield Rule(pattern, layer.name, "", line.reason, line.until, line.source)


def _preset_rules(
    layer: PolicyLayer, presets: Mapping[str, Sequence[str]], test: SuffixTest, now: int
) -> Iterable[Rule]:
    for line in layer.presets:
        if line.text not in presets:
            from contenant.core.settings_layers import nearest  # needed only when something is wrong

            raise UsageError(f"no such preset: {line.text!r}", hint=nearest(line.text, sorted(presets)))
        if line.until == 0 or line.until > now:
            for text in presets[line.text]:
                pattern = parse_pattern(text, test)
                yield Rule(pattern, layer.name, line.text, line.reason, line.until, line.source)


def _keep(rules: dict[Pattern, Rule], rule: Rule) -> None:
    """The same entry twice: the one that lasts longer counts, the stronger layer where they last alike."""
    old = rules.get(rule.pattern)
    if old is None or rule.until == 0 or (old.until != 0 and rule.until >= old.until):
        rules[rule.pattern] = rule


def _sorted(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: rule.pattern))


def _entry(rule: Rule) -> dict[str, Any]:
    name = f"*.{rule.pattern.name}" if rule.pattern.wildcard else rule.pattern.name
    entry: dict[str, Any] = {"name": name}
    if rule.pattern.port:
        entry["port"] = rule.pattern.port
    if rule.until:
        entry["until"] = rule.until
    return entry
