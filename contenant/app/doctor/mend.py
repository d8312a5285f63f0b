"""What `contenant doctor --fix` does: only what can be repeated or undone without harm, each told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from contenant import idmap, locks
from contenant.app import service
from contenant.app.doctor.facts import Facts
from contenant.app.doctor.gather import configured, read_records
from contenant.app.doctor.gather_machine import owner_of
from contenant.app.doctor.line import Line, Mend
from contenant.app.engines import RUNTIME_KEY
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.core import changes
from contenant.errors import ContenantError


def mend_all(lines: Sequence[Line], facts: Facts, ui: Ui) -> dict[str, str]:
    """Mend each line that can be mended; by its id, what was done or why it was not."""
    done: dict[str, str] = {}
    for line in lines:
        if not line.mend:
            continue
        try:
            done[line.id] = _ACTIONS[line.mend](facts, ui)
            ui.note(f"{line.what}: {done[line.id]}")
        except (ContenantError, OSError) as error:
            why = error.message if isinstance(error, ContenantError) else str(error)
            done[line.id] = f"not mended: {why}"
            ui.warn(f"{line.what}: {done[line.id]}")
    return done


def start_service(facts: Facts, ui: Ui) -> str:
    """Start Apple's service. The first time it fetches a Linux kernel, so whoever sits there is asked."""
    if ui.confirm(service.QUESTION) is False:
        return "left as it was"
    service.start(ui)
    return "started"


def close_state(facts: Facts, ui: Ui) -> str:
    """Take the rights of others away from the state directory."""
    loose = [item for item in (facts.state.loose if facts.state else ()) if not item.foreign]
    for item in loose:
        Path(item.path).chmod(item.wanted)
    return f"closed {', '.join(Path(item.path).name for item in loose)} to others"


def unmount(facts: Facts, ui: Ui) -> str:
    """Unmount what no container needs, innermost first; a container that is being made has its lock held."""
    count = 0
    for point in sorted(facts.state.mounts if facts.state else (), key=len, reverse=True):
        name = owner_of(point)
        with locks.try_held(name) as free:
            known = read_records(configured().database_url)
            if free and known.known and name not in known.names:
                idmap.unmount(Path(point))
                count += 1
    return f"unmounted {count}"


def remember_runtime(facts: Facts, ui: Ui) -> str:
    """Have new containers made with the OCI runtime that works."""
    podman = next(engine.podman for engine in facts.engines if engine.podman is not None)
    working = next(runtime for runtime, why in podman.runtimes if not why)
    with Ledger(configured().database_url) as ledger:
        ledger.store().apply([changes.engine_remembered("podman", RUNTIME_KEY, working)])
    return f"new containers are made with {working or podman.own_runtime}"


def migrate(facts: Facts, ui: Ui) -> str:
    """Bring the database to this program's schema; a backup is made first."""
    with Ledger(configured().database_url) as ledger:
        ledger.store()
    return "brought to this program's schema"


_ACTIONS: Mapping[Mend, Callable[[Facts, Ui], str]] = {
    "start-service": start_service,
    "modes": close_state,
    "unmount": unmount,
    "remember-runtime": remember_runtime,
    "migrate": migrate,
}
