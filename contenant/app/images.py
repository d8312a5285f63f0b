"""`contenant image build` and `list`."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

from contenant import config
from contenant.app import engines, image_stores, service
from contenant.app.behind import wanted_images
from contenant.app.ledger import Ledger
from contenant.app.results import Ui
from contenant.core.records import ImageRecord
from contenant.core.values import EngineName


def build(engine: EngineName | None, *, no_cache: bool, ui: Ui) -> dict[str, Any]:
    """Build the image that new containers are made from, if it is not there (or always, with `no_cache`)."""
    from contenant.app import agent_flags, versions
    from contenant.image.build import ensure

    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        picked = engines.pick(ledger, engine, None, settings.engine)
        service.check(picked.engine, ui)
        store = ledger.store()
        fitted = engines.fit(ledger, picked.engine)
        prepared = versions.prepare(ledger, settings, ui, refresh=True)
        exact = settings._replace(claude_version=prepared.version)
        result = ensure(fitted, exact, ui, lambda change: store.apply([change]), no_cache=no_cache)
        versions.note_latest(ledger, settings, prepared)
        agent_flags.learn(fitted, result.reference, result.claude_version, ui)
    return dict(result._asdict())


def list_images(ui: Ui) -> tuple[list[dict[str, Any]], Mapping[EngineName, str]]:
    """Every image contenant built or loaded, newest first, with what uses it and which engines have it.

    Also the engines that gave no answer, with what to do about it.
    """
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        current, view = wanted_images(ledger, settings), ledger.snapshot()
        if view is None:
            return [], {}
        stores = image_stores.look(ledger, settings)
        used: dict[str, int] = {}
        for container in view.containers():
            used[container.image] = used.get(container.image, 0) + 1
        rows = [_row(image, used, current, stores.having(image)) for image in view.images()]
    return rows, {name: error.advice for name, error in stores.unreachable.items()}


def _row(
    image: ImageRecord, used: Mapping[str, int], current: Collection[str], there: list[EngineName]
) -> dict[str, Any]:
    return image._asdict() | {
        "containers": used.get(image.reference, 0),
        "current": image.reference in current,
        "engines": there,
    }
