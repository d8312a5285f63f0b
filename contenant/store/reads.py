"""Every read, as plain SQL that SQLite and PostgreSQL both speak, over any database that can run it.

`Snapshot` and `Store` are these reads over a file opened for reading, or for writing too. Only rows of one
host are seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from contenant.core import records
from contenant.core.labels import encode
from contenant.core.records import ContainerRecord, EventRecord, ImageRecord, ProjectRecord, SessionRecord
from contenant.store import egress, usage
from contenant.store.database import Database, Rows
from contenant.store.encoding import from_column, to_column
from contenant.store.rows import LISTING, ListingRow

if TYPE_CHECKING:
    from contenant.core.records import EgressRecord, SessionSpan
    from contenant.store.rows import HistoryRow, PolicyRow, UsageRow
    from contenant.store.session_filter import SessionFilter


def _select(record: type[tuple[Any, ...]], table: str) -> str:
    """Columns bear the names of the record's fields."""
    fields: tuple[str, ...] = record._fields  # type: ignore[attr-defined]  # a NamedTuple has it
    return f"SELECT {', '.join(fields)} FROM {table} WHERE host = :host"  # noqa: S608 - constants only


_PROJECTS = _select(ProjectRecord, "project")
_CONTAINERS = _select(ContainerRecord, "container")
_SESSIONS = _select(SessionRecord, "session")
_IMAGES = _select(ImageRecord, "image")
_EVENTS = _select(EventRecord, "event")
_ENDED = {None: "", True: " AND ended = ''", False: " AND ended <> ''"}
_GONE = {None: "", False: " AND gone = ''", True: " AND gone <> ''"}
_SETTING = "SELECT value FROM setting WHERE host = :host AND engine = :engine AND key = :key"
_TRUST = "SELECT sha256 FROM trust WHERE host = :host AND path = :path"
_CONFIG = (
    "SELECT data FROM event WHERE host = :host AND topic = 'config' AND kind = 'config.changed'"
    " AND subject = :subject ORDER BY at DESC, seq DESC LIMIT 1"
)
_CREDENTIAL = "SELECT source, kind, expires FROM credential WHERE host = :host AND fingerprint = :fingerprint"
_RULES = (
    f"SELECT {', '.join(f'r.{field}' for field in records.RuleRecord._fields)} FROM rule r"  # noqa: S608 - constants only
    " JOIN project p ON p.id = r.project_id"
    " WHERE r.host = :host AND r.removed = '' AND p.host = :host AND p.forgotten = ''"
)
_PATHS = (
    "SELECT path FROM project WHERE host = :host AND forgotten = '' AND substr(path, 1, :size) = :prefix"
    ' ORDER BY path COLLATE "binary"'
)
_PAGE = 1000


