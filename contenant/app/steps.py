"""The steps of a run plan: image, remove, create, start. Each is recorded, done, and recorded as done."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from contenant import host
from contenant.app import firewall_registries, mounted, place, policy
from contenant.app.desired import Wanted, kept_image, label, shielded
from contenant.app.ledger import Ledger
from contenant.app.project import Project
from contenant.app.results import Ui
from contenant.core import changes
from contenant.core.chain import canonical
from contenant.core.changes import Change
from contenant.core.names import container_name
from contenant.core.plan_run import Step
from contenant.core.records import ContainerRecord, ProjectRecord
from contenant.core.settings import Settings
from contenant.core.values import ContainerSpec
from contenant.core.versions import LATEST, is_unpinned
from contenant.engines.base import Engine
from contenant.errors import ContenantError, FirewallError

if TYPE_CHECKING:
    from contenant.engines.base import Survey
    from contenant.engines.survey import Facts
    from contenant.home.identity import Identity


class Site(NamedTuple):
    """Everything the steps of one run need."""

    ledger: Ledger
    engine: Engine
    project: Project
    settings: Settings
    wanted: Wanted
    flags: Mapping[str, Any]  # creation options to remember
    asked: "Survey | None" = None  # where a container is to be made: asked for as soon as that was known
    facts: "Facts | None" = None  # its answer
    identity: "Identity | None" = None  # who commits, where the agent's home was made ready


def perform(site: Site, steps: Sequence[Step], container: ContainerRecord | None, ui: Ui) -> ContainerRecord:
    """Do the steps in order; returns the container as it is then. The caller holds its lock."""
    if "create" in steps:
        site = _surveyed(site)
    for step in steps:
        match step:
            case "image":
                site = _pinned(site, ui)
                if not (site.facts and site.facts.image == site.wanted.image):
                    _ensure_image(site, ui)
            case "remove":
                assert container is not None
                remove(site.ledger, site.engine, container, "recreated")
            case "create":
                container = _create(site)
            case "start":
                assert container is not None
                container = _start(site, container)
    assert container is not None
    return apply_policy(_with_registries(site, container, ui), container)


def _surveyed(site: Site) -> Site:
    return site._replace(facts=(site.asked or site.engine.survey(site.wanted.image)).result(), asked=None)


def _with_registries(site: Site, container: ContainerRecord, ui: Ui) -> Site:
    """Hosts that only the tools in the image know are asked for once a container of it runs."""
    if not site.wanted.policy.found or container.state == "created":
        return site
    try:
        hosts = firewall_registries.learn(site.ledger, site.engine, container)
    except FirewallError as error:
        ui.warn(f"{error.message}: {', '.join(site.wanted.policy.found)} may open less than it should")
        return site
    given = policy.gather(site.ledger, site.project.path, container)._replace(hosts=lambda: hosts)
    wanted = policy.effective(site.settings, given, int(time.time()))
    return site._replace(wanted=site.wanted._replace(policy=wanted))


def _pinned(site: Site, ui: Ui) -> Site:
    """With an image that can be had: the registry is asked about a version that nobody asked about before."""
    if site.settings.claude_version != LATEST and not is_unpinned(site.wanted.image):
        return site
    from contenant.app import versions  # few settings name a version

    prepared = versions.prepare(site.ledger, site.settings, ui, refresh=False)
    versions.note_latest(site.ledger, site.settings, prepared)
    image = kept_image(site.settings)
    wanted = site.wanted._replace(image=image, spec=site.wanted.spec._replace(image=image))
    return site._replace(wanted=wanted)


def _ensure_image(site: Site, ui: Ui) -> None:
    from contenant.image.build import ensure

    built = ensure(site.engine, site.settings, ui, lambda change: site.ledger.store().apply([change]))
    if built.built:
        from contenant.app import agent_flags

        agent_flags.learn(site.engine, built.reference, built.claude_version, ui)


def _create(site: Site) -> ContainerRecord:
    store, now = site.ledger.store(), host.now_text()
    project, intents = _project_record(site, now)
    assert site.facts is not None  # whoever plans to create has asked
    version = site.facts.version
    container = ContainerRecord(
        id=store.new_id(),
        project_id=project.id,
        engine=site.engine.name,
        engine_identity=site.facts.identity,
        name=site.project.name,
        engine_id="",
        image=site.wanted.image,
        policy=site.wanted.policy.hash,
        spec_hash=site.wanted.spec_hash,
        state="created",
        created=now,
        last_seen=now,
        last_used=now,
        engine_version=version.server or version.client,
        spec=site.wanted.spec_text,
        flags=canonical(site.flags),
        variant=site.project.variant,
    )
    store.apply([*intents, policy.stored(site.wanted.policy), changes.container_creating(container)])
    return _make(site, container)


def _make(site: Site, container: ContainerRecord) -> ContainerRecord:
    """Ask the engine for the recorded container; a refusal is recorded and raised on."""
    store = site.ledger.store()
    try:
        place.prepare(site.project, site.wanted.policy)
        spec = _labelled(site, container)
        mounted.note(container.name, spec.mounts)
        engine_id = site.engine.create(spec)
    except ContenantError as error:
        store.apply([changes.container_gone(container, f"create failed: {error.message}")])
        raise
    store.apply([changes.container_created(container, engine_id)])
    return container._replace(engine_id=engine_id)


def _labelled(site: Site, container: ContainerRecord) -> ContainerSpec:
    wanted = site.wanted
    return label(
        shielded(site.project, wanted.spec, wanted.protect, site.engine.name),
        container_id=container.id,
        project=site.project,
        owner=host.installation_id(),
        policy=container.policy,
        digest=wanted.spec_hash,
        engine_version=container.engine_version,
    )


def _project_record(site: Site, now: str) -> tuple[ProjectRecord, list[Change]]:
    known = site.ledger.project(site.project.path)
    if known is not None:
        return known, []
    path = site.project.path
    fresh = ProjectRecord(site.ledger.store().new_id(), path, container_name(path), now, now)
    return fresh, [changes.project_added(fresh)]


def _start(site: Site, container: ContainerRecord) -> ContainerRecord:
    place.prepare(site.project, site.wanted.policy)
    mounted.check(container.name, container.variant)
    site.engine.start(container.name)
    done = [changes.container_state(container, "running", "started")]
    site.ledger.store().apply([*_policy_changes(site, container, "started"), *done])
    return container._replace(state="running", policy=site.wanted.policy.hash)


def _policy_changes(site: Site, container: ContainerRecord, how: str) -> list[Change]:
    wanted = site.wanted.policy
    if container.policy == wanted.hash:
        return []
    return [policy.stored(wanted, container.policy), changes.policy_applied(container, wanted.hash, how)]


def apply_policy(site: Site, container: ContainerRecord) -> ContainerRecord:
    """Bring the wanted policy into force in a running container that has another.

    Raises FirewallError when the container refuses it; the old policy then stays in force.
    """
    wanted = site.wanted.policy
    if container.policy == wanted.hash:
        return container
    policy.place(container.name, wanted)
    policy.apply_live(site.engine, container.name)
    site.ledger.store().apply(_policy_changes(site, container, "live"))
    return container._replace(policy=wanted.hash)


def late_rules(site: Site, given: policy.Given, container: ContainerRecord) -> ContainerRecord:
    """Rules given for the project while a container was made whose lock `firewall` did not know of yet."""
    now = policy.gather(site.ledger, site.project.path, container)
    if now.rules == given.rules:
        return container
    effective = policy.effective(site.settings, now, int(time.time()))
    return apply_policy(site._replace(wanted=site.wanted._replace(policy=effective)), container)


def remove(ledger: Ledger, engine: Engine, container: ContainerRecord, why: str) -> None:
    """Remove a container and what is kept for it on the host; its records stay. The caller holds its lock."""
    store = ledger.store()
    from contenant.app import egress  # no start needs it

    egress.last_words(ledger, engine, container)
    store.apply([changes.container_removing(container, why)])
    engine.remove(container.name)
    ended = [
        changes.session_ended(s.id, container.project_id, "container gone", None)
        for s in store.live_sessions()
        if s.container_id == container.id
    ]
    store.apply([*ended, changes.container_gone(container, why)])
    place.clear(container.name)
