"""Which of the policies on record are meant: by the beginning of their hash, or by a host they let out to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from contenant.core.ages import to_text
from contenant.errors import NotFoundError, UsageError
from contenant.store.lookups import rules_of_policies
from contenant.store.session_filter import ALWAYS

if TYPE_CHECKING:
    from contenant.store.reads import Reads

WEB = 443


def beginning(view: Reads, text: str) -> Mapping[str, str]:
    """The policies whose hash begins so, hash -> without end. Raises NotFoundError where there is none."""
    found = {policy: ALWAYS for policy, _ in rules_of_policies(view) if policy.startswith(text)}
    if not found:
        raise NotFoundError(
            f"no policy begins with {text}", hint="`contenant history policies` shows them all"
        )
    return found


def opening(view: Reads, host: str) -> Mapping[str, str]:
    """The policies that let a host be reached, hash -> moment at which that ends. Raises UsageError.

    `host` is a name, or NAME:PORT; the ports of the web unless given. Mode off opens everything; mode audit,
    which lets the web through on record, is among them too.
    """
    from contenant.core.policy_names import parse_pattern  # its grammar is nothing a hash needs
    from contenant.suffixes import is_public_suffix

    pattern = parse_pattern(host, is_public_suffix)
    if pattern.wildcard:
        raise UsageError(f"{host} is no host", hint="name one host below it")
    found = {}
    for policy, rules in rules_of_policies(view):
        if end := _open_until(json.loads(rules), pattern.name, pattern.port):
            found[policy] = end
    return found


def _open_until(body: Mapping[str, Any], name: str, port: int) -> str:
    """The last moment at which a policy opens a host, "" where it never does."""
    if body["mode"] == "off":
        return ALWAYS
    if body["mode"] == "audit" and port in (0, 80, WEB):
        return ALWAYS
    from contenant.core.policy_names import HOST, is_open

    if name == HOST:
        return ALWAYS if port in body["host"] else ""
    ends = [
        to_text(datetime.fromtimestamp(entry["until"], UTC)) if entry.get("until") else ALWAYS
        for entry in body["allow"]
        if is_open({**body, "allow": [entry]}, name, port or WEB)
    ]
    return max(ends, default="")
