"""Which images nothing needs any more, with a reason per image. Pure, so that the dry run is the plan itself.

Only what this installation has on record is ever judged removable: the mark in the labels alone is not
enough, since an image that somebody made on top of ours inherits it, and on one engine there may be images of
several installations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from contenant.core import labels
from contenant.core.records import ImageRecord
from contenant.core.values import EngineName, ImageReport

LAST_GOOD = "the last good one before the current"


class Needs(NamedTuple):
    """What needs images."""

    current: Mapping[str, str]  # reference -> why new containers are made from it
    used: Mapping[
        str, str
    ]  # what a container says it was made from (reference or id) -> the container's name
    builds: Sequence[ImageRecord]  # not removed, newest first
    digests: frozenset[str]  # of every image that was ever built or loaded here


class Judgement(NamedTuple):
    """Remove or keep one image of one engine, and why."""

    engine: EngineName
    image: ImageReport
    action: Literal["remove", "keep"]
    reason: str


def judge(engine: EngineName, held: Iterable[ImageReport], needs: Needs) -> list[Judgement]:
    """The verdict on each image of ours in an engine's store; on none that this installation did not make."""
    needs = needs._replace(builds=[build for build in needs.builds if build.engine in ("", engine)])
    there = [image for image in held if labels.decode(image.labels.get(labels.MANAGED, "")) == "1"]
    kept = _kept(there, needs)
    known = {build.reference for build in needs.builds}
    verdicts = []
    for image in there:
        if image.reference and image.reference not in known:
            continue
        if not image.reference and image.digest not in needs.digests:
            continue
        reason = _used(image, needs) or kept.get(image.reference or image.engine_id, "")
        why = "no container needs it" if image.reference else "its name went to a later build"
        verdicts.append(Judgement(engine, image, "keep" if reason else "remove", reason or why))
    return verdicts


def _used(image: ImageReport, needs: Needs) -> str:
    """By which container. Engines name an image by its name, its id or a beginning of that."""
    plain = image.engine_id.removeprefix("sha256:")
    for named, container in needs.used.items():
        text = named.removeprefix("sha256:")
        by_id = len(text) >= 12 and plain.startswith(text)
        if by_id or (image.reference and image.reference == named):
            return f"{container} was made from it"
    return ""


def _kept(there: Sequence[ImageReport], needs: Needs) -> dict[str, str]:
    """Reference -> why it stays, containers aside: current, last good, or one of these is built on it."""
    names = {image.reference for image in there}
    kept = {name: why for name, why in needs.current.items() if name in names}
    for build in _last_good(names, needs):
        kept.setdefault(build.reference, LAST_GOOD)
    parents = {build.reference: build.parent for build in reversed(needs.builds)}
    grounds = [*kept, *(image.reference for image in there if _used(image, needs))]
    for name in grounds:
        child = name
        while (parent := parents.get(child, "")) and parent not in kept:
            kept[parent] = f"{child} is built on it"
            child = parent
    return kept


def _last_good(names: set[str], needs: Needs) -> list[ImageRecord]:
    """Of each layer the newest that is there and older than what is current; the newest, where none is."""
    found: dict[str, ImageRecord] = {}
    for layer in {build.layer for build in needs.builds}:
        of_layer = [build for build in needs.builds if build.layer == layer]
        current = [build.built for build in of_layer if build.reference in needs.current]
        until = max(current, default="9999")
        older = (
            build
            for build in of_layer
            if build.built < until and build.reference in names and build.reference not in needs.current
        )
        if last := next(older, None):
            found[layer] = last
    return list(found.values())
