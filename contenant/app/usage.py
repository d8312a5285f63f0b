"""What the agent used: read from its transcripts into the records, and added up."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from contenant import config
from contenant.app import prices
from contenant.app.homes import owners
from contenant.app.ledger import Ledger
from contenant.app.project import identify
from contenant.app.results import Ui
from contenant.core import changes
from contenant.core.records import ContainerRecord, UsageRecord
from contenant.core.usage import (
    COUNTS,
    Lived,
    Price,
    Prices,
    attribute,
    candidates,
    charge,
    cost,
    parse_line,
    price_of,
    unique,
)
from contenant.errors import ContenantError, NotFoundError
from contenant.home import transcripts
from contenant.home.transcripts import Transcript
from contenant.paths import home_dir
from contenant.store.encoding import to_column
from contenant.store.lookups import writers_of
from contenant.store.rows import UsageRow
from contenant.store.usage import By

AT_END = 64 * 1024**2  # bytes that are read when a session ends; the rest waits for the next time
ON_DEMAND = 4 * 1024**3


class UsageQuery(NamedTuple):
    """Filters of `contenant usage`; empty means all."""

    by: By
    path: Path | None = None
    since: str = ""  # ISO-8601 UTC
    until: str = ""


class Usage(NamedTuple):
    """What a group used."""

    by: By
    key: str
    answers: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cost_estimate: float | None  # US dollars; None where no model of the group has a price
    answers_without_price: int


class Report(NamedTuple):
    """The groups, and what the estimates are made of."""

    rows: list[Usage]
    prices: Prices
    without_price: tuple[str, ...]  # models


class Home(NamedTuple):
    """A home whose transcripts are read, and the project it belongs to."""

    name: str
    project_id: str


def usage(query: UsageQuery, ui: Ui) -> Report:
    """Read what is new in every home, then add up. Raises ConfigError, NotFoundError, StateError."""
    settings = config.load(None, os.environ, {})
    listed = prices.load(settings.usage_prices)
    with Ledger(settings.database_url) as ledger:
        view = ledger.snapshot()
        if view is None:
            return Report([], listed, ())
        project_id = _project(ledger, query.path)
        for home in _homes(ledger, project_id):
            try:
                collect(ledger, home, listed, ON_DEMAND)
            except OSError as error:
                ui.warn(f"the transcripts of {home.name} cannot be read: {error.strerror or error}")
        view = ledger.snapshot()
        assert view is not None
        rows = view.usage(
            query.by,
            since=query.since,
            until=query.until,
            project_id=project_id,
            long_prompt=listed.long_prompt,
        )
    unknown = sorted({row.model for row in rows if _price(row, listed) is None})
    return Report(_groups(query.by, rows, listed), listed, tuple(unknown))


def at_end(ledger: Ledger, container: ContainerRecord, ui: Ui) -> None:
    """A session of the container ended: read what it added. A failure is told and harms nothing."""
    try:
        settings = config.load(None, os.environ, {})
        collect_container(ledger, container, prices.load(settings.usage_prices))
    except (OSError, ContenantError) as error:
        ui.warn(f"what this session used is not on record yet: {error}")


def collect_container(ledger: Ledger, container: ContainerRecord, listed: Prices) -> int:
    """Read what is new in a container's home; how many answers that were."""
    return collect(ledger, Home(container.name, container.project_id), listed, AT_END)


def collect(ledger: Ledger, home: Home, listed: Prices, limit: int) -> int:
    """Read what is new in a home, `limit` bytes at most, and record it; how many answers that were.

    Where nothing changed, nothing is opened but the directories. Raises OSError, StateError.
    """
    found = transcripts.find(home_dir(home.name))
    view = ledger.snapshot()
    if not found or view is None:
        return 0
    known = view.transcripts(home.name)
    answers = 0
    for transcript in found:
        was = known.get(to_column(transcript.path))
        if was == (transcript.inode, transcript.size):
            continue
        for records, read in _collect(ledger, home, transcript, was, listed, limit):
            answers, limit = answers + records, limit - read
        if limit <= 0:
            break
    return answers


