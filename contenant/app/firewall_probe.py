"""`contenant firewall test`: the self-test of the firewall and one probe, both from inside the container."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from contenant import config
from contenant.app import firewall_place
from contenant.app.ledger import Ledger
from contenant.core.policy_names import HOST, parse_pattern
from contenant.core.values import ExecSpec
from contenant.errors import FirewallError, UsageError
from contenant.process import capture
from contenant.suffixes import is_public_suffix

TEST = "/usr/local/lib/contenant/firewall/test"
SECONDS = 60.0
_RESULTS = {"ok": "ok", "FAIL": "failed", "no": "refused"}


class Probe(NamedTuple):
    """One look from inside."""

    result: str  # ok, failed (the firewall is not as it must be) or refused (the host asked for)
    what: str
    found: str


def test(path: Path, host: str, variant: str | None = None) -> list[Probe]:
    """Test the firewall of a running container of the project; `host`: `NAME[:PORT]` to reach, "" for none.

    Raises UsageError for what is no host, NotFoundError where nothing runs, FirewallError where the test
    itself cannot be made.
    """
    target = _target(host) if host else ""
    with Ledger(config.database_url(os.environ)) as ledger:
        found = firewall_place.running(ledger, path, variant)
    assert found.engine is not None  # it runs
    argv = found.engine.exec_argv(found.container.name, ExecSpec(argv=(TEST, *((target,) if target else ()))))
    try:
        done = capture(argv, timeout=SECONDS)
    except OSError as error:
        raise FirewallError(f"the firewall of {found.container.name} could not be tested: {error}") from error
    probes = parse(done.stdout)
    if not probes:
        raise FirewallError(f"the firewall of {found.container.name} is not up: {done.stderr.strip()}")
    return probes


def _target(host: str) -> str:
    """What is to be reached, as the container calls it."""
    pattern = parse_pattern(host, is_public_suffix)
    if pattern.wildcard:
        raise UsageError(f"{host} is no host", hint="name one host below it")
    name = firewall_place.HOST_NAME if pattern.name == HOST else pattern.name
    return f"{name}:{pattern.port}" if pattern.port else name


def parse(text: str) -> list[Probe]:
    """The lines that the container's test printed."""
    probes = []
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        what, colon, found = rest.strip().partition(": ")
        if word in _RESULTS and colon:
            probes.append(Probe(_RESULTS[word], what, found))
    return probes
