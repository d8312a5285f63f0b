"""`contenant port`: what is published, what is behind it, and changes, which need the container made anew."""

import errno
import json
import os
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from contenant import config, locks
from contenant.app import configuration
from contenant.app.inventory import Survey, look_around, refuse_silence
from contenant.app.ledger import Ledger
from contenant.app.project import Target, identify, resolve
from contenant.app.results import RunRequest, Ui
from contenant.app.select import by_targets, one
from contenant.core import changes, ports
from contenant.core.chain import canonical
from contenant.core.plan_run import anew, not_found
from contenant.core.records import ContainerRecord
from contenant.core.settings import Settings
from contenant.core.settings_values import Place, parse_publish, show_publish
from contenant.core.values import ExecSpec, Publish
from contenant.engines.base import Engine
from contenant.errors import BusyError, ConfigError
from contenant.process import capture

_SECONDS = 15.0  # for a container to show its sockets
_TABLES = tuple(f"/proc/net/{name}" for name in ("tcp", "tcp6", "udp", "udp6"))


class Row(NamedTuple):
    """One published port."""

    container: str
    project: str
    host: str  # "127.0.0.1:8080"
    port: str  # "80/tcp", in the container
    state: str  # listening, inside only, nothing, stopped, wanted or unknown
    publish: str  # as `port add` takes it


def listing(targets: Sequence[Target], ui: Ui) -> list[Row]:
    """The ports of these projects' containers, or of all. An engine that is silent is told.

    Raises NotFoundError for a target without a container, EngineUnavailableError where no engine answers.
    """
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        survey = look_around(ledger, settings.engine)
        view = ledger.snapshot()
        known = list(view.containers()) if view else []
        chosen = by_targets(known, targets, view.projects() if view else ()) if targets else known
        refuse_silence(survey, chosen)
        for name, error in sorted(survey.unreachable.items()):
            ui.warn(f"{name} did not answer: {error.message}")
        return [row for container in chosen for row in _rows(ledger, survey, container)]


def _rows(ledger: Ledger, survey: Survey, container: ContainerRecord) -> list[Row]:
    there, wanted = _published(container), _wanted(container)
    listeners = _listeners(survey, container) if there else None
    project = ledger.project_path(container.project_id)
    rows = []
    for item in (*there, *(item for item in wanted if item not in there)):
        state = _state(container, item, listeners, survey)
        state = state if item in there else "wanted"
        host = show_publish(item).partition("/")[0].rpartition(":")[0]
        inner = f"{item.container_port}/{item.protocol}"
        rows.append(Row(container.name, project, host, inner, state, show_publish(item)))
    return rows


def _state(
    container: ContainerRecord, item: Publish, listeners: frozenset[ports.Listener] | None, survey: Survey
) -> str:
    if container.engine in survey.unreachable:
        return "unknown"
    if container.state != "running":
        return "stopped"
    return "unknown" if listeners is None else ports.behind(item, listeners)


def _listeners(survey: Survey, container: ContainerRecord) -> frozenset[ports.Listener] | None:
    """What listens in a running container, None where it does not say."""
    engine: Engine | None = survey.connected.get(container.engine)
    if engine is None or container.state != "running":
        return None
    argv = engine.exec_argv(container.name, ExecSpec(argv=("/bin/cat", *_TABLES)))
    try:
        done = capture(argv, timeout=_SECONDS)
    except OSError:
        return None
    return ports.read_tables(done.stdout) if "local_address" in done.stdout else None


def _published(container: ContainerRecord) -> tuple[Publish, ...]:
    """The ports that the container was made with."""
    return tuple(Publish(**item) for item in json.loads(container.spec).get("publish", ()))


def _wanted(container: ContainerRecord) -> tuple[Publish, ...]:
    """The ports that the command line asked for, whether or not the container was made since."""
    return tuple(_parse(text) for text in json.loads(container.flags).get("publish", ()))


def _parse(text: str) -> Publish:
    found: Publish = parse_publish(text, Place("/", "/"))
    return found


def change(
    target: Target, add: Sequence[str], remove: Sequence[str], *, recreate: bool, ui: Ui
) -> tuple[Publish, ...]:
    """Change which ports the project's container is made with; returns those it is to have by command.

    Which container of a project that has several: `app.select.one`. Raises NotFoundError where there is no
    container, UsageError for a port that cannot be, BusyError where --recreate meets a live session or a port
    that is taken.
    """
    path = target.path
    wanted, unwanted = [_parse(text) for text in add], [_parse(text) for text in remove]
    with Ledger(config.load(None, os.environ, {}).database_url) as ledger:
        variant = _container(ledger, target).variant
        project = resolve(path, force=True, variant=variant)
        with locks.container(project.name, ui.note):
            container = _container(ledger, Target(path, variant))
            settings = configuration.load(ledger, project.path, {})
            new = _changed(settings, container, wanted, unwanted)
            free = [item for item in wanted if item not in _published(container)]
            refuse_taken(ledger, free, container)
            _record(ledger, container, new, [*(f"+{text}" for text in add), *(f"-{text}" for text in remove)])
        warn_of_open(wanted, ui)
        stale = {*new, *settings.publish} != set(_published(container))
        if recreate:
            _make_anew(ledger, container, path, ui)
    if stale and not recreate:
        ui.note(f"no engine changes the ports of a container: `{anew(variant)}` makes it anew with these")
    return new


