"""A project as the firewall's commands see it: its containers on every engine, and the policy of each."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from contenant.app import configuration, engines, firewall_registries, policy
from contenant.app.ledger import Ledger
from contenant.app.policy import Effective, Given
from contenant.app.project import identify
from contenant.app.sync import settle
from contenant.core.names import container_name
from contenant.core.records import ContainerRecord, ProjectRecord, RuleRecord
from contenant.engines.base import Engine
from contenant.errors import EngineUnavailableError, FirewallError, NotFoundError

HOST_NAME = "host.contenant.internal"  # what `host:PORT` is called in the container


class Target(NamedTuple):
    """A container of the project. `engine` is None where it did not answer, or was not asked."""

    container: ContainerRecord
    engine: Engine | None
    trouble: str = ""  # why it did not answer
    place: str = ""  # name under which the host keeps its policy, whatever it was renamed to

    @property
    def running(self) -> bool:
        """Whether it certainly runs."""
        return self.engine is not None and self.container.state == "running"


class Place(NamedTuple):
    """A project. It may have no record yet, and no container."""

    path: str  # canonical
    name: str  # of its first container
    record: ProjectRecord | None
    targets: tuple[Target, ...]  # the one used last comes first


def glance(ledger: Ledger, path: Path) -> Place:
    """What is recorded of the project at `path`; no engine is asked."""
    canonical, name = identify(path)
    view = ledger.snapshot()
    record = view.project_by_path(canonical) if view else None
    found = view.containers(project_id=record.id) if view and record else []
    newest = sorted(found, key=lambda container: container.last_used, reverse=True)
    targets = (Target(c, None, place=container_name(canonical, c.variant)) for c in newest)
    return Place(canonical, name, record, tuple(targets))


def look(ledger: Ledger, path: Path, held: frozenset[str] = frozenset()) -> Place:
    """The same after asking the engines that have containers of it, records brought up to date.

    `held`: names of containers whose locks the caller holds.
    """
    place = glance(ledger, path)
    connected: dict[str, Engine] = {}
    trouble: dict[str, str] = {}
    for name in dict.fromkeys(target.container.engine for target in place.targets):
        try:
            engine = engines.connect(ledger, name)
            settle(engine, engine.containers(), ledger, held)
            connected[name] = engine
        except EngineUnavailableError as error:
            trouble[name] = error.advice
    return place._replace(
        targets=tuple(
            target._replace(engine=connected.get(kind), trouble=trouble.get(kind, ""))
            for target in glance(ledger, path).targets
            for kind in (target.container.engine,)
        )
    )


def running(ledger: Ledger, path: Path, variant: str | None = None) -> Target:
    """The project's container that runs, of several the one used last; or the one that is named.

    Raises NotFoundError where none does, EngineUnavailableError.
    """
    place = look(ledger, path)
    named = tuple(target for target in place.targets if variant in (None, target.container.variant))
    place = place._replace(name=container_name(place.path, variant or ""), targets=named)
    if found := next((target for target in place.targets if target.running), None):
        return found
    if silent := next((target for target in place.targets if target.trouble), None):
        raise EngineUnavailableError(silent.trouble, hint=f"{silent.container.engine} must answer for this")
    what = f"{place.name} does not run" if place.targets else f"no container for {place.path}"
    raise NotFoundError(what, hint="`contenant` there brings it up; come back while a session is open")


def effective(ledger: Ledger, place: Place, target: Target | None, rules: Sequence[RuleRecord]) -> Effective:
    """The policy of a container, or of the one the project would get, with these rules. Raises UsageError."""
    flags = json.loads(target.container.flags) if target else {}
    settings = configuration.load(ledger, place.path, flags)
    return policy.effective(settings, Given(tuple(rules), lambda: _hosts(ledger, target)), int(time.time()))


def _hosts(ledger: Ledger, target: Target | None) -> firewall_registries.Hosts:
    if target is None:
        return {}
    if target.engine is None or not target.running:
        return firewall_registries.remembered(ledger, target.container)
    try:
        return firewall_registries.learn(ledger, target.engine, target.container)
    except FirewallError:  # it opens nothing then; the next run asks again, and says so
        return {}