class Reads:
    """Reads of one host's rows. Each is complete in itself: none leaves a transaction open."""

    def __init__(self, database: Database, host_id: str) -> None:
        self._database = database
        self.host_id = host_id

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def projects(self, *, forgotten: bool = False) -> list[ProjectRecord]:
        """Projects, by path; with `forgotten`, those that were forgotten instead."""
        condition = " AND forgotten <> ''" if forgotten else " AND forgotten = ''"
        return [
            _project(row) for row in self._read(_PROJECTS + condition + ' ORDER BY path COLLATE "binary", id')
        ]

    def project_by_path(self, path: str) -> ProjectRecord | None:
        """The project at a canonical path, unless there is none or it was forgotten."""
        rows = self._read(_PROJECTS + " AND path = :path AND forgotten = ''", path=to_column(path))
        return _project(rows[0]) if rows else None

    def project(self, project_id: str) -> ProjectRecord | None:
        """A project by id, forgotten or not."""
        rows = self._read(_PROJECTS + " AND id = :id", id=project_id)
        return _project(rows[0]) if rows else None

    def project_paths(self, prefix: str = "") -> list[str]:
        """Paths that start with `prefix`, in order: for completion."""
        start = to_column(prefix)
        return [from_column(row[0]) for row in self._read(_PATHS, prefix=start, size=len(start))]

    def containers(self, *, gone: bool | None = False, project_id: str = "") -> list[ContainerRecord]:
        """Containers, oldest first: those not gone; with `gone`, those gone; with None, all."""
        sql = _CONTAINERS + _GONE[gone] + (" AND project_id = :project" if project_id else "")
        rows = self._read(sql + " ORDER BY created, id", **({"project": project_id} if project_id else {}))
        return [ContainerRecord(*row) for row in rows]

    def container(self, container_id: str) -> ContainerRecord | None:
        """A container by our id, gone or not."""
        rows = self._read(_CONTAINERS + " AND id = :id", id=container_id)
        return ContainerRecord(*rows[0]) if rows else None

    def live_sessions(self) -> list[SessionRecord]:
        """Sessions whose end is not on record, oldest first."""
        return self.sessions(live=True)

    def sessions(
        self, *, live: bool | None = None, container_id: str = "", project_id: str = ""
    ) -> list[SessionRecord]:
        """Sessions, oldest first; `live` True: not ended, False: ended, None: all."""
        values = {key: value for key, value in (("cid", container_id), ("pid", project_id)) if value}
        sql = _SESSIONS + _ENDED[live] + (" AND container_id = :cid" if container_id else "")
        sql += " AND project_id = :pid" if project_id else ""
        # Joined with "", so that the index of the few live ones is taken rather than the order of all.
        sql += " ORDER BY (started || ''), id" if live else " ORDER BY started, id"
        return [_session(row) for row in self._read(sql, **values)]

    def session(self, session_id: str) -> SessionRecord | None:
        """A session by id."""
        rows = self._read(_SESSIONS + " AND id = :id", id=session_id)
        return _session(rows[0]) if rows else None

    def images(self) -> list[ImageRecord]:
        """Images that were built and not removed, newest first."""
        rows = self._read(_IMAGES + " AND removed = '' ORDER BY built DESC, id DESC")
        return [ImageRecord(*row) for row in rows]

    def policy(self, policy_hash: str) -> PolicyRow | None:
        """A policy by its hash."""
        return next(iter(self._policies(" AND hash = :hash", hash=policy_hash)), None)

    def policies(self, beginning: str) -> list[PolicyRow]:
        """The policies whose hash begins so, two at most, oldest first."""
        condition = " AND substr(hash, 1, :size) = :beginning ORDER BY created, hash LIMIT 2"
        return self._policies(condition, beginning=beginning, size=len(beginning))

    def _policies(self, condition: str, **values: Any) -> list[PolicyRow]:
        from contenant.store.rows import PolicyRow  # no list reads any

        sql = _select(PolicyRow, "policy") + condition
        return [PolicyRow(*row) for row in self._read(sql, **values)]

    def rules(self, path: str) -> list[records.RuleRecord]:
        """The rules that count for the project at a canonical path, oldest first."""
        rows = self._read(_RULES + " AND p.path = :path ORDER BY r.added, r.id", path=to_column(path))
        return [records.RuleRecord(*row) for row in rows]

    def ended_rules(self, now: str) -> list[records.RuleRecord]:
        """Rules of all projects that have ended by themselves by the moment `now` and still count."""
        rows = self._read(_RULES + " AND r.until <> '' AND r.until <= :now ORDER BY r.until, r.id", now=now)
        return [records.RuleRecord(*row) for row in rows]

    def egress_cursor(self, container_id: str) -> str:
        """The cursor up to which a container's firewall record was taken over, "" for not at all."""
        rows = self._read(egress.CURSOR, id=container_id)
        return str(rows[0][0]) if rows else ""

    def egress_rows(self, container_id: str) -> int:
        """How many decisions of a container's firewall are on record, equal ones counted once."""
        return int(self._read(egress.ROWS, id=container_id)[0][0])

    def spans(self, container_id: str, since: str) -> list[SessionSpan]:
        """When the sessions of a container lived that live, or ended at the moment `since` or later."""
        return [records.SessionSpan(*row) for row in self._read(egress.SPANS, id=container_id, since=since)]

    def refused_in(self, session_id: str) -> list[EgressRecord]:
        """What the firewall refused a session, or would have, in the order of its first attempt."""
        return [records.EgressRecord(*row) for row in self._read(egress.of_session(), session=session_id)]

    def egress(
        self,
        project_id: str,
        *,
        refused: bool = False,
        since: str = "",
        destination: str = "",
        limit: int = 0,
    ) -> list[EgressRecord]:
        """What the firewalls of a project's containers recorded, newest first; `limit` 0: all."""
        sql = egress.log(refused=refused, destination=bool(destination), limit=bool(limit))
        values = {"project": project_id, "since": since, "destination": destination, "limit": limit}
        return [records.EgressRecord(*row) for row in self._read(sql, **values)]

    def names_used(self, since: str, project_id: str = "") -> list[tuple[str, int]]:
        """Host names and ports that were connected to since then, in one project or on this host."""
        sql = egress.used(of_project=bool(project_id))
        return [(row[0], row[1]) for row in self._read(sql, since=since, project=project_id)]

    def transcripts(self, home: str) -> dict[str, tuple[int, int]]:
        """How far each transcript in a home was read: path -> inode and position."""
        return {row[0]: (row[1], row[2]) for row in self._read(usage.TRANSCRIPTS, home=home)}

    def lived(self, home: str, project_id: str, since: str) -> Rows:
        """Sessions of a project's containers of that name that did not end before the moment `since`, oldest
        first: id, image, started, ended and kind."""
        return self._read(usage.LIVED, home=home, project=project_id, since=since)

    def usage(
        self, by: usage.By, *, since: str = "", until: str = "", project_id: str = "", long_prompt: int = 0
    ) -> list[UsageRow]:
        """Sums over a time, by group and model; a prompt above `long_prompt` tokens is a long one."""
        values = {"since": since, "until": until or "9999", "project": project_id, "long": long_prompt}
        from contenant.store.rows import UsageRow  # no list reads any

        rows = self._read(usage.totals(by, of_project=bool(project_id)), **values)
        if by == "project":
            rows = [(from_column(row[0]), *row[1:]) for row in rows]
        return [UsageRow(row[0], row[1], bool(row[2]), row[3], tuple(row[4:])) for row in rows]

    def setting(self, engine: str, key: str) -> str | None:
        """A remembered fact about an engine."""
        rows = self._read(_SETTING, engine=engine, key=key)
        return str(rows[0][0]) if rows else None

    def trusted_hash(self, path: str) -> str:
        """SHA-256 of the bytes a project's configuration file is trusted with, "" where it is not."""
        rows = self._read(_TRUST, path=to_column(path))
        return str(rows[0][0]) if rows else ""

    def config_hash(self, path: str) -> str:
        """SHA-256 that a file of settings had when it was last put on record, "" for none."""
        rows = self._read(_CONFIG, subject=encode(path))
        return str(json.loads(rows[0][0])["sha256"]) if rows else ""

    def credential_source(self, fingerprint: str) -> tuple[str, str, str] | None:
        """Source, kind and end of a credential that a session was given; None where none ever was."""
        rows = self._read(_CREDENTIAL, fingerprint=fingerprint)
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else None

    def listing(self) -> list[ListingRow]:
        """What a list of containers says, by name."""
        built, latest = _images_by_reference(self._read(_IMAGES + " ORDER BY built, id"))
        return [_listed(row, built, latest) for row in self._read(LISTING)]

    def history(
        self,
        *,
        path: str = "",
        since: str = "",
        until: str = "",
        kinds: Sequence[str] = (),
        credential: str = "",
        limit: int = 0,
        sessions: SessionFilter | None = None,
    ) -> Iterator[HistoryRow]:
        """Sessions and what happened to everything else, newest first, read as they are asked for.

        `path`: of a project, forgotten ones included; `since` (inclusive) and `until` (exclusive): moments;
        `kinds`: "session", topics such as "container", kinds such as "container.created"; `credential`: a
        fingerprint, whose own events and sessions are wanted; `sessions`: which of them; `limit` 0: all.
        """
        from contenant.store import history  # a list reads none of it

        wanted = history.Filter(self.ids_at(path), since, until, kinds, credential, sessions)
        return history.read(self._database.rows, self.host_id, wanted, limit)

    def ids_at(self, path: str) -> list[str] | None:
        """The projects that are or were at a canonical path, forgotten ones included; None for ""."""
        rows = self._read(_PROJECTS + " AND path = :path", path=to_column(path)) if path else ()
        return [row[0] for row in rows] if path else None

    def ask(self, sql: str, **values: Any) -> Rows:
        """All rows of one portable statement, for the other readers of this package; `:host` is this host."""
        return self._read(sql, **values)

    def events(self, after: int = 0) -> Iterator[EventRecord]:
        """The audit log in order, from the event that follows number `after`; memory stays flat."""
        while rows := self._read(
            _EVENTS + " AND seq > :after ORDER BY seq LIMIT :size", after=after, size=_PAGE
        ):
            yield from (EventRecord(*row) for row in rows)
            after = rows[-1][0]

    def last_event(self) -> int:
        """The number of the last event, 0 where there is none."""
        return int(self._read("SELECT coalesce(max(seq), 0) FROM event WHERE host = :host")[0][0])

    def _read(self, sql: str, **values: Any) -> Rows:
        return self._database.rows(sql, {"host": self.host_id, **values})


