"""The command that a dev container's file has for a new container: run once in it, as a session."""

from __future__ import annotations

import os

from contenant.app import outfit, session
from contenant.app.ledger import Ledger
from contenant.app.project import Project
from contenant.app.results import Ui
from contenant.core import changes
from contenant.core.records import ContainerRecord
from contenant.core.settings import Settings
from contenant.core.values import ExecSpec
from contenant.engines.base import Engine
from contenant.process import ProcessTimeoutError, stream

LIMIT = 1800.0  # seconds


def run(
    ledger: Ledger, engine: Engine, container: ContainerRecord, project: Project, settings: Settings, ui: Ui
) -> None:
    """Run it as the agent, behind the firewall, without a credential; its output is shown line by line.

    What fails is said, and is no reason not to use the container.
    """
    asked = session.resolve_env(settings.env)
    dressed = outfit.dress(project, ("true",), asked, False, "", ui)  # no command that gets a credential
    record = session.begin(ledger, session.Seat(engine, container, False, dressed), settings.post_create)
    given = {
        session.ENV_PREFIX + name: value for name, value in {**dressed.env, **dressed.secret_env}.items()
    }
    words = (session.WRAPPER, "run", record.id, "--", *settings.post_create)
    argv = engine.exec_argv(container.name, ExecSpec(words, env_names=tuple(sorted(given))))
    ui.note(f"postCreateCommand: {' '.join(settings.post_create)}")
    code: int | None = None
    try:
        code = stream(argv, ui.note, timeout=LIMIT, env={**os.environ, **given})
    except (OSError, ProcessTimeoutError) as error:
        ui.warn(f"postCreateCommand: {error}")
    how = "exited" if code is not None else "failed"
    session.record(ledger, changes.session_ended(record.id, container.project_id, how, code), ui)
    if code:
        ui.warn(f"postCreateCommand ended with {code}; the container is used all the same")
