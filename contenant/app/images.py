"""`contenant image`, and the images that `clean --images` may remove."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from contenant import config
from contenant.app import engines, layers, service
from contenant.app.inventory import Survey
from contenant.app.ledger import Ledger
from contenant.app.results import Ui, Verdict
from contenant.core.settings import Settings
from contenant.core.values import EngineName


def build(engine: EngineName | None, *, no_cache: bool, ui: Ui) -> dict[str, Any]:
    """Build the image that new containers are made from, if it is not there (or always, with `no_cache`)."""
    from contenant.image.build import ensure

    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        picked = engines.pick(ledger, engine, None, settings.engine)
        service.check(picked.engine, ui)
        store = ledger.store()
        fitted = engines.fit(ledger, picked.engine)
        result = ensure(fitted, settings, ui, lambda change: store.apply([change]), no_cache=no_cache)
    return dict(result._asdict())


def list_images(ui: Ui) -> list[dict[str, Any]]:
    """Every image contenant built, newest first, with what uses it."""
    settings = config.load(None, os.environ, {})
    with Ledger(settings.database_url) as ledger:
        current, view = layers.wanted(ledger, settings), ledger.snapshot()
        if view is None:
            return []
        used: dict[str, int] = {}
        for container in view.containers():
            used[container.image] = used.get(container.image, 0) + 1
        return [
            image._asdict()
            | {"containers": used.get(image.reference, 0), "current": image.reference in current}
            for image in view.images()
        ]


def stale_images(ledger: Ledger, survey: Survey, settings: Settings, going: Collection[str]) -> list[Verdict]:
    """Images of ours that no container (but those in `going`, by id) is of, and no new one would be."""
    view = ledger.snapshot()
    if view is None:
        return []
    current = layers.wanted(ledger, settings)
    used = {container.image for container in view.containers() if container.id not in going}
    used = layers.with_parents(ledger, used)
    verdicts = []
    for reference in sorted({image.reference for image in view.images()}):
        keep = "new containers are made from it" if reference in current else ""
        keep = keep or ("a container was made from it" if reference in used else "")
        for name, engine in survey.connected.items():
            if engine.image(reference) is not None:
                verdicts.append(_image_verdict(reference, name, keep))
    return verdicts


def _image_verdict(reference: str, engine: EngineName, keep: str) -> Verdict:
    return Verdict(
        kind="image",
        name=reference,
        project="",
        engine=engine,
        action="keep" if keep else "remove",
        reason=keep or "no container needs it",
        last_used="",
        subject=reference,
    )
