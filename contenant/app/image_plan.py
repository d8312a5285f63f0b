"""Which images may go: the facts for `core.plan_images`, and the removal. `clean --images` asks here, too."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from contenant.app.behind import wanted_image
from contenant.app.current import kept_image
from contenant.app.results import Verdict
from contenant.core import changes
from contenant.core.plan_images import Judgement, Needs, judge
from contenant.engines.options import own_name
from contenant.errors import EngineError
from contenant.store.images import made

if TYPE_CHECKING:
    from contenant.app.inventory import Survey
    from contenant.app.ledger import Ledger
    from contenant.core.settings import Settings
    from contenant.core.values import ImageReport
    from contenant.engines.base import Engine


def verdicts(ledger: Ledger, survey: Survey, settings: Settings, going: Collection[str]) -> list[Verdict]:
    """One for each image of ours in the store of an engine that answered; `going`: ids of containers that
    will be gone.
    """
    view = ledger.snapshot()
    if view is None:
        return []
    all_made = made(view)
    builds = [one.image for one in all_made if not one.removed]
    digests = frozenset(one.image.digest for one in all_made)
    current = _current(ledger, settings)
    found = []
    for name, engine in survey.connected.items():
        held = engine.images()
        used = _used(ledger, survey, engine, going)
        if any(not image.reference and image.digest in digests for image in held):
            used |= _used_by_id(ledger, engine, going)
        found += [_verdict(one) for one in judge(name, held, Needs(current, used, builds, digests))]
    return found


def _current(ledger: Ledger, settings: Settings) -> dict[str, str]:
    """What new containers are made from: the machine's image, and each project's where that is another."""
    view, usual = ledger.snapshot(), kept_image(settings)
    found = {
        wanted_image(ledger, project.path, usual): f"new containers of {project.path} are made from it"
        for project in (view.projects() if view else ())
    }
    return found | {usual: "new containers are made from it"}


def _used(ledger: Ledger, survey: Survey, engine: Engine, going: Collection[str]) -> dict[str, str]:
    """What containers name as their image: those on record, and all that the engine has, ours or not."""
    mine = ledger.read(engine.name).containers
    leaving = {container.engine_id for container in mine if container.id in going}
    found = {
        own_name(report.image): report.name
        for report in survey.reports[engine.name]
        if report.engine_id not in leaving
    }
    return found | {container.image: container.name for container in mine if container.id not in going}


def _used_by_id(ledger: Ledger, engine: Engine, going: Collection[str]) -> dict[str, str]:
    """The same by the engine's ids: a container's image may have lost its name since."""
    found: dict[str, str] = {}
    for container in ledger.read(engine.name).containers:
        if container.id not in going:
            try:
                seen = engine.inspect(container.name)
            except EngineError:  # it is in another store, or going this moment; the engine refuses then
                continue
            found |= {key: container.name for key in (seen.image_id, seen.image_digest) if key}
    return found


def _verdict(judgement: Judgement) -> Verdict:
    image = judgement.image
    return Verdict(
        kind="image",
        name=image.reference or short_id(image),
        project="",
        engine=judgement.engine,
        action=judgement.action,
        reason=judgement.reason,
        last_used="",
        subject=image.reference or image.engine_id,
        size=image.size,
        digest=image.digest,
    )


def short_id(image: ImageReport) -> str:
    """What an image without a name is called."""
    return image.engine_id.removeprefix("sha256:")[:12]


def remove(ledger: Ledger, engine: Engine, verdict: Verdict) -> None:
    """Remove an image and put it on record. Raises EngineError where a container has come to need it."""
    engine.remove_image(verdict.subject)
    nameless = verdict.subject != verdict.name
    gone = changes.image_removed(
        verdict.name, verdict.reason, engine.name, verdict.digest if nameless else ""
    )
    ledger.store().apply([gone])
