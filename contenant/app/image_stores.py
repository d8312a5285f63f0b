"""The engines' image stores, and which image a text on the command line means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from contenant.app import engines
from contenant.app.current import kept_image
from contenant.core import labels
from contenant.core.records import ImageRecord
from contenant.core.values import EngineName, ImageReport
from contenant.errors import EngineUnavailableError, NotFoundError
from contenant.process import find_program
from contenant.store.images import Made, made

if TYPE_CHECKING:
    from contenant.app.ledger import Ledger
    from contenant.core.settings import Settings

_LEAST = 4  # characters of an id or a hash


class Stores(NamedTuple):
    """What the engines hold of contenant's images, and which engines gave no answer."""

    held: dict[EngineName, tuple[ImageReport, ...]]
    unreachable: dict[EngineName, EngineUnavailableError]

    def having(self, image: ImageRecord) -> list[EngineName]:
        """The engines that have an image of this reference."""
        return [name for name, held in self.held.items() if any(h.reference == image.reference for h in held)]

    def refuse_silence(self) -> None:
        """Raise EngineUnavailableError where no engine answered."""
        if self.unreachable and not self.held:
            raise next(iter(self.unreachable.values()))


def look(ledger: Ledger, settings: Settings) -> Stores:
    """Ask every engine that has containers or images of ours, and the one that new containers would use."""
    stores = Stores({}, {})
    for name in _of_interest(ledger, settings):
        try:
            stores.held[name] = engines.connect(ledger, name).images()
        except EngineUnavailableError as error:
            stores.unreachable[name] = error
    return stores


def _of_interest(ledger: Ledger, settings: Settings) -> list[EngineName]:
    view = ledger.snapshot()
    wanted: set[str] = {container.engine for container in view.containers()} if view else set()
    if view:  # an engine that was taken off the machine holds nothing that could be shown
        wanted |= {image.engine for image in view.images() if image.engine and find_program(image.engine)}
    return engines.of_interest(wanted, settings.engine)


def everything_made(ledger: Ledger) -> list[Made]:
    """Every image on record, newest first."""
    view = ledger.snapshot()
    return made(view) if view else []


def resolve(text: str, known: Sequence[Made], stores: Stores, settings: Settings) -> ImageRecord:
    """The image that a text means: a reference, a tag, or the beginning of a tag, id, digest or recipe.

    "" is the one that new containers are made from. What is not on record is read off its labels, so that an
    image from elsewhere tells of itself. Raises NotFoundError, also where a text means several;
    EngineUnavailableError where an engine that gave no answer may have it.
    """
    wanted = text or kept_image(settings)
    foreign = [of_labels(name, report) for name, held in stores.held.items() for report in held]
    there = [one.image for one in known if not one.removed]
    gone = [one.image for one in known if one.removed]
    for images in (there, foreign, gone):
        matching = [image for image in images if _means(wanted, image)]
        exact = [image for image in matching if wanted in (image.reference, image.id)]
        found = {image.reference or image.digest: image for image in reversed(exact or matching)}
        if len(found) > 1:
            raise NotFoundError(
                f"{wanted!r} may mean {', '.join(sorted(found))}", hint="write more of it, or the whole name"
            )
        if found:
            return next(iter(found.values()))
    if stores.unreachable:
        raise next(iter(stores.unreachable.values()))  # it may be there
    if not text:
        raise NotFoundError(
            f"the image {wanted} is not built yet", hint="`contenant image build` builds it, as a run does"
        )
    raise NotFoundError(f"no image {text!r} is on record", hint="`contenant image list` shows what there is")


def _means(text: str, image: ImageRecord) -> bool:
    tag = image.reference.rpartition(":")[2]
    if text in (image.reference, tag):
        return True
    digest = image.digest.removeprefix("sha256:")
    starts = (image.id, image.recipe, digest, tag, tag.rpartition("-")[2])
    plain = text.removeprefix("sha256:")
    return len(plain) >= _LEAST and any(start.startswith(plain) for start in starts)


def of_labels(engine: EngineName, report: ImageReport) -> ImageRecord:
    """What an image tells of itself, as a record without an id."""
    said = {name: labels.decode(value) for name, value in report.labels.items()}
    return ImageRecord(
        id="",
        recipe=said.get(labels.RECIPE, ""),
        layer=said.get(labels.LAYER, ""),
        parent=said.get("org.opencontainers.image.base.name", ""),
        reference=report.reference,
        digest=report.digest,
        claude_version=said.get(labels.CLAUDE, ""),
        base_origin=said.get(labels.BASE_ORIGIN, ""),
        base_digest=said.get("org.opencontainers.image.base.digest", ""),
        build_args="{}",
        built=said.get("org.opencontainers.image.created", report.created),
        seconds=0.0,
        size=report.size,
        snapshot=said.get(labels.SNAPSHOT, ""),
        integrity=said.get(labels.INTEGRITY, ""),
        inputs=said.get(labels.INPUTS, "{}"),
        engine=engine,
        origin="found",
    )


def chain(image: ImageRecord, known: Iterable[Made]) -> list[str]:
    """What an image was built on, nearest first."""
    parents = {one.image.reference: one.image.parent for one in reversed(list(known))}
    found, parent = [], image.parent
    while parent and parent not in found:
        found.append(parent)
        parent = parents.get(parent, "")
    return found
