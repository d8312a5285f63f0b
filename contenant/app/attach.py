"""`contenant attach` and `contenant logs`: come to a session that lives, or see what one said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from contenant import config, locks
from contenant.app import configuration, ending, named, outfit, said, session, ssh_agent
from contenant.app.inventory import look_and_insist, refuse_silence
from contenant.app.ledger import Ledger
from contenant.app.named import Named, Wanted
from contenant.app.project import container_dir
from contenant.app.results import Ui
from contenant.app.waiting import Watch
from contenant.core.settings import Settings
from contenant.engines.base import Engine
from contenant.errors import EngineError, NotFoundError, UsageError

LIVE = Wanted(lambda session: session.detachable, "a session that can be attached to")
SPOKEN = Wanted(lambda session: session.detached, "a detached session", ended=True)
TAIL = 10  # lines that are shown of a session whose output is then followed

Write = Callable[[bytes], None]


class LogsRequest(NamedTuple):
    """`contenant logs`: whose, whether to go on, and how many of the last lines (None: all)."""

    word: str
    follow: bool
    tail: int | None
    name: str | None = None  # which of the project's containers


def attach(word: str, *, tty: bool, notify: bool, write: Write, ui: Ui, name: str | None = None) -> int:
    """Show a session until it ends or is detached from; its exit code, 0 where it lives on.

    `word` and `name` as `named.find`. A session without a terminal is shown by its output, by way of `write`.
    Raises NotFoundError, EngineUnavailableError, UsageError where a terminal is needed and `tty` says there
    is none.
    """
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        survey = look_and_insist(ledger, settings.engine)
        one = named.find(ledger, word, LIVE, name)
        refuse_silence(survey, [one.container])
        if not one.session.has_terminal:
            ui.note(f"following what {one.session.id} says; Ctrl-C leaves it running")
            ui.finish()
            return _follow(ledger, one, settings, write)
        if not tty:
            raise UsageError(
                f"session {one.session.id} is on a terminal, and here is none",
                hint="`contenant send` types into it, `contenant logs` shows what it said",
            )
        return _come_back(ledger, survey.connected[one.container.engine], one, notify, ui)


def _come_back(ledger: Ledger, engine: Engine, one: Named, notify: bool, ui: Ui) -> int:
    settings = configuration.load(ledger, one.project, {"notify": notify or None})
    agent = ssh_agent.again(ledger, one.session, one.project, settings, ui)
    seat = session.Seat(
        engine, one.container, True, outfit.of_terminal(os.environ), agent, notify=settings.notify
    )
    name = one.container.name
    with locks.container(name, ui.note):
        joined = session.rejoin(ledger, one.session, one.container.project_id)
    ui.finish()  # the terminal is the session's now
    code, ended = session.show(ledger, seat, joined, ui)
    if ended:
        ending.close(ledger, seat, joined, one.project, settings, ui, brief=False)
    else:
        ui.note(f"detached; `contenant attach {joined.id}` comes back to it")
    return code


def _follow(ledger: Ledger, one: Named, settings: Settings, write: Write) -> int:
    watch = Watch(ledger, one, settings.engine)
    for piece in said.follow(_place(one), TAIL, watch.is_over):
        write(piece)
    ended = watch.ended()
    if ended is None or ended.exit_code is None:
        raise EngineError(
            f"session {one.session.id} ended without an exit code: {ended.how if ended else ''}"
        )
    return ended.exit_code


def logs(request: LogsRequest, write: Write) -> None:
    """Write what a detached session said, and with `follow` what it goes on to say until it ends.

    No engine is asked before that. Raises NotFoundError where nothing is kept.
    """
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        one = named.find(ledger, request.word, SPOKEN, request.name)
        if not said.is_kept(_place(one)):
            raise NotFoundError(
                f"nothing is kept of what session {one.session.id} said",
                hint="only detached sessions' output is kept, of the newest of each container",
            )
        for piece in _pieces(ledger, one, request, settings):
            write(piece)


def _pieces(ledger: Ledger, one: Named, request: LogsRequest, settings: Settings) -> Iterator[bytes]:
    if not request.follow:
        return said.read(_place(one), request.tail)
    return said.follow(_place(one), request.tail, Watch(ledger, one, settings.engine).is_over)


def _place(one: Named) -> said.Place:
    return said.place(container_dir(one.container.name), one.session.id)
