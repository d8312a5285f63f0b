"""Hosts of package registries, as the tools of a container's image name them: asked once per image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from contenant.app.ledger import Ledger
from contenant.core import changes
from contenant.core.policy_registries import read_report
from contenant.core.records import ContainerRecord
from contenant.core.values import ExecSpec
from contenant.errors import FirewallError
from contenant.process import capture

if TYPE_CHECKING:
    from contenant.engines.base import Engine

REGISTRIES = "/usr/local/lib/contenant/firewall/registries"
SECONDS = 30.0  # a package tool takes a second to say what it is set to

Hosts = Mapping[str, tuple[str, ...]]  # tool -> hosts


def remembered(ledger: Ledger, container: ContainerRecord) -> Hosts:
    """What was found out about the image of a container; {} where nobody asked yet."""
    view = ledger.snapshot()
    text = view.setting(container.engine, _key(container.image)) if view else None
    return {tool: tuple(hosts) for tool, hosts in json.loads(text).items()} if text else {}


def learn(ledger: Ledger, engine: Engine, container: ContainerRecord) -> Hosts:
    """The same, asked of the running container where it is not known yet, and remembered.

    Raises FirewallError where the container does not say.
    """
    if known := remembered(ledger, container):
        return known
    found = ask(engine, container.name)
    text = json.dumps(found, sort_keys=True)
    ledger.store().apply([changes.engine_remembered(engine.name, _key(container.image), text)])
    return found


def ask(engine: Engine, name: str) -> Hosts:
    """What the package tools in a running container are set to use. Raises FirewallError."""
    try:
        done = capture(engine.exec_argv(name, ExecSpec(argv=(REGISTRIES,))), timeout=SECONDS)
    except OSError as error:
        raise FirewallError(f"{name} did not say which registries it uses: {error}") from error
    if done.code != 0:
        raise FirewallError(f"{name} did not say which registries it uses: {done.stderr.strip()}")
    return read_report(done.stdout)


def _key(image: str) -> str:
    return f"registries of {image}"
