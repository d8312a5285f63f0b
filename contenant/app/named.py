"""SESSION or PATH on the command line -> one session on record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from contenant.app.ledger import Ledger
from contenant.app.project import identify, target
from contenant.app.select import meant
from contenant.core.names import is_session_start
from contenant.core.records import ContainerRecord, SessionRecord
from contenant.errors import NotFoundError, UsageError
from contenant.store.lookups import sessions_beginning

if TYPE_CHECKING:
    from contenant.store.reads import Reads


class Named(NamedTuple):
    """A session, its container and the path of its project."""

    session: SessionRecord
    container: ContainerRecord
    project: str


class Wanted(NamedTuple):
    """Which sessions a command is about."""

    fits: Callable[[SessionRecord], bool]
    what: str  # "a session with a terminal"
    ended: bool = False  # whether one that is over will do, where none lives


def find(ledger: Ledger, word: str, wanted: Wanted, name: str | None = None) -> Named:
    """The session whose id begins with `word`, else the newest fitting one of the project at that path.

    `name`, or `PATH@NAME`: of that one of the project's containers only. Raises NotFoundError, also where
    more than one begins so, and UsageError for an id and a name.
    """
    view = ledger.snapshot()
    if view is None:
        raise _none(wanted, identify(target(Path(word), name).path)[0])
    named = _by_id(view, word) if is_session_start(word) else None
    if named is None:
        return _described(view, _newest(view, word, wanted, name))
    if name is not None:
        raise UsageError(f"{word} names a session, --name a container", hint="give one of them")
    if not wanted.fits(named) or (named.ended and not wanted.ended):
        raise NotFoundError(
            f"session {named.id} is not {wanted.what}" + (": it has ended" if named.ended else ""),
            hint="`contenant history --kind session` shows what became of it; `contenant logs` what it said",
        )
    return _described(view, named)


def again(ledger: Ledger, named: Named) -> Named:
    """The same session as it is on record now."""
    view = ledger.snapshot()
    found = view.session(named.session.id) if view else None
    return named._replace(session=found) if found else named


def _by_id(view: Reads, word: str) -> SessionRecord | None:
    found = sessions_beginning(view, word)
    if len(found) > 1:
        raise NotFoundError(
            f"several sessions begin with {word}: {', '.join(found)}, …", hint="give more of the id"
        )
    return view.session(found[0]) if found else None


def _newest(view: Reads, word: str, wanted: Wanted, name: str | None) -> SessionRecord:
    where = target(Path(word), name)
    path = identify(where.path)[0]
    project = view.project_by_path(path)
    ids = {each.id for each in meant(view.containers(), where, project.id if project else "")}
    live = [each for each in view.live_sessions() if each.container_id in ids and wanted.fits(each)]
    if not live and wanted.ended:
        over = (each for own in ids for each in view.sessions(container_id=own))
        live = [each for each in over if each.detached and wanted.fits(each)]
    if not live:
        raise _none(wanted, path, where.variant or "")
    return max(live, key=lambda each: (each.started, each.id))


def _described(view: Reads, session: SessionRecord) -> Named:
    container = view.container(session.container_id)
    project = view.project(container.project_id) if container else None
    if container is None or project is None:
        raise NotFoundError(f"the container of session {session.id} is not on record")
    return Named(session, container, project.path)


def _none(wanted: Wanted, path: str, variant: str = "") -> NotFoundError:
    where = f"container {variant} of {path}" if variant else path
    return NotFoundError(
        f"{wanted.what} is not to be found in {where}",
        hint="`contenant run -d` begins one; `contenant list` shows where sessions live",
    )
