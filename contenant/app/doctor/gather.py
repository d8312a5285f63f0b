"""All facts, gathered side by side and within a minute, whatever hangs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection, Mapping
from typing import NamedTuple

from contenant import __version__, config
from contenant.app.behind import is_behind, wanted_image
from contenant.app.current import current_image
from contenant.app.doctor import gather_engines, gather_machine, gather_use
from contenant.app.doctor.clock import Deadline, Task
from contenant.app.doctor.facts import CredentialFacts, DatabaseFacts, EngineFacts, Facts, Program, StateFacts
from contenant.app.doctor.gather_use import Records
from contenant.app.doctor.question import Question
from contenant.app.engines import default_engine
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.core.settings import Settings
from contenant.core.values import ENGINE_NAMES, EngineName
from contenant.errors import ContenantError, EngineUnavailableError

RECORDS = 8.0  # seconds for what the other questions depend on
SETTLE = 5.0  # more, for a program that is killed to be gone
QUIET = 2.0  # seconds after which the user is told what is waited for


class Asked(NamedTuple):
    """What the configuration says, as far as it can be read."""

    program: Program
    engine: EngineName | None
    database_url: str
    env: Mapping[str, str | None]
    image: str


class Looks(NamedTuple):
    """What is under way."""

    state: Task[StateFacts]
    database: Task[DatabaseFacts]
    credentials: Task[tuple[CredentialFacts, ...]]
    engines: Mapping[Question, Task[EngineFacts]]


def gather(only: EngineName | None, budget: float, ui: Ui) -> Facts:
    """Look at everything, within `budget` seconds; of the engines, `only` one if given."""
    deadline = Deadline(time.monotonic() + budget)
    asked = configured()
    known = read_records(asked.database_url)
    default = _default(only, asked.engine)
    wanted = {only} if only else known.engines | ({default} if default else set())
    questions = [
        Question(name, name in wanted, asked.image, known.runtime if name == "podman" else None, deadline)
        for name in _of_interest(only, wanted)
    ]
    mac = sys.platform == "darwin"
    looks = Looks(
        Task(lambda: gather_machine.state(known.names if known.known else None, mac)),
        Task(lambda: gather_use.database(asked.database_url, deadline)),
        Task(lambda: gather_use.credentials(asked.env)),
        {question: _look_at(question) for question in questions},
    )
    machine = gather_machine.machine(deadline)
    _wait(looks, deadline, ui)
    return Facts(
        machine=machine,
        program=asked.program,
        engines=tuple(task.result() or _silent(question, budget) for question, task in looks.engines.items()),
        wanted_engine=default or "",
        image=asked.image,
        outdated=_outdated(known, asked.image, asked.database_url),
        open_firewalls=tuple((c, m) for c, m in sorted(known.modes.items()) if m in ("off", "audit")),
        state=looks.state.result(),
        database=looks.database.result(),
        credentials=looks.credentials.result(),
    )


def _outdated(known: Records, image: str, url: str) -> tuple[str, ...]:
    if not image:
        return ()
    with Ledger(url) as ledger:
        found = [
            f"{path}@{variant}" if variant else path
            for (path, variant), made_of in known.projects.items()
            if is_behind(made_of, wanted_image(ledger, path, image))
        ]
    return tuple(sorted(found))


def configured() -> Asked:
    """The user's settings, or why they cannot be read and the defaults instead."""
    try:
        settings = config.load(None, os.environ, {})
    except ContenantError as error:
        program = _program()._replace(config_trouble=error.message, config_hint=error.hint)
        return Asked(program, None, "", {}, "")
    image, trouble = _image(settings)
    program = _program()._replace(image_trouble=trouble)
    return Asked(program, settings.engine, settings.database_url, settings.env, image)


def _program() -> Program:
    return Program(__version__, sys.version_info[:3])


def _image(settings: Settings) -> tuple[str, str]:
    """The current image's reference, or "" and why it cannot be told."""
    try:
        return current_image(settings), ""
    except ContenantError as error:  # a machine that is not served, or a certificate that cannot be read
        return "", error.message
    except OSError as error:  # contenant's own files
        return "", f"{error.filename} cannot be read: {error.strerror}"


def read_records(url: str) -> Records:
    """The records; `known` is False where they cannot be read in time, and `database` says why."""
    task = Task(lambda: gather_use.records(url))
    task.wait(RECORDS)
    try:
        return task.result() or Records()
    except ContenantError:
        return Records()


def _default(only: EngineName | None, setting: EngineName | None) -> EngineName | None:
    try:
        return only or default_engine(setting)
    except EngineUnavailableError:
        return None


def _of_interest(only: EngineName | None, wanted: Collection[EngineName]) -> list[EngineName]:
    """Engines that are used, or that are there."""
    import shutil

    if only:
        return [only]
    return [name for name in ENGINE_NAMES if name in wanted or shutil.which(name)]


def _look_at(question: Question) -> Task[EngineFacts]:
    return Task(lambda: gather_engines.look_at(question))


def _wait(looks: Looks, deadline: Deadline, ui: Ui) -> None:
    """Until everything has an answer or the time is up; after a while, say for what."""
    began = time.monotonic()
    tasks: dict[str, Task[object]] = {
        "the state directory": looks.state,
        "the database": looks.database,
        "the credential": looks.credentials,
        **{question.name: task for question, task in looks.engines.items()},
    }
    end = Deadline(deadline.at + SETTLE)
    while end.left():
        missing = [name for name, task in tasks.items() if not task.wait(0.05)]
        if not missing:
            break
        if time.monotonic() - began > QUIET:
            ui.progress(f"waiting for {', '.join(missing)}")
    ui.finish()


def _silent(question: Question, budget: float) -> EngineFacts:
    """An engine that took all the time there was."""
    return EngineFacts(question.name, question.wanted, trouble="wedged", seconds=budget)
