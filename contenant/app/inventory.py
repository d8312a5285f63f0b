"""`contenant list`: every container of ours, as it is now."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from contenant import config
from contenant.app import ahead, engines
from contenant.app.behind import is_behind, wanted_image
from contenant.app.current import kept_image
from contenant.app.ledger import Ledger
from contenant.app.project import is_there
from contenant.app.sync import note_whereabouts, settle
from contenant.core import labels
from contenant.core.reconcile import Whereabouts
from contenant.core.records import ContainerRecord
from contenant.core.values import ContainerReport, EngineName
from contenant.core.versions import tagged_version
from contenant.engines.base import Engine, Listing
from contenant.errors import EngineUnavailableError

if TYPE_CHECKING:
    from contenant.app.results import Ui
    from contenant.store.reads import Reads
    from contenant.store.rows import ListingRow


class Row(NamedTuple):
    """One line of `contenant list`."""

    name: str
    project: str  # canonical path
    state: str  # created, running, stopped, paused, unknown
    last_used: str  # ISO-8601 UTC
    sessions_live: int
    sessions_total: int
    image: str  # reference
    claude: str  # Claude Code version in the image
    outdated: bool  # a newer image would be used by --recreate
    engine: EngineName
    firewall: str  # block, audit, off
    created: str
    project_exists: bool
    activity: str = ""  # of its live sessions the most urgent: waiting, working, idle; "" where not known
    activity_since: str = ""  # ISO-8601 UTC
    variant: str = ""  # which of the project's containers, "" for its first


class Inventory(NamedTuple):
    """Rows in the asked order, and which engines gave no answer (engine -> why)."""

    rows: tuple[Row, ...]
    unreachable: Mapping[str, str]
    elsewhere: tuple[str, ...] = ()  # names of those that are not in the store that answered


class Survey(NamedTuple):
    """What every engine of interest says, with the records brought up to date."""

    reports: dict[EngineName, tuple[ContainerReport, ...]]
    connected: dict[EngineName, Engine]
    unreachable: dict[str, EngineUnavailableError]


def inventory(ui: "Ui", engine: EngineName | None = None) -> Inventory:
    """All containers that are not gone, by name; those of an engine that gave no answer are `unknown`."""
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        survey = look_around(ledger, settings.engine, engine)
        view = ledger.snapshot()
        found = view.listing() if view else ()
        current = kept_image(settings)
        # Not among the reports and not gone: it is in another store than the one that answered.
        there = {r.labels.get(labels.CONTAINER) for reports in survey.reports.values() for r in reports}
        asked = [item for item in found if engine in (None, item.engine)]
        rows = [_row(i, i.id in there, wanted_image(ledger, i.project, current)) for i in asked]
        if view and any(row.sessions_live for row in rows):
            rows = _with_activity(view, rows)
        seen = zip(asked, rows, strict=True)
        note_whereabouts(
            ledger, (Whereabouts(i.project_id, i.project, i.place, r.project_exists) for i, r in seen)
        )
    silent = {name: error.advice for name, error in survey.unreachable.items()}
    lost = [item.name for item in asked if item.id not in there and item.engine not in silent]
    return Inventory(tuple(sorted(rows, key=lambda row: row.name)), silent, tuple(lost))


def refuse_silence(survey: Survey, wanted: Iterable[ContainerRecord]) -> None:
    """Raise EngineUnavailableError where there is nothing that can be said or done: no engine answered, or
    none of those that the wanted containers are on.
    """
    silent = [survey.unreachable.get(container.engine) for container in wanted]
    if silent and all(silent):
        raise next(error for error in silent if error)
    if survey.unreachable and not survey.reports:
        raise next(iter(survey.unreachable.values()))


def look_around(ledger: Ledger, setting: EngineName | None = None, only: EngineName | None = None) -> Survey:
    """Ask every engine that has containers of ours, and the one a new container would use; reconcile each.

    `setting` is the configured engine, `only` the one that was asked for. Raises EngineUnavailableError only
    where no engine is known at all.
    """
    survey = Survey({}, {}, {})
    pending: list[tuple[Engine, Listing]] = []
    asked = _ask_first(only, setting)
    for name in _of_interest(ledger, setting, only):
        try:
            engine = engines.connect(ledger, name)
            pending.append((engine, asked.get(name) or engine.containers()))
        except EngineUnavailableError as error:
            survey.unreachable[name] = error
    for engine, listing in pending:
        try:
            survey.reports[engine.name] = settle(engine, listing, ledger).reports
            survey.connected[engine.name] = engine
        except EngineUnavailableError as error:
            survey.unreachable[engine.name] = error
    return survey


def look_and_insist(ledger: Ledger, setting: EngineName | None) -> Survey:
    """`look_around`, for what cannot be done without an engine. Raises EngineUnavailableError."""
    survey = look_around(ledger, setting)
    refuse_silence(survey, ())
    return survey


def _ask_first(only: EngineName | None, setting: EngineName | None) -> dict[EngineName, Listing]:
    """The engine that is looked at in any case answers while the database is opened."""
    try:
        name = only or engines.default_engine(setting)
        return {name: ahead.take(name) or engines.ask(name)}
    except EngineUnavailableError:
        return {}


def _of_interest(ledger: Ledger, setting: EngineName | None, only: EngineName | None) -> list[EngineName]:
    if only is not None:
        return [only]
    view = ledger.snapshot()
    used = {container.engine for container in view.containers()} if view else set()
    return engines.of_interest(used, setting)


def _with_activity(view: "Reads", rows: list[Row]) -> list[Row]:
    from contenant.app import activity  # few containers have a session that lives

    urgent = activity.by_container(view)
    return [
        row._replace(activity=found.word, activity_since=found.since)
        if (found := urgent.get(row.name))
        else row
        for row in rows
    ]


def _row(item: "ListingRow", known: bool, wanted: str) -> Row:
    return Row(
        name=item.name,
        project=item.project,
        state=item.state if known else "unknown",
        last_used=item.last_used,
        sessions_live=item.sessions_live,
        sessions_total=item.sessions_total,
        image=item.image,
        claude=item.claude or tagged_version(item.image),
        outdated=is_behind(item.image, wanted),
        engine=item.engine,
        firewall=item.firewall,
        created=item.created,
        project_exists=is_there(item.project),
        variant=item.variant,
    )