def _collect(
    ledger: Ledger,
    home: Home,
    transcript: Transcript,
    was: tuple[int, int] | None,
    listed: Prices,
    limit: int,
) -> Iterator[tuple[int, int]]:
    """Record one transcript piece by piece: answers and bytes of each."""
    same = was is not None and was[0] == transcript.inode and was[1] <= transcript.size
    start = was[1] if was is not None and same else 0
    for piece in transcripts.read(home_dir(home.name), transcript, start, limit):
        records = unique(record for line in piece.lines if (record := parse_line(line)))
        known = [_priced(record, listed) for record in _attributed(ledger, home, records)]
        step: dict[str, Any] = {"path": to_column(transcript.path), "inode": transcript.inode}
        step |= {"was": was[0] if was else None, "since": was[1] if was else None}
        done = changes.usage_collected(home.name, home.project_id, step | {"position": piece.position}, known)
        ledger.store().apply([done])
        yield len(known), piece.position - start
        was, start = (transcript.inode, piece.position), piece.position


def _attributed(ledger: Ledger, home: Home, records: list[UsageRecord]) -> Iterable[UsageRecord]:
    if not records:
        return []
    rows = ledger.store().lived(home.name, home.project_id, min(record.at for record in records))
    lived = [Lived(row[0], row[1], row[2], row[3], row[4] == "agent") for row in rows]
    return _one_by_one(ledger, home, records, lived)


def _one_by_one(
    ledger: Ledger, home: Home, records: list[UsageRecord], lived: list[Lived]
) -> Iterator[UsageRecord]:
    """In the order of their moments: what came before tells whose conversation it is. That is asked for only
    where several agents ran at once.
    """
    writers: dict[str, set[str]] = {}
    for record in sorted(records, key=lambda record: record.at):
        known = writers.get(record.conversation, set())
        if record.conversation and record.conversation not in writers and len(candidates(record, lived)) > 1:
            known = writers_of(ledger.store(), home.project_id, record.conversation)
        found = attribute(record, lived, known)
        if record.conversation:
            writers[record.conversation] = known | ({found.session_id} - {""})
        yield found


def _priced(record: UsageRecord, listed: Prices) -> UsageRecord:
    return record._replace(cost=cost(record, listed))


def _project(ledger: Ledger, path: Path | None) -> str:
    """The id of the project at a path, "" for all."""
    if path is None:
        return ""
    canonical = identify(path)[0]
    record = ledger.project(canonical)
    if record is None:
        raise NotFoundError(
            f"nothing is on record about {canonical!r}",
            hint="`contenant usage --by project` names the projects",
        )
    return record.id


def _homes(ledger: Ledger, project_id: str) -> list[Home]:
    """The homes there are whose project is known, all or one project's."""
    known = sorted(owners(ledger).items())
    return [Home(name, owner) for name, owner in known if project_id in ("", owner)]


def _groups(by: By, rows: Iterable[UsageRow], listed: Prices) -> list[Usage]:
    """One for each key, the models in it added up."""
    groups: dict[str, Usage] = {}
    for row in rows:
        key = _day(row.key) if by == "day" else row.key
        before = groups.get(key, Usage(by, key, 0, 0, 0, 0, 0, 0, None, 0))
        groups[key] = _added(before, row, _price(row, listed))
    return sorted(groups.values(), key=lambda group: group.key)


def _added(group: Usage, row: UsageRow, price: Price | None) -> Usage:
    total, missing = group.cost_estimate, group.answers_without_price
    if price is None:
        missing += row.answers
    else:  # the sums stand in the order of the prices
        total = (total or 0.0) + charge(price, row.tokens)
    counts = {name: getattr(group, name) + more for name, more in zip(COUNTS, row.tokens, strict=True)}
    answers = group.answers + row.answers
    return group._replace(answers=answers, cost_estimate=total, answers_without_price=missing, **counts)


def _price(row: UsageRow, listed: Prices) -> Price | None:
    return price_of(row.model, listed.long_prompt + 1 if row.long else 0, listed)


def _day(minute: str) -> str:
    """The local day of a minute in UTC."""
    moment = datetime.fromisoformat(f"{minute}:00+00:00")
    return time.strftime("%Y-%m-%d", time.localtime(moment.timestamp()))