def _project(row: Sequence[Any]) -> ProjectRecord:
    project = ProjectRecord(*row)
    return project._replace(path=from_column(project.path))


def _session(row: Sequence[Any]) -> SessionRecord:
    session = SessionRecord(*row)
    argv: list[str] = json.loads(session.argv)  # type: ignore[arg-type]  # text in the column
    return session._replace(argv=tuple(argv), tty=bool(session.tty), detachable=bool(session.detachable))


def _images_by_reference(rows: Sequence[Sequence[Any]]) -> tuple[dict[str, ImageRecord], dict[str, str]]:
    """The last build of each reference, and of each name without its tag the last recipe."""
    images = [ImageRecord(*row) for row in rows]
    latest = {image.reference.rpartition(":")[0]: image.recipe for image in images}
    return {image.reference: image for image in images}, latest


def _listed(row: Sequence[Any], built: Mapping[str, ImageRecord], latest: Mapping[str, str]) -> ListingRow:
    container_id, name, project_id, path, variant, engine, state = row[:7]
    created, used, live, total, reference, policy, mode, place = row[7:]
    image = built.get(reference)
    return ListingRow(
        id=container_id,
        name=name,
        project_id=project_id,
        project=from_column(path),
        variant=variant,
        engine=engine,
        state=state,
        created=created,
        last_used=used,
        sessions_live=live,
        sessions_total=total,
        image=reference,
        claude=image.claude_version if image else "",
        recipe=image.recipe if image else "",
        latest_recipe=latest.get(reference.rpartition(":")[0], ""),
        policy=policy,
        firewall=mode,
        place=place,
    )
