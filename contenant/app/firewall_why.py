"""`contenant firewall why`: the rule that decides about a host, and what was decided lately."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contenant import config
from contenant.app import egress, firewall_place, firewall_registries
from contenant.app.firewall_look import moment
from contenant.app.ledger import Ledger
from contenant.app.policy import Effective
from contenant.app.results import Ui
from contenant.core.policy import Rule, why
from contenant.core.policy_names import HOST, command_to_allow, parse_pattern
from contenant.core.policy_presets import all_presets, presets_for
from contenant.errors import UsageError
from contenant.suffixes import is_public_suffix

DECISIONS = 5
_SHOWN = ("last_seen", "verdict", "layer", "attempts", "port", "session_id", "policy")


def explain(path: Path, host: str, port: int, ui: Ui) -> dict[str, Any]:
    """Everything about one host in the project at `path`, JSON-ready. `host` may bear its port itself.
    `current` is False where an engine did not answer, and the decisions may be behind.

    Raises UsageError for what is no host name.
    """
    pattern = parse_pattern(host, is_public_suffix)
    if pattern.wildcard:
        raise UsageError(f"{host} is no host", hint="name one host below it")
    name, port = pattern.name, pattern.port or port
    with Ledger(config.database_url(os.environ)) as ledger:
        current = egress.catch_up(ledger, path, ui)
        place = firewall_place.glance(ledger, path)
        view = ledger.snapshot()
        rules = view.rules(place.path) if view else []
        target = place.targets[0] if place.targets else None
        wanted = firewall_place.effective(ledger, place, target, rules)
        hosts = firewall_registries.remembered(ledger, target.container) if target else {}
        asked = firewall_place.HOST_NAME if name == HOST else name
        rows = (
            view.egress(place.record.id, destination=asked, limit=DECISIONS) if view and place.record else []
        )
    answer = why(wanted.resolved, name, port)
    closed = answer.rule is None and not answer.allowed
    presets = presets_for(name, port, all_presets(hosts), is_public_suffix) if closed else ()
    return {
        "host": name,
        "port": port,
        "reached": answer.allowed,
        "why": answer.text + (_as_service(wanted, port) if name == HOST else ""),
        "mode": answer.mode,
        "rule": _rule(answer.rule),
        "policy": {"hash": wanted.hash, "in_force": target.container.policy if target else ""},
        "presets": list(presets),
        "command": _command(name, port, presets) if closed else "",
        "current": current,
        "decisions": [{field: getattr(row, field) for field in _SHOWN} for row in rows],
    }


def _command(name: str, port: int, presets: Sequence[str]) -> str:
    """What opens the host."""
    return f"contenant firewall preset {presets[0]}" if presets else command_to_allow(name, port)


def _as_service(wanted: Effective, port: int) -> str:
    """What else leads to a port of the host: no way through the firewall, and still a way."""
    origin = next((origin for known, origin in wanted.services if known == port), None)
    return f"; each session reaches it at 127.0.0.1:{port} (host_services, {origin.source})" if origin else ""


def _rule(rule: Rule | None) -> dict[str, str]:
    if rule is None:
        return {}
    return {
        "entry": str(rule.pattern),
        "layer": rule.layer,
        "source": rule.source,
        "preset": rule.preset,
        "reason": rule.reason,
        "until": moment(rule.until),
    }
