"""`contenant history`: what is on record, newest first, as a stream. No engine is asked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contenant.app.ledger import Ledger, database_url
from contenant.app.project import identify
from contenant.errors import UsageError

if TYPE_CHECKING:
    from contenant.store.audit import EgressFilter, EgressRow, PolicyUse
    from contenant.store.reads import Reads
    from contenant.store.rows import HistoryRow
    from contenant.store.session_filter import SessionFilter


class HistoryQuery(NamedTuple):
    """Filters of every view of the history; empty means all."""

    path: Path | None = None
    since: str = ""  # ISO-8601 UTC
    until: str = ""
    kinds: tuple[str, ...] = ()  # "session", "container", "container.created", …
    limit: int = 0  # 0: no limit
    credential: str = ""  # fingerprint
    variant: str | None = None  # with `path`: only this one of its containers, "" the first


class SessionQuery(NamedTuple):
    """Filters of `history sessions` beyond those; empty means all."""

    image: str = ""  # reference, tag or the beginning of one, Claude Code version
    policy: str = ""  # beginning of a hash
    contacted: str = ""  # host name or address
    denied: str = ""
    allowed: str = ""  # host, may bear a port
    exit_code: int | None = None


def history(query: HistoryQuery) -> Iterator[HistoryRow]:
    """Rows as they are read: memory stays flat however long the history is."""
    with Ledger(database_url(os.environ)) as ledger:
        view = ledger.snapshot()
        if view is not None:
            yield from _history(view, query, None)


def sessions(query: HistoryQuery, more: SessionQuery) -> Iterator[HistoryRow]:
    """Sessions alone, by more filters. Raises UsageError for what is no host, NotFoundError for a policy."""
    with Ledger(database_url(os.environ)) as ledger:
        view = ledger.snapshot()
        if view is not None:
            yield from _history(view, query._replace(kinds=("session",)), _session_filter(view, more))


def egress(query: HistoryQuery, wanted: EgressFilter) -> Iterator[EgressRow]:
    """What the firewalls of all projects, or one, recorded, as far as it was taken over.

    `wanted` says which, but for project and time, which `query` says.
    """
    from contenant.store import audit

    with Ledger(database_url(os.environ)) as ledger:
        view = ledger.snapshot()
        _refuse_variant(query)
        if view is None:
            return
        ids = view.ids_at(_canonical(query))
        wanted = wanted._replace(project_ids=ids, since=query.since, until=query.until)
        yield from audit.egress(view, wanted, query.limit)


def policies(query: HistoryQuery, allowed: str) -> list[PolicyUse]:
    """Policies, newest first; with `allowed` those that let a host be reached. Raises UsageError."""
    from contenant.store import audit

    with Ledger(database_url(os.environ)) as ledger:
        view = ledger.snapshot()
        _refuse_variant(query)
        if view is None:
            return []
        found = audit.policies(view, view.ids_at(_canonical(query)), query.since, query.until)
        if allowed:
            from contenant.app.history_policies import opening

            opened = opening(view, allowed)
            found = [use for use in found if use.hash in opened]
    return found[: query.limit] if query.limit else found


def _canonical(query: HistoryQuery) -> str:
    return identify(query.path)[0] if query.path else ""


def _refuse_variant(query: HistoryQuery) -> None:
    if query.variant is not None:
        raise UsageError("this view is of all containers of a project", hint="leave out @ and what follows")


def _history(view: Reads, query: HistoryQuery, wanted: SessionFilter | None) -> Iterator[HistoryRow]:
    if query.path is not None and query.variant is not None:
        names = _called(view, query.path, query.variant)
        rows = _history(view, query._replace(variant=None, limit=0), wanted)
        return islice((row for row in rows if {row.container, row.subject} & names), query.limit or None)
    return view.history(
        path=_canonical(query),
        since=query.since,
        until=query.until,
        kinds=query.kinds,
        credential=query.credential,
        limit=query.limit,
        sessions=wanted,
    )


def _called(view: Reads, path: Path, variant: str) -> set[str]:
    """What one of a project's containers is or was called: somebody may have renamed it."""
    canonical, name = identify(path, variant)
    project = view.project_by_path(canonical)
    known = view.containers(gone=None, project_id=project.id) if project else ()
    return {name, *(container.name for container in known if container.variant == variant)}


def _session_filter(view: Reads, query: SessionQuery) -> SessionFilter:
    from contenant.store.session_filter import SessionFilter

    under = []
    if query.policy or query.allowed:
        from contenant.app.history_policies import beginning, opening

        under += [beginning(view, query.policy)] if query.policy else []
        under += [opening(view, query.allowed)] if query.allowed else []
    return SessionFilter(
        images=_images(view, query.image) if query.image else None,
        under=under,
        contacted=query.contacted,
        denied=query.denied,
        exit_code=query.exit_code,
    )


def _images(view: Reads, text: str) -> Sequence[str]:
    """The references that a text may mean; the text itself where none is known."""
    from contenant.store.lookups import references

    found = set()
    for reference, version in references(view):
        tag = reference.rpartition(":")[2]
        if text in (reference, version, tag.partition("-")[0]) or tag.startswith(text):
            found.add(reference)
    return sorted(found) or [text]
