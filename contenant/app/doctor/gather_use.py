"""Facts of contenant's own: the records, the credential, the image that is current. Nothing is written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import NamedTuple

from contenant import host
from contenant.app.doctor.clock import Deadline
from contenant.app.doctor.facts import CredentialFacts, DatabaseFacts
from contenant.app.engines import RUNTIME_KEY
from contenant.core.records import EventRecord
from contenant.core.values import EngineName
from contenant.errors import ConfigError, StateError
from contenant.store import revision
from contenant.store.database import Database
from contenant.store.file import File
from contenant.store.location import Location, backups, locate
from contenant.store.reads import Reads
from contenant.store.trouble import corrupt
from contenant.store.verify import verify

WAIT = 3.0  # seconds for another contenant's lock


class Records(NamedTuple):
    """What the records say."""

    known: bool = False  # there are records, of our schema, and they could be read
    engines: frozenset[EngineName] = frozenset()  # that have containers
    names: frozenset[str] = frozenset()  # of containers that are not gone
    # Image reference by project and container (its first: ""), of those that are not gone.
    projects: Mapping[tuple[str, str], str] = {}
    modes: Mapping[str, str] = {}  # firewall mode by container
    runtime: str | None = None  # the OCI runtime that was found to work for podman


def records(url: str) -> Records:
    """Read them; empty where there are none yet, or of another schema. Raises StateError, ConfigError."""
    with _open(locate(url)) as opened:
        if opened is None or opened.revision() != revision.HEAD:
            return Records()
        reads = Reads(opened, host.installation_id())
        rows = reads.listing()
        return Records(
            known=True,
            engines=frozenset(row.engine for row in rows),
            names=frozenset(row.name for row in rows),
            projects={(row.project, row.variant): row.image for row in rows},
            modes={row.name: row.firewall for row in rows},
            runtime=reads.setting("podman", RUNTIME_KEY),
        )


@contextmanager
def _open(location: Location) -> Iterator[Database | None]:
    """The database as it is, not migrated; None where there is none yet. Raises StateError."""
    if location.path is None:
        from contenant.store.server import open_server  # loads SQLAlchemy

        with closing(open_server(location, WAIT)) as server:
            yield server
        return
    if not location.path.exists():
        yield None
        return
    with closing(File.open(location, location.path, WAIT)) as file:
        yield file


def database(url: str, deadline: Deadline) -> DatabaseFacts:
    """Whether it opens for writing, is whole, has our schema, and its audit chain holds."""
    try:
        location = locate(url)
    except ConfigError as error:
        return DatabaseFacts("", trouble=error.message, hint=error.hint)
    facts = DatabaseFacts(location.shown, server=location.path is None, head=revision.HEAD)
    if location.path is not None and (saved := backups(location.path)):
        facts = facts._replace(backups=len(saved), newest_backup=saved[0].name)
    try:
        with _open(location) as opened:
            if opened is None:
                return facts
            facts = facts._replace(there=True)
            if location.path is not None and (damage := _damage(opened)):
                told = corrupt(location, damage)
                return facts._replace(trouble=told.message, hint=told.hint)
            found = opened.revision()
            facts = facts._replace(checked=True, schema=found or "none")
            if found != revision.HEAD:
                return facts._replace(newer=found is not None and found not in revision.REVISIONS)
            return _walked(facts, Reads(opened, host.installation_id()), deadline)
    except StateError as error:
        return facts._replace(trouble=error.message, hint=error.hint)


def _damage(opened: Database) -> str:
    found = [str(row[0]) for row in opened.rows("PRAGMA integrity_check(3)", {})]
    return "" if found == ["ok"] else "; ".join(found)


class _Watched:
    """Events, as long as there is time."""

    def __init__(self, events: Iterator[EventRecord], deadline: Deadline) -> None:
        self._events = events
        self._deadline = deadline
        self.whole = False

    def __iter__(self) -> Iterator[EventRecord]:
        for count, event in enumerate(self._events):
            if count % 256 == 0 and not self._deadline.left():
                return
            yield event
        self.whole = True


def _walked(facts: DatabaseFacts, reads: Reads, deadline: Deadline) -> DatabaseFacts:
    watched = _Watched(reads.events(), deadline)
    proof = verify(watched)
    return facts._replace(events=proof.length, fault=proof.fault, verified=watched.whole)


def credentials(env: Mapping[str, str | None]) -> tuple[CredentialFacts, ...]:
    """Every source that has one or is in trouble, in the order in which a session would look.

    `env` is the configured [env]; None: taken from ours. A keychain may ask the user, and so take its time.
    """
    from contenant.credentials.sources import Finding, survey, this_host
    from contenant.credentials.values import warning

    given = {name: os.environ.get(name, "") if value is None else value for name, value in env.items()}
    now = host.now()

    def facts(finding: Finding) -> CredentialFacts:
        found = finding.found
        if found is None:
            return CredentialFacts(finding.source, finding.source, trouble=finding.trouble)
        soon = bool(warning(found, now))
        return CredentialFacts(
            finding.source, found.where, found.kind, found.expires, finding.expired, soon, finding.trouble
        )

    findings = survey(this_host(os.environ), given, now)
    return tuple(facts(finding) for finding in findings if finding.found is not None or finding.trouble)
