"""Sessions that are waited for: when one is over, and how it ended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from contenant import config
from contenant.app import named
from contenant.app.inventory import look_and_insist, look_around, refuse_silence
from contenant.app.ledger import Ledger
from contenant.app.named import Named, Wanted
from contenant.app.project import container_dir
from contenant.app.sync import read_exit
from contenant.core.engine_names import EngineName
from contenant.core.records import SessionRecord
from contenant.errors import ContenantError, EngineError

PAUSE = 0.2  # seconds between two looks at an exit file
SURVEY = 10.0  # seconds between two questions to the engines, for ends that leave no file
ANY = Wanted(lambda session: True, "a session", ended=True)


class Watch:
    """Says when a session is over: each look is one at a file, now and then a question to the engines."""

    def __init__(self, ledger: Ledger, one: Named, setting: EngineName | None) -> None:
        self._ledger, self._one, self._setting = ledger, one, setting
        self._next = time.monotonic() + SURVEY

    def ended(self) -> SessionRecord | None:
        """The session as it ended, None while it lives."""
        session = self._one.session
        if session.ended:
            return session
        code = read_exit(container_dir(self._one.container.name), session.id)
        if code is None and time.monotonic() < self._next:
            return None
        self._next = time.monotonic() + SURVEY
        with suppress(ContenantError):  # an engine that is silent for a while is no end
            look_around(self._ledger, self._setting)
        self._one = named.again(self._ledger, self._one)
        self._ledger.close()  # waiting may last for days
        if self._one.session.ended:
            return self._one.session
        return None if code is None else session._replace(exit_code=code, how="exited")

    def is_over(self) -> bool:
        """The same in a word."""
        return self.ended() is not None


def wait(
    words: Sequence[str], *, notify: bool, told: Callable[[Named, int], None], name: str | None = None
) -> int:
    """Wait for sessions; `told` gets each and its exit code, in their order. Returns the first code not 0.

    Each is named by its word and `name` as in `named.find`. Raises NotFoundError, EngineUnavailableError, and
    EngineError for one that left no exit code.
    """
    settings = config.load(None, os.environ, {})
    first = 0
    with Ledger(settings.database_url) as ledger, ExitStack() as watchers:
        survey = look_and_insist(ledger, settings.engine)
        found = [named.find(ledger, word, ANY, name) for word in (words or (".",))]
        refuse_silence(survey, [one.container for one in found if not one.session.ended])
        if notify or settings.notify:
            from contenant.app.notify import watching  # only where it is asked for

            for one in found:
                watchers.enter_context(watching(one.container.name, one.session.id))
        for one in found:
            code = _code(_await(Watch(ledger, one, settings.engine)))
            told(one, code)
            first = first or code
    return first


def _await(watch: Watch) -> SessionRecord:
    while (ended := watch.ended()) is None:
        time.sleep(PAUSE)
    return ended


def _code(session: SessionRecord) -> int:
    """Its exit code. Raises EngineError where nobody knows it."""
    if session.exit_code is None:
        raise EngineError(
            f"session {session.id} ended without an exit code: {session.how}",
            hint="`contenant history` says what happened to its container",
        )
    return session.exit_code
