"""`contenant image outdated|upgrade|rollback`: which version there is, another one, and the one before."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from contenant import config, files, host
from contenant.app import engines, recreate, service, versions
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.core.ages import from_text
from contenant.core.choices import choice_before
from contenant.core.settings import Settings
from contenant.core.values import EngineName
from contenant.core.versions import order
from contenant.errors import ConfigError, NotFoundError, StateError
from contenant.image import registry
from contenant.image.registry import RegistryError
from contenant.image.versions import kept, shipped
from contenant.paths import cache_dir, ensure_private

if TYPE_CHECKING:
    from contenant.engines.base import Engine
    from contenant.image.build import Built

KEPT_SECONDS = 24 * 3600
_MAX_BYTES = 4096


class Request(NamedTuple):
    """`image upgrade` and `image rollback`."""

    engine: EngineName | None = None
    to: str = ""  # "": the latest
    recreate_idle: bool = False


def outdated(ui: Ui, *, refresh: bool = False) -> dict[str, Any]:
    """What is chosen and why, what the registry has (None where that is not known), and who is behind."""
    settings = config.load(None, os.environ, {})
    decision = versions.decide(settings)
    known = _newest(ui, refresh)
    with Ledger(settings.database_url) as ledger:
        view = ledger.snapshot()
        total = len(view.containers()) if view else 0
        found = [
            recreate.moved(container, path, "behind", "")
            for container, path in recreate.behind(ledger, settings)
        ]
    latest = known.get("latest")
    return {
        "chosen": decision.version,
        "why": decision.told(),
        "shipped": shipped().version,
        "latest": latest,
        "stable": known.get("stable"),
        "asked": known.get("asked"),
        "newer": latest is not None and order(latest) > order(decision.version),
        "containers": total,
        "containers_behind": len(found),
        "projects_behind": sorted({item.project for item in found}),
    }


def _newest(ui: Ui, refresh: bool) -> dict[str, str]:
    """Tags of the registry and the moment they are from; {} where it is silent. Asked once a day."""
    place, now = cache_dir() / "claude-versions.json", host.now()
    known = {} if refresh else _kept_tags()
    if known and 0 <= (now - from_text(known["asked"])).total_seconds() < KEPT_SECONDS:
        return known
    try:
        known = registry.tags(registry.BRIEFLY) | {"asked": host.now_text()}
    except RegistryError as error:
        ui.note(f"the newest version is not known: {error.message}")
        return {}
    with suppress(OSError, StateError):  # it is asked anew then
        files.replace(ensure_private(place.parent) / place.name, json.dumps(known).encode())
    return known


def _kept_tags() -> dict[str, str]:
    try:
        found = json.loads(files.read(cache_dir() / "claude-versions.json", _MAX_BYTES) or b"{}")
        from_text(found["asked"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def upgrade(request: Request, ui: Ui) -> dict[str, Any]:
    """Pin a version, build its image, and only then choose it. A failed build changes nothing.

    Raises ConfigError where a setting decides, RegistryError, ImageBuildError, EngineError, StateError.
    """
    settings = config.load(None, os.environ, {})
    _refuse_pinned(settings, request.to)
    with Ledger(settings.database_url) as ledger:
        engine = _engine(ledger, request, settings, ui)
        version = request.to or versions.newest(registry.PATIENTLY)
        versions.pin(ledger, version, ui)
        return _move(ledger, engine, settings, version, request, ui, why="upgrade")


def rollback(request: Request, ui: Ui) -> dict[str, Any]:
    """Back to the version before, by the record; its image is used where it is still there, else built.

    Raises NotFoundError where nothing was chosen before, else as `upgrade`.
    """
    settings = config.load(None, os.environ, {})
    _refuse_pinned(settings, "")
    with Ledger(settings.database_url) as ledger:
        engine = _engine(ledger, request, settings, ui)
        current = versions.decide(settings).version
        version = choice_before(versions.record(ledger, settings.claude_version), current)
        if not version:
            raise NotFoundError(
                f"no version was in use before Claude Code {current}",
                hint="`contenant image upgrade --to VERSION` takes one by name",
            )
        if kept(version) is None:
            versions.pin(ledger, version, ui)
        return _move(ledger, engine, settings, version, request, ui, why="rollback")


def _refuse_pinned(settings: Settings, to: str) -> None:
    """Raise ConfigError where a file or variable names an exact version other than `to`."""
    decision = versions.decide(settings)
    if decision.by == "setting" and to != decision.version:
        raise ConfigError(
            f"{decision.source} says claude.version = {decision.version!r}, and that decides",
            hint=f"change it there, or take it away; --to {decision.version} only has its image ready",
        )


def _engine(ledger: Ledger, request: Request, settings: Settings, ui: Ui) -> Engine:
    """The engine on which the image is made, asked for a sign of life before the registry is."""
    picked = engines.pick(ledger, request.engine, None, settings.engine)
    service.check(picked.engine, ui)
    picked.engine.version()
    return engines.fit(ledger, picked.engine)


def _move(
    ledger: Ledger,
    engine: Engine,
    settings: Settings,
    version: str,
    request: Request,
    ui: Ui,
    *,
    why: versions.Why,
) -> dict[str, Any]:
    """Build, choose, recreate; what was done, JSON-ready."""
    built = _build(ledger, engine, settings, version, ui)
    before = versions.choose(ledger, settings, version, why)
    if order(version) < order(before) and why == "upgrade":
        ui.note(f"Claude Code {version} is older than {before}, which was in use")
    if request.recreate_idle:
        found = recreate.recreate_idle(ledger, settings, ui)
    else:
        found = [recreate.moved(c, path, "behind", "") for c, path in recreate.behind(ledger, settings)]
    return {
        "from": before,
        "to": version,
        "changed": version != before,
        "reference": built.reference,
        "built": built.built,
        "seconds": built.seconds,
        "log": built.log,
        "containers": [item._asdict() for item in found],
    }


def _build(ledger: Ledger, engine: Engine, settings: Settings, version: str, ui: Ui) -> Built:
    from contenant.app import agent_flags
    from contenant.image.build import ensure

    store = ledger.store()
    exact = settings._replace(claude_version=version)
    built = ensure(engine, exact, ui, lambda change: store.apply([change]))
    agent_flags.learn(engine, built.reference, built.claude_version, ui)
    return built
