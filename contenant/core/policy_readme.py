"""What a container's agent is told about its policy: a few lines of plain text. Pure."""

from __future__ import annotations

import textwrap

from contenant.core.policy import Policy
from contenant.core.policy_names import HOST

MAX_NAMES = 200  # of each kind; the file is for reading
_MODES = {
    "block": "Only the hosts below can be reached. Everything else is refused at once, and put on record.",
    "audit": "Every host can be reached over HTTPS and HTTP; what is not listed below is put on record.",
    "off": "The firewall is off: every host can be reached.",
}
_ADVICE = """\
A name that does not resolve (NXDOMAIN), a connection that is reset and an HTTP answer 403 that begins with
"contenant:" are this policy, not a fault of the network: do not retry, do not look for a way around it.

If a host is really needed, name it to the user and say what for. The user can allow it on the host machine,
in the project's directory, while this session goes on:

    contenant firewall allow NAME --reason "why it is needed"

or, for a port other than 443 and 80:

    contenant firewall allow NAME --port PORT --reason "why it is needed"

Nothing in this container can change the policy, and this file is read-only.
"""


def readme(policy: Policy) -> str:
    """The text of /etc/contenant/policy/README: what can be reached, and what to do about what cannot."""
    parts = [f"Network policy of this container: {policy.mode}", "", textwrap.fill(_MODES[policy.mode], 100)]
    names = [str(rule.pattern) for rule in policy.allow if rule.pattern.name != HOST]
    services = [str(rule.pattern.port) for rule in policy.allow if rule.pattern.name == HOST]
    if policy.mode != "off":
        parts += _section("Allowed (443 and 80 unless a port is written)", names)
        parts += _section("Refused although a wildcard covers it", [str(r.pattern) for r in policy.deny])
        parts += _section("Services of the host machine, at host.contenant.internal, ports", services)
    parts += _section("Ports of this container that can be connected to from outside", list(policy.inbound))
    return "\n".join([*parts, "", _ADVICE if policy.mode == "block" else ""]).rstrip() + "\n"


def _section(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    more = [f"  … and {len(lines) - MAX_NAMES} more: see policy.json"] if len(lines) > MAX_NAMES else []
    return ["", f"{title}:", *(f"  {line}" for line in lines[:MAX_NAMES]), *more]
