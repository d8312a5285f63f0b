"""What changed between two policies, from their canonical texts. Pure."""

import json
from typing import Any, NamedTuple


class PolicyDiff(NamedTuple):
    """Each line for people, such as `allow api.example.com` or `mode audit`; sorted."""

    opened: tuple[str, ...]  # reachable now and not before
    closed: tuple[str, ...]
    changed: tuple[str, ...]  # an end that moved

    @property
    def tightens(self) -> bool:
        """Whether something that was open is closed now; open connections are cut then."""
        return bool(self.closed)


_OPENNESS = {"block": 0, "audit": 1, "off": 2}


def diff(old: str, new: str) -> PolicyDiff:
    """Compare two canonical texts (`policy.canonical`)."""
    before, after = json.loads(old), json.loads(new)
    opened, closed, changed = _compare(_ends(before["allow"]), _ends(after["allow"]), "allow")
    # A denial that goes opens, one that comes closes.
    lifted, denied, moved = _compare(_ends(after["deny"]), _ends(before["deny"]), "deny")
    for key, word in (("host", "host service on port"), ("inbound", "inbound port")):
        opened += [f"{word} {port}" for port in after[key] if port not in before[key]]
        closed += [f"{word} {port}" for port in before[key] if port not in after[key]]
    if before["mode"] != after["mode"]:
        looser = _OPENNESS[after["mode"]] > _OPENNESS[before["mode"]]
        (opened if looser else closed).append(f"mode {after['mode']}")
    changes = (sorted(lines) for lines in (opened + lifted, closed + denied, changed + moved))
    return PolicyDiff(*(tuple(lines) for lines in changes))


def _compare(
    before: dict[str, int], after: dict[str, int], word: str
) -> tuple[list[str], list[str], list[str]]:
    return (
        [f"{word} {name}" for name in after if name not in before],
        [f"{word} {name}" for name in before if name not in after],
        [f"{word} {name}" for name in after if name in before and after[name] != before[name]],
    )


def _ends(entries: list[dict[str, Any]]) -> dict[str, int]:
    return {f"{e['name']}:{e['port']}" if "port" in e else e["name"]: e.get("until", 0) for e in entries}
