"""Image references: Apple's parser and its two normal forms, and the search that finds an image by either.

A built image keeps its bare name (Reference.normalize: tag added); a pulled or tagged one is fully
qualified (ClientImage.normalizeReference). The search prefers the name in the descriptor's annotation,
which a tag keeps.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .errors import AppleError

REGISTRY = "docker.io"
NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Reference(NamedTuple):
    """A parsed image reference."""

    domain: str
    path: str
    tag: str
    digest: str

    def __str__(self) -> str:
        text = f"{self.domain}/{self.path}" if self.domain else self.path
        text += f":{self.tag}" if self.tag else ""
        return text + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """A reference. Raises AppleError for one that cannot be."""
    rest, _, digest = text.partition("@")
    head, slash, tail = rest.partition("/")
    domain = head if slash and ("." in head or ":" in head or head == "localhost") else ""
    remainder = tail if domain else rest
    path, colon, tag = remainder.rpartition(":") if ":" in remainder else (remainder, "", "")
    fine = (
        NAME.fullmatch(path)
        and (not colon or TAG.fullmatch(tag))
        and (not digest or DIGEST.fullmatch(digest))
    )
    if not fine or ("@" in text and not digest):
        raise AppleError(f"invalid reference format: {text}")
    return Reference(domain, path, tag, digest)


def normalize(text: str) -> str:
    """Tag added, `library/` added for the default registry: the form a build prints."""
    reference = parse(text)
    if reference.domain == REGISTRY and "/" not in reference.path:
        reference = reference._replace(path=f"library/{reference.path}")
    if not reference.tag and not reference.digest:
        reference = reference._replace(tag="latest")
    return str(reference)


def qualify(text: str) -> str:
    """The default registry added as well: the form in which pulled and tagged images are kept."""
    return normalize(text if parse(text).domain else f"{REGISTRY}/{text}")


def search(text: str, images: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The image a typed reference means, as ClientImage._search finds it; None when there is none."""
    try:
        bare, full = normalize(text), qualify(text)
    except AppleError:
        return None
    named = [image for image in images if image.get("annotation") == bare]
    if len(named) > 1:
        named = [image for image in named if image["reference"] == bare]
    if named:
        return named[0]
    return next((image for image in images if image["reference"] in (text, full)), None)
