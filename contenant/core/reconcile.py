"""Recorded against observed: what changed behind our back, as changes to record.

A missing answer is never read as "all gone": an engine that did not answer, or another daemon behind the same
endpoint, changes nothing. Applying is the caller's, who holds the lock of each container it changes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from contenant.core import changes, labels
from contenant.core.changes import Change
from contenant.core.records import MISSING, ContainerRecord, SessionRecord
from contenant.core.values import ContainerReport, EngineName


class Recorded(NamedTuple):
    """What the database says about one engine: containers not gone, and their sessions not ended."""

    containers: tuple[ContainerRecord, ...]
    sessions: tuple[SessionRecord, ...]


class Observed(NamedTuple):
    """What the world says about one engine."""

    engine: EngineName
    identity: str  # "" while not asked for; then no container is taken as gone
    reports: tuple[ContainerReport, ...]
    dead: frozenset[str]  # sessions whose contenant process is no more
    exits: Mapping[str, int]  # sessions that left an exit code behind
    owner: str  # this installation's id, as in the host label
    traceless: frozenset[str] = frozenset()  # detachable sessions of which nothing is left to live


class Finding(NamedTuple):
    """A difference between record and report, and the container name whose lock covers its repair."""

    name: str
    change: Change
    structural: bool  # needs the lock and a second look; the rest is proven by itself


def reconcile(recorded: Recorded, observed: Observed) -> list[Finding]:
    """Everything that differs; once applied, reconciling again finds nothing. Adoptions: see `orphans`."""
    ours = _by_our_id(observed)
    findings: list[Finding] = []
    for container in recorded.containers:
        report = _find(container, observed.reports, ours)
        sessions = [s for s in recorded.sessions if s.container_id == container.id]
        why = _gone(container, report, sessions, observed)
        findings += _container(container, report, why)
        findings += _sessions(container, report, sessions, observed, bool(why))
    return findings


def orphans(recorded: Recorded, observed: Observed) -> list[ContainerReport]:
    """Containers with this installation's labels and no record: to be adopted."""
    known = {container.id for container in recorded.containers}
    engine_ids = {container.engine_id for container in recorded.containers if container.engine_id}
    strays = [
        min(reports, key=_age)  # of copies the oldest
        for mark, reports in _by_our_id(observed).items()
        if mark not in known
    ]
    return [report for report in strays if report.engine_id not in engine_ids]


def needs_identity(recorded: Recorded, observed: Observed) -> bool:
    """Whether a recorded container is missing from the reports, so that the engine must prove who it is."""
    ours = _by_our_id(observed)
    return any(_find(c, observed.reports, ours) is None for c in recorded.containers)


class Whereabouts(NamedTuple):
    """What is recorded of a project's directory, and what the disk says."""

    project_id: str
    path: str
    place: str  # as in ProjectRecord
    there: bool


def whereabouts(projects: Iterable[Whereabouts]) -> list[Change]:
    """A directory that went is recorded once, and once that it is back."""
    found: dict[str, Change] = {}
    for project_id, path, place, there in projects:
        if there == place.startswith(MISSING):
            told = changes.project_found if there else changes.project_missing
            found[project_id] = told(project_id, path)
    return list(found.values())


def here(
    recorded: Recorded, observed_reports: Iterable[ContainerReport], project_id: str, variant: str = ""
) -> ContainerRecord | None:
    """The project's container of that name (its first: "") in the store that answered; one that is recorded
    elsewhere is not meant."""
    ids = {report.engine_id for report in observed_reports}
    mine = (c for c in recorded.containers if c.project_id == project_id and c.variant == variant)
    return next((container for container in mine if container.engine_id in ids), None)


def _by_our_id(observed: Observed) -> dict[str, list[ContainerReport]]:
    """Copies of a container bear the labels of the original: there may be several of one id."""
    found: dict[str, list[ContainerReport]] = {}
    owner = labels.encode(observed.owner)
    for report in observed.reports:
        if labels.is_ours(report.labels) and report.labels[labels.HOST] == owner:
            found.setdefault(report.labels[labels.CONTAINER], []).append(report)
    return found


def _age(report: ContainerReport) -> tuple[str, str]:
    return report.created, report.engine_id


def _find(
    container: ContainerRecord,
    reports: Iterable[ContainerReport],
    ours: Mapping[str, Sequence[ContainerReport]],
) -> ContainerReport | None:
    """By our id in the labels, of copies the one we made; else by the engine's id: a name proves nothing."""
    if found := ours.get(container.id):
        made = (report for report in found if report.engine_id == container.engine_id)
        return next(made, min(found, key=_age))
    if not container.engine_id or container.engine == "container":  # Apple's id is the name
        return None
    return next((r for r in reports if r.engine_id == container.engine_id), None)


def _gone(
    container: ContainerRecord,
    report: ContainerReport | None,
    sessions: Sequence[SessionRecord],
    observed: Observed,
) -> str:
    """Why a container is certainly no more, "" where it is there or nobody can tell."""
    if report is not None or not observed.identity:
        return ""
    if _same_store(container, observed):
        return "vanished" if container.engine_id else "never made"
    # Another store: in the same place it took the old one's; elsewhere it is another daemon's.
    place, mark, _ = container.engine_identity.rpartition("#")
    same_place = bool(mark) and observed.identity.rpartition("#")[0] == place
    idle = all(session.id in observed.dead for session in sessions)
    return "engine reinstalled" if same_place and idle else ""


def _same_store(container: ContainerRecord, observed: Observed) -> bool:
    """docker's identity is an id, and the directory of its store: `DIRECTORY#ID` where that directory proves
    it, else `DIRECTORY@ID`; in old records the id alone.
    """
    if observed.identity == container.engine_identity:
        return True
    (was, old), (now, new) = map(_docker_store, (container.engine_identity, observed.identity))
    return container.engine == "docker" and old == new and (was == now or "" in (was, now))


def _docker_store(identity: str) -> tuple[str, str]:
    place, _, mark = identity.rpartition("#" if "#" in identity else "@")
    return place, mark


def _container(container: ContainerRecord, report: ContainerReport | None, why: str) -> Iterator[Finding]:
    name = container.name
    if why:
        yield Finding(name, changes.container_gone(container, why), True)
    if report is None:
        return
    if not container.engine_id:
        yield Finding(name, changes.container_created(container, report.engine_id), True)
    elif report.engine_id != container.engine_id:
        yield Finding(name, changes.container_replaced(container, report.engine_id), True)
    if report.name != container.name:
        yield Finding(name, changes.container_renamed(container, report.name), True)
    if report.state not in (container.state, "unknown"):
        yield Finding(name, changes.container_state(container, report.state, "observed"), True)


def _sessions(
    container: ContainerRecord,
    report: ContainerReport | None,
    sessions: Iterable[SessionRecord],
    observed: Observed,
    gone: bool,
) -> Iterator[Finding]:
    if report is not None and container.engine_id and report.engine_id != container.engine_id:
        gone = True  # with the container they ran in
    still = report is not None and report.state in ("stopped", "created")
    for session in sessions:
        how, code, structural = "", observed.exits.get(session.id), False
        dead = session.id in observed.dead  # a contenant that lives records the end itself
        if dead and code is not None:
            how = "detached-exit" if session.detached else "exited"
        elif dead and not session.detachable:
            how = "lost"
        elif gone or still:
            how, structural = ("container gone" if gone else "container stopped"), True
        elif dead and session.id in observed.traceless:
            how = "lost"
        if how:
            ended = changes.session_ended(session.id, container.project_id, how, code)
            yield Finding(container.name, ended, structural)