def _container(ledger: Ledger, target: Target) -> ContainerRecord:
    canonical_path, _ = identify(target.path)
    view = ledger.snapshot()
    project = ledger.project(canonical_path)
    mine = [c for c in view.containers() if project and c.project_id == project.id] if view else []
    found = one(mine, target.variant)
    if found is None:
        known = [each.path for each in view.projects()] if view else ()
        raise not_found(canonical_path, known, variant=target.variant or "")
    return found


def _changed(
    settings: Settings, container: ContainerRecord, add: list[Publish], remove: list[Publish]
) -> tuple[Publish, ...]:
    origins = settings.origins.get("publish", ())
    elsewhere = {
        item: origin.source for item, origin in zip(settings.publish, origins, strict=True) if origin.source
    }
    ports.added(settings.publish, add)
    return ports.added(ports.removed(_wanted(container), remove, elsewhere), add)


def _record(
    ledger: Ledger, container: ContainerRecord, new: tuple[Publish, ...], said: Sequence[str]
) -> None:
    flags = json.loads(container.flags)
    flags.pop("publish", None)
    if new:
        flags["publish"] = [show_publish(item) for item in new]
    ledger.store().apply([changes.container_options(container, canonical(flags), f"ports {' '.join(said)}")])


def _make_anew(ledger: Ledger, before: ContainerRecord, path: Path, ui: Ui) -> None:
    """By a run that does nothing: what a start needs and refuses holds here, too.

    Raises BusyError; the options are then as they were.
    """
    from contenant.app.run import run

    try:
        code = run(RunRequest(path, ("true",), recreate=True, variant=before.variant), ui)
    except BusyError:
        undone = changes.container_options(before, before.flags, "ports as they were: it is busy")
        ledger.store().apply([undone])
        raise
    if code != 0:
        raise BusyError(f"the container was made anew, but `true` in it ended with {code}")


def warn_of_open(wanted: Iterable[Publish], ui: Ui) -> None:
    """Say which ports other machines may reach."""
    for item in wanted:
        if ports.is_open_to_others(item):
            ui.warn(f"{show_publish(item)} is open to every machine that reaches {item.host_ip} of this one")


def refuse_taken(ledger: Ledger, wanted: Iterable[Publish], own: ContainerRecord | None) -> None:
    """Raise BusyError where a port of this machine is in use already, with who holds it.

    `own` is the container that will give way: what it holds while it runs is free then.
    """
    held = _published(own) if own is not None and own.state == "running" else ()
    for item in wanted:
        if any(ports.clash(item, mine) for mine in held):
            continue
        if trouble := _try(item):
            holder = _holder(ledger, item, own)
            raise BusyError(
                f"port {item.host_port} of {item.host_ip} is {trouble}{holder}",
                hint=f"publish another one, such as {show_publish(item._replace(host_port=_free(item)))}",
            )


def _try(item: Publish) -> str:
    """Why a port cannot be had, "" where it can, or where only the engine can tell. Raises ConfigError."""
    family = socket.AF_INET6 if ":" in item.host_ip else socket.AF_INET
    kind = socket.SOCK_DGRAM if item.protocol == "udp" else socket.SOCK_STREAM
    try:
        with socket.socket(family, kind) as one:
            if item.protocol == "tcp":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((item.host_ip, item.host_port))
            if item.protocol == "tcp":
                one.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return "in use"
        if error.errno == errno.EADDRNOTAVAIL:
            raise ConfigError(
                f"{item.host_ip} is no address of this machine", hint="127.0.0.1, or 0.0.0.0 for all"
            ) from None
    return ""


def _free(item: Publish) -> int:
    """A port near the wanted one that is free, or the wanted one where none is."""
    near = (
        item._replace(host_port=port) for port in range(item.host_port + 1, min(item.host_port + 50, 65536))
    )
    return next((one.host_port for one in near if not _try(one)), item.host_port)


def _holder(ledger: Ledger, item: Publish, own: ContainerRecord | None) -> str:
    """`, by …`: a container of ours, a process that this user may see, or nothing."""
    view = ledger.snapshot()
    for container in view.containers() if view else ():
        mine = own is not None and container.id == own.id
        if (
            not mine
            and container.state == "running"
            and any(ports.clash(item, p) for p in _published(container))
        ):
            return f", by the container {container.name}"
    from contenant.app.port_holder import listener_of

    process = listener_of(item.host_port, item.protocol)
    return f", by {process}" if process else ""
