"""`contenant send`: type into a session's terminal."""

import os
from unicodedata import category

from contenant import config
from contenant.app import named
from contenant.app.detached import is_older, older
from contenant.app.inventory import look_and_insist, refuse_silence
from contenant.app.ledger import Ledger
from contenant.app.named import Named, Wanted
from contenant.app.session import WRAPPER
from contenant.core.values import ExecSpec
from contenant.errors import EngineError, EngineUnavailableError, NotFoundError, UsageError
from contenant.process import capture

LONGEST = 65536  # characters (image/session-agent: send)
PATIENCE = 30.0  # seconds
_NO_TERMINAL = 4  # image/session: send
TERMINAL = Wanted(lambda session: session.has_terminal, "a session with a terminal")


def send(word: str, text: str, *, enter: bool, name: str | None = None) -> Named:
    """Type `text`, and Enter if asked for, into the session that `word`, or `word` and `name`, stand for; it.

    Newlines and tabs are typed; any other control character is a key that does something, and refused. Raises
    UsageError for that and for a text that is too long, NotFoundError where there is no terminal,
    EngineUnavailableError, EngineError.
    """
    text = text.replace("\r\n", "\n")
    if len(text) > LONGEST:
        raise UsageError(
            f"a text of {len(text)} characters is too long to be typed",
            hint=f"{LONGEST} at most; put it in a file",
        )
    if control := next((char for char in text if char not in "\n\t" and category(char) == "Cc"), ""):
        raise UsageError(
            f"the text holds the control character {control!r}, which would act as a key",
            hint="leave it out; newlines and tabs are typed",
        )
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        survey = look_and_insist(ledger, settings.engine)
        one = named.find(ledger, word, TERMINAL, name)
        refuse_silence(survey, [one.container])
        engine, inside = survey.connected[one.container.engine], one.container.name
    words = (WRAPPER, "send", one.session.id, "enter" if enter else "plain")
    command = engine.exec_argv(inside, ExecSpec(argv=words, interactive=True))
    try:
        done = capture(command, timeout=PATIENCE, stdin=text.encode("utf-8", "replace"))
    except TimeoutError as error:
        raise EngineUnavailableError(f"{engine.name} did not reach into {inside}: {error}") from error
    told = done.stderr.strip().removeprefix("contenant: ")
    if done.code == _NO_TERMINAL:
        raise NotFoundError(told or f"session {one.session.id} has no terminal")
    if is_older(told):
        raise older(one.container)
    if done.code != 0:
        raise EngineError(f"nothing could be typed into session {one.session.id}: {told}")
    return one
